"""A phrase that a person typed → a pattern of `cues` that meets it in any form of its words.

Russian words are bent by the dictionary (pymorphy3), words it does not know and words of other languages by their
ending. `слово*` asks for every word that begins so, `…` between words lets up to three others stand there.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pymorphy3

from otklik.analysis.engine import text
from otklik.analysis.engine.cues import word_of

GAP = "~3"
LONGEST = 120  # characters of a phrase that are read
MOST = 12  # words of a phrase
SHORTEST = 4  # letters below which a word outside the dictionary is met only as it stands
_PART = re.compile(r"\.{2,}|…|[^\s.…]+|\.")
_RUSSIAN = re.compile(r"[а-я]+")
_ENDING = re.compile(
    r"(?:ями|ами|ого|ому|ими|ией|ість|ості|ять|ить|ать|ах|ях|ов|ев|ів|ей|ой|ою|ею|ом|ем|ам|ям|ий|ій|ая|яя|ую|юю|"
    r"[аяоеєуюиыіїьй])$|(?:ings?|ed|es|s|e)$"
)


def pattern(phrase: str) -> str:
    """The pattern of a phrase; empty when it holds no word (such a phrase never meets anything)."""
    steps: list[str] = []
    for part in _PART.findall(phrase[:LONGEST]):
        if part[0] in ".…":
            if len(part) > 1 or part == "…":
                steps.append(GAP)
            continue
        steps += [_step(word, loose) for word, loose in _words(part)]
    while steps and steps[-1] == GAP:
        steps.pop()
    while steps and steps[0] == GAP:
        steps.pop(0)
    return " ".join(steps[:MOST])


def _words(part: str) -> list[tuple[str, bool]]:
    """The words as a text is read (lower case, ё→е), and whether a star stood behind the last one."""
    batch = text.read([part])
    found = [word_of(batch, k) for k in range(len(batch.hashes)) if batch.token_kinds[k] == text.WORD]
    return [(word, part.endswith("*") and k == len(found) - 1) for k, word in enumerate(found)]


def _step(word: str, loose: bool) -> str:
    return word + "*" if loose and len(word) > 1 else "|".join(forms(word))


@lru_cache(maxsize=4096)
def forms(word: str) -> tuple[str, ...]:
    """Every form of a lower-case word as it stands in a normalised text; `стем*` where no dictionary knows it."""
    analyser = _analyser()
    if _RUSSIAN.fullmatch(word) and analyser.word_is_known(word):
        found = {form.word.replace("ё", "е") for one in analyser.parse(word)[:3] for form in one.lexeme}
        return tuple(sorted(found | {word}))
    stem = _ENDING.sub("", word) if word.isalpha() else word
    return (stem + "*",) if len(stem) >= SHORTEST and word.isalpha() else (word,)


@lru_cache(maxsize=4096)
def named(word: str) -> str:
    """A lower-case noun in the singular as a name in the nominative; other words only get their capital letter."""
    if _analyser().word_is_known(word):
        first = _analyser().parse(word)[0]
        if "NOUN" in first.tag and "sing" in first.tag and "nomn" not in first.tag:
            word = first.normal_form
    return word.capitalize()


@lru_cache(maxsize=1)
def _analyser() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")
