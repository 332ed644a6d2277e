"""What the narrow phrases of `lexicon/rules.tsv` say of a batch, figures of speech set apart.

A model weighs words; some of them mean one thing only. "Ударило током" is a danger beside any number of kind words,
"звук просто бомба" is none.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import cues, words
from otklik.analysis.engine.content import Content

Flags = NDArray[np.bool_]
SHORT = 14  # tokens
BAD = -2.0  # strength of a word that is bad without doubt
TROUBLE = (
    "rules.demand", "rules.late", "rules.damage", "rules.bad_idiom", "rules.sarcasm", "rules.cut_need",
    "rules.threat", "rules.theft", "rules.harm", "grade.danger", "abuse.mat",
)  # fmt: skip


def met(seen: Content, name: str) -> Flags:
    """Texts with a phrase of this group of the rules."""
    return seen.met(f"rules.{name}")


def harm(seen: Content) -> Flags:
    """Texts that tell of danger to people in words that leave no doubt."""
    return seen.batch.once("harm", lambda: _harm(seen))


def _harm(seen: Content) -> Flags:
    """A phrase counts when no figure of speech and no denial lies over it."""
    matcher, hits = cues.shipped(), seen.hits
    out = np.zeros(len(seen.batch), dtype=bool)
    at = np.flatnonzero(hits.groups == matcher.group("rules.harm"))
    if len(at):
        figures = inside(seen, "rules.figure")
        for k in at.tolist():
            first, last = sorted((int(hits.firsts[k]), int(hits.lasts[k])))
            out[hits.rows[k]] |= not figures[first : last + 1].any()
    return out


def in_need(seen: Content) -> Flags:
    """A person who cannot do without has been left without: water, warmth, medicine, a lift."""
    return met(seen, "weak") & met(seen, "cut_need")


def for_life(seen: Content) -> Flags:
    """What somebody breathes or lives by is missing."""
    return met(seen, "life") & (met(seen, "cut_need") | met(seen, "late"))


def inside(seen: Content, group: str) -> Flags:
    """Tokens within the phrases of a group."""
    edges = np.zeros(len(seen.batch.starts) + 1, dtype=np.int32)
    at = np.flatnonzero(seen.hits.groups == cues.shipped().group(group))
    firsts, lasts = seen.hits.firsts[at], seen.hits.lasts[at]
    np.add.at(edges, np.minimum(firsts, lasts), 1)
    np.add.at(edges, np.maximum(firsts, lasts) + 1, -1)
    covered: Flags = np.cumsum(edges)[:-1] > 0
    return covered


def against(seen: Content) -> Flags:
    """Tokens that speak against: bad words, denied good ones and negations, but not those of «брака нет».

    Nor those of a calm request: to cancel an order is no trouble.
    """
    return seen.batch.once("against", lambda: _against(seen))


def _against(seen: Content) -> Flags:
    raw, (marks, behind) = words.scores(seen.batch), words.negated(seen.batch)
    found: Flags = np.where(behind, raw > 0, raw < 0) | marks
    return found & ~inside(seen, "rules.fine") & ~inside(seen, "rules.calm_ask")


def troubled(seen: Content, *, asking: bool = True) -> Flags:
    """Texts with any sign of trouble; a request alone is one only while `asking`."""
    batch, height = seen.batch, len(seen.batch)
    found: Flags = np.bincount(batch.token_rows[against(seen)], minlength=height)[:height] > 0
    groups = [cues.shipped().group(name) for name in TROUBLE if asking or name != "rules.demand"]
    return found | (seen.counts[:, groups] > 0).any(axis=1)


def reported(seen: Content) -> Flags:
    """The same without those that have no more than a "не": a word of trouble is there."""
    batch, height = seen.batch, len(seen.batch)
    marks, _ = words.negated(batch)
    found: Flags = np.bincount(batch.token_rows[against(seen) & ~marks], minlength=height)[:height] > 0
    return found | (seen.counts[:, _groups_of_trouble()] > 0).any(axis=1)


@cache
def _groups_of_trouble() -> list[int]:
    return [
        number
        for number, group in enumerate(cues.shipped().groups)
        if group in TROUBLE or group.startswith("causes.")
    ]


def telling(seen: Content) -> Flags:
    """Texts with a phrase of our lexicons, a bad word or a question mark: something that is said outright."""
    batch, height = seen.batch, len(seen.batch)
    bad: Flags = np.bincount(batch.token_rows[words.scores(batch) <= BAD], minlength=height)[:height] > 0
    asked = np.bincount(batch.row[batch.points == ord("?")], minlength=height)[:height] > 0
    return bad | asked | (seen.counts[:, _groups_of_meaning()] > 0).any(axis=1)


@cache
def _groups_of_meaning() -> list[int]:
    """All but those that only say who or what is spoken of."""
    return [number for number, group in enumerate(cues.shipped().groups) if not group.startswith("people.")]


def joking(seen: Content) -> Flags:
    """A figure of speech from the world of bombs and poison, and no danger beside it."""
    return met(seen, "figure") & ~harm(seen)


def mocking(seen: Content) -> Flags:
    """Thanks for what nobody thanks for."""
    return met(seen, "sarcasm") & ~met(seen, "fine")


def pleased(seen: Content) -> Flags:
    """Nothing to find fault with, and nothing said against it."""
    return met(seen, "fine") & ~troubled(seen)


def short(seen: Content, most: int = SHORT) -> Flags:
    """Texts of at most so many tokens: a phrase settles what they are."""
    found: Flags = np.diff(seen.batch.bounds) <= most
    return found


def kind(seen: Content) -> Flags:
    """Texts with any kind word."""
    batch, height = seen.batch, len(seen.batch)
    raw, (_, behind) = words.scores(batch), words.negated(batch)
    found: Flags = np.bincount(batch.token_rows[(raw > 0) & ~behind], minlength=height)[:height] > 0
    return found | met(seen, "praise") | met(seen, "fine") | met(seen, "praise_need")
