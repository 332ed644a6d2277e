"""Where a text names an object, and what its words say near that name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.dense import LEXICAL, lexical
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import Batch
from otklik.analysis.engine.vectors import vectors

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


@lru_cache(maxsize=1)
def _companies() -> tuple[str, ...]:
    short = {"теле", "tele", "москв", "вб"}
    return tuple(sorted({word for words in KNOWN.values() for word in words.split()} - short))


def around(batch: Batch, objects: Sequence[str | None]) -> Floats:
    """Texts × EXTRA: the lexicon near the name, behind the name, and how the name stands in the text.

    Rows without a name in the text look at all of it; rows whose object is None are zero.
    """
    tokens = len(batch.starts)
    near, behind = np.zeros(tokens, dtype=bool), np.zeros(tokens, dtype=bool)
    place = np.zeros((len(batch), 6), dtype=np.float32)
    asked = np.array([bool(name) for name in objects])
    for k in np.flatnonzero(asked).tolist():
        first, last = int(batch.bounds[k]), int(batch.bounds[k + 1])
        mine, others = _mentions(batch, k, str(objects[k]))
        if not mine:
            near[first:last] = True
        for number in mine:
            near[first + max(0, number - NEAR) : min(last, first + number + NEAR + 1)] = True
            behind[first + number : last] = True
        early = 1 - mine[0] / max(1, last - first) if mine else 0.0
        place[k] = (not mine, len(mine) == 1, len(mine) > 1, early, others > 0, min(others, 3) / 3)
    known: NDArray[np.int64] = vectors().places(batch)
    found = np.hstack([lexical(batch, known, near), lexical(batch, known, behind), place])
    rows: Floats = (found * asked[:, None]).astype(np.float32)
    return rows


def _mentions(batch: Batch, k: int, name: str) -> tuple[list[int], int]:
    """Numbers of the tokens that name the object, and how many words name other known companies."""
    starts = beginnings(name)
    words = [token.norm for token in batch.tokens(k)]
    mine = [number for number, word in enumerate(words) if word.startswith(starts)]
    companies = [number for number, word in enumerate(words) if word.startswith(_companies())]
    return mine, len(set(companies) - set(mine))
