"""People's names in a text: the customer's own in any case form, and those that the dictionary knows as names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import pymorphy3

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_INITIALS = re.compile(r"(?:\s{0,2}[^\W\d_]\.){1,2}")
_BEFORE = re.compile(r"(?<!\w)(?:[^\W\d_]\.\s?){1,2}$")
_LATIN = re.compile(r"[A-Za-z'’-]+")
_NAMES = {"Name", "Surn", "Patr"}
SHORT = 3  # letters: a shorter part of a name is looked for as it stands
NO_NAMES = frozenset({
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march",
    "april", "may", "june", "july", "august", "september", "october", "november", "december", "english", "russian",
})  # fmt: skip


def people(text: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Spans of names, initials beside them included. `names`: people who are known to be meant.

    A capitalised word beside a name is part of it: surnames are in no dictionary as often as not.
    """
    own = {fold(part) for name in names for part in _TOKEN.findall(name) if len(part) > 1}
    tokens = list(_TOKEN.finditer(text))
    sure = [_named(text, match, own) for match in tokens]
    for here, match in enumerate(tokens):
        beside = [there for there in (here - 1, here + 1) if 0 <= there < len(tokens) and sure[there]]
        if sure[here] or any(_adjoins(text, match, tokens[there]) for there in beside):
            start, end = match.span()
            after, before = _INITIALS.match(text, end), _BEFORE.search(text[max(0, start - 8) : start])
            yield start - (len(before.group()) if before else 0), after.end() if after else end


def _named(text: str, match: re.Match[str], own: set[str]) -> bool:
    word, start = match.group(), match.start()
    if word[0].isupper() and len(word) > SHORT and _BEFORE.search(text[max(0, start - 8) : start]):
        return True  # Л. Д. Кашин
    return any(_is(fold(word), part, word) for part in own) or _known(text, match)


def _adjoins(text: str, match: re.Match[str], other: re.Match[str]) -> bool:
    """A word with a capital, nothing but a space between it and a name; not a usual word that begins a sentence."""
    word, (first, second) = match.group(), sorted((match.span(), other.span()))
    if not word.istitle() or len(word) == 1 or text[first[1] : second[0]] != " ":
        return False
    return _inside(text, match) or bool(_LATIN.fullmatch(word)) or not _kinds(word.lower())[2]


def _inside(text: str, match: re.Match[str]) -> bool:
    """Whether a word stands in the middle of a sentence."""
    before = text[: match.start()].rstrip(" \t«\"'(")
    return bool(before) and before[-1] not in ".!?…\n:"


def fold(name: str) -> str:
    return name.strip().lower().replace("ё", "е")


def _is(word: str, part: str, shown: str) -> bool:
    """`word` is `part` in some case form; short names must begin with a capital to bend."""
    if word == part:
        return True
    if len(part) < SHORT or abs(len(word) - len(part)) > SHORT or (len(part) == SHORT and shown.islower()):
        return False
    common = next(
        (n for n, (a, b) in enumerate(zip(word, part, strict=False)) if a != b), min(len(word), len(part))
    )
    return common >= max(2, len(part) - 2)


def _known(text: str, match: re.Match[str]) -> bool:
    """The dictionary takes it for a name; in Latin letters, a capital in the middle of a sentence."""
    word = match.group()
    inside = _inside(text, match)
    if _LATIN.fullmatch(word):
        return inside and word.istitle() and len(word) >= SHORT and word.lower() not in NO_NAMES
    kinds, first, known = _kinds(word.lower())
    if word.islower():
        return "Patr" in first and len(word) > 2 * SHORT
    if word.isupper():
        return bool(first & _NAMES) and known and len(word) >= SHORT
    if not word[0].isupper():
        return False
    return bool(kinds & _NAMES) if inside else bool(first & _NAMES and known) or ("Name" in kinds and known)


@lru_cache(maxsize=50_000)
def _kinds(word: str) -> tuple[frozenset[str], frozenset[str], bool]:
    """What a word may be, what it most likely is (OpenCorpora's grammemes), whether the dictionary has it."""
    parses = _analyser().parse(word)
    kinds = [frozenset(str(one) for one in parse.tag.grammemes) for parse in parses]
    if not kinds:
        return frozenset(), frozenset(), False
    return frozenset().union(*kinds), kinds[0], bool(parses[0].is_known)


@lru_cache(maxsize=1)
def _analyser() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")
