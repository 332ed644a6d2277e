"""Texts that cannot be judged, and why: no words, a language nobody here reads, one word over and over, too few words.

«Нет», «вчера», «номер 48213» answer something that stands elsewhere: alone they say nothing about the writer's trouble.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np

from otklik.analysis.engine.language import spelled
from otklik.analysis.engine.objects import mentions
from otklik.analysis.engine.text import Batch

NO_WORDS, OTHER, REPEATED, CONTROL = "no_words", "other_language", "one_word", "control_characters"
SILENT = ("empty", "nothing_to_read")  # noted by `text`: not a single token
NOT_NAMED = "object_not_named"  # the text may well speak of it (a review on its page): the tone is a guess
TOO_SHORT = "too_short"
WHY = (NO_WORDS, OTHER, REPEATED, TOO_SHORT)  # reasons to be sure of nothing
FEW = 2  # words that say nothing when none of them is known to mean something
OFTEN = 8  # words from which on a repeated one is no emphasis
SAME = 0.9  # of the words equal the one before
STILL = {  # what emoji alone may still say, when their own lexicon knows them, and a word of joy or anger
    NO_WORDS: ("tone", "emotions"),
    TOO_SHORT: ("tone", "emotions"),
}
CLEAR = 0.9  # confidence of a tone that a word or two may have
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def reasons(
    batch: Batch, languages: Sequence[str], objects: Sequence[str | None], told: Sequence[bool]
) -> list[list[str]]:
    """For each text the notes that say why it was not judged, or what in it was passed over.

    `told`: a word of it is known to mean something, or it is a question.
    """
    words = spelled(batch)
    rows = batch.token_rows[words]
    many = np.bincount(rows, minlength=len(batch))
    same = np.zeros(len(batch), dtype=np.int64)
    hashes = batch.hashes[words]
    again = (hashes[1:] == hashes[:-1]) & (rows[1:] == rows[:-1])
    np.add.at(same, rows[1:][again], 1)
    repeated = (many >= OFTEN) & (same >= SAME * (many - 1))
    found: list[list[str]] = []
    for row, language in enumerate(languages):
        notes = [CONTROL] if _CONTROL.search(batch.texts[row]) else []
        if any(one in batch.notes[row] for one in SILENT):
            pass  # said already
        elif not many[row]:
            notes.append(NO_WORDS)
        elif language == "other":
            notes.append(OTHER)
        elif repeated[row]:
            notes.append(REPEATED)
        elif many[row] <= FEW and not told[row] and not batch.notes[row]:
            notes.append(TOO_SHORT)
        name = objects[row]
        if name and not mentions(batch, row, name).tokens:
            notes.append(NOT_NAMED)
        found.append(notes)
    return found


def hidden(notes: Collection[str], sure: dict[str, float], *, tone: bool, safety: bool) -> list[str]:
    """The fields of a text that cannot be judged; `tone`: its emoji say one, `safety`: danger was seen all the same."""
    reason = next((one for one in WHY if one in notes), None)
    if reason is None:
        return ["object_tone"] if NOT_NAMED in notes and "object_tone" in sure else []
    keep = {"lang"} | ({"safety"} if safety else set())
    if tone and (reason != TOO_SHORT or sure["tone"] >= CLEAR):
        keep |= set(STILL.get(reason, ()))
    return [name for name in sure if name not in keep]
