"""Where a text names an object, and what its words say near that name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.dense import LEXICAL, Part, lexical
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import Batch
from otklik.analysis.engine.vectors import vectors

NEVER = "(?!)"  # a pattern that nothing meets
NEAR = 3  # words on each side of a name
EXTRA = 2 * LEXICAL + 6  # columns of `around`
GENERIC = frozenset(
    [
        "банк",
        "банка",
        "bank",
        "ооо",
        "оао",
        "зао",
        "пао",
        "ао",
        "ип",
        "магазин",
        "компания",
        "the",
        "group",
        "группа",
        "сеть",
        "кафе",
        "отель",
    ]
)
# Ways people write companies whose official name looks different; the beginning of a word is enough.
KNOWN = {
    "sberbank": "сбер sber", "сбербанк": "сбер sber", "vtb": "втб vtb", "втб": "втб vtb",
    "alfabank": "альфа alfa", "альфа": "альфа alfa", "rshb": "россельхоз рсхб rshb",
    "россельхозбанк": "россельхоз рсхб rshb", "bankmoskvy": "москв bankmosk bm_", "gazprom": "газпром gazprom",
    "газпромбанк": "газпром gazprom гпб", "raiffeisen": "райф raif", "райффайзен": "райф raif",
    "uralsib": "уралсиб uralsib", "beeline": "билайн beeline билл", "билайн": "билайн beeline билл", "mts": "мтс mts",
    "мтс": "мтс mts", "megafon": "мегафон megafon", "мегафон": "мегафон megafon",
    "rostelecom": "ростелеком rostelecom ртк", "ростелеком": "ростелеком rostelecom ртк", "tele2": "теле tele",
    "теле2": "теле tele", "skylink": "скайлинк skylink скай", "komstar": "комстар komstar",
    "tinkoff": "тиньк тинь tinkoff тбанк", "тинькофф": "тиньк тинь tinkoff тбанк", "wildberries": "вайлдб вб wildb",
    "ozon": "озон ozon", "озон": "озон ozon", "yota": "йота yota", "йота": "йота yota",
}  # fmt: skip
_LATIN = dict(
    zip(
        "абвгдезийклмнопрстуфхыэ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "y",
            "e",
        ],
        strict=True,
    )
) | {"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ю": "yu", "я": "ya", "ь": "", "ъ": "", "ё": "e"}
_CYRILLIC = dict(zip("abvgdeziklmnoprstufhyjcwxq", "абвгдезиклмнопрстуфхыйкввк", strict=False))
_PARTS = re.compile(r"\w+")


@lru_cache(maxsize=4096)
def beginnings(name: str) -> tuple[str, ...]:
    """How words that name `name` begin: in any case form, in either alphabet."""
    parts = [part for part in _PARTS.findall(name.lower().replace("ё", "е")) if part not in GENERIC]
    found: list[str] = []
    for part in parts or _PARTS.findall(name.lower()):
        found += KNOWN.get(part, "").split()
        for spelling in (
            part,
            "".join(_LATIN.get(c, c) for c in part),
            "".join(_CYRILLIC.get(c, c) for c in part),
        ):
            found.append(spelling[: max(3, len(spelling) - 2)] if len(spelling) > 4 else spelling)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def _naming(name: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, filter(None, beginnings(name)))) or NEVER)


@cache
def _companies() -> re.Pattern[str]:
    short = {"теле", "tele", "москв", "вб"}
    return re.compile("|".join(sorted({word for words in KNOWN.values() for word in words.split()} - short)))


@dataclass(slots=True)
class Named:
    """An object of a text: the number of the text, and the tokens of the batch that name it (maybe none)."""

    row: int
    tokens: list[int]


def mentions(batch: Batch, row: int, name: str) -> Named:
    """Where a text names an object, in any case form and in either alphabet."""
    low, high = _stretch(batch, row)
    return Named(row, _starting(batch, _naming(name), low, high))


def tokens_between(batch: Batch, row: int, start: int, end: int) -> list[int]:
    """The tokens of a text that begin between two places of its raw characters."""
    first, last = int(batch.bounds[row]), int(batch.bounds[row + 1])
    begins = batch.where[batch.starts[first:last]]
    return (np.flatnonzero((begins >= start) & (begins < end)) + first).tolist()


def _stretch(batch: Batch, row: int) -> tuple[int, int]:
    """The characters of a text in the stream."""
    first, last = int(batch.bounds[row]), int(batch.bounds[row + 1])
    return (0, 0) if first == last else (int(batch.starts[first]), int(batch.ends[last - 1]))


def _starting(batch: Batch, pattern: re.Pattern[str], low: int, high: int) -> list[int]:
    """Tokens between two places of the stream that begin as the pattern says."""
    found = [match.start() for match in pattern.finditer(_stream(batch), low, high)]
    if not found:
        return []
    tokens = np.searchsorted(batch.starts, found).tolist()
    begins = batch.starts
    return [
        token for token, at in zip(tokens, found, strict=True) if token < len(begins) and begins[token] == at
    ]


def _stream(batch: Batch) -> str:
    return batch.once("stream", lambda: batch.points.astype("<u4").tobytes().decode("utf-32-le", "replace"))


def around(batch: Batch, named: Sequence[Named]) -> Floats:
    """Objects × EXTRA: the lexicon near the name, behind the name, and how the name stands in its text.

    Objects without a name in the text look at all of it.
    """
    near: list[NDArray[np.intp]] = []
    behind: list[NDArray[np.intp]] = []
    place = np.zeros((len(named), 6), dtype=np.float32)
    companies = batch.once("companies", lambda: _starting(batch, _companies(), 0, len(batch.points)))
    for k, one in enumerate(named):
        first, last = int(batch.bounds[one.row]), int(batch.bounds[one.row + 1])
        mine = one.tokens
        here = companies[bisect_left(companies, first) : bisect_left(companies, last)]
        others = len(set(here) - set(mine))
        window = {token for at in mine for token in range(max(first, at - NEAR), min(last, at + NEAR + 1))}
        near.append(np.array(sorted(window)) if mine else np.arange(first, last))
        behind.append(np.arange(mine[0] if mine else last, last))
        early = 1 - (mine[0] - first) / max(1, last - first) if mine else 0.0
        place[k] = (not mine, len(mine) == 1, len(mine) > 1, early, others > 0, min(others, 3) / 3)
    known: NDArray[np.int64] = vectors().places(batch)
    return np.hstack([lexical(batch, known, _part(near)), lexical(batch, known, _part(behind)), place])


def _part(tokens: list[NDArray[np.intp]]) -> Part:
    lengths = [len(one) for one in tokens]
    return Part(np.concatenate(tokens), np.repeat(np.arange(len(tokens)), lengths), len(tokens))
