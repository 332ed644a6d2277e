"""Numbers about a text that are not n-grams: its lexicon, its signs, the average of its words' vectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import words
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import TABLE, URL_MARK, USER_MARK, Batch
from otklik.analysis.engine.vectors import averages, vectors

FLIP = -0.7  # what a negation makes of a strength
LEXICAL = 28
SIGNS = 15
BEGINNING = 500  # characters in which capitals are counted
WIDTH = LEXICAL + SIGNS + 2 * 128  # columns of `dense`


def dense(batch: Batch) -> Floats:
    """Texts × WIDTH. The first LEXICAL + SIGNS columns are raw counts and shares, the rest has length one."""
    return batch.once("dense", lambda: _dense(batch))


def _dense(batch: Batch) -> Floats:
    places = vectors().places(batch)
    return np.hstack([lexical(batch, places), signs(batch), averages(batch, places)]).astype(np.float32)


@dataclass(slots=True)
class Part:
    """Some tokens of a batch and the line of the table that each counts for; a token may count for several."""

    tokens: NDArray[np.intp]
    rows: NDArray[np.intp]
    height: int


def lexical(batch: Batch, places: NDArray[np.int64], part: Part | None = None) -> Floats:
    """Counts and sums of the lexicon per text, or per line of `part`."""
    rows, height = (batch.token_rows, len(batch)) if part is None else (part.rows, part.height)
    if not len(rows):
        return np.zeros((height, LEXICAL), dtype=np.float32)
    raw, strong = words.scores(batch), words.intensified(batch)
    marks, behind = words.negated(batch)
    if part is not None:
        at = part.tokens
        raw, strong, marks, behind, places = raw[at], strong[at], marks[at], behind[at], places[at]
    strength = np.where(behind, raw * np.float32(FLIP), raw)
    near = np.where(places >= 0, vectors().polarity[places], 0)
    near = np.where(behind, near * np.float32(FLIP), near)

    def total(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.bincount(rows, weights=values, minlength=height).astype(np.float64)

    counts = [total(~behind & (raw == level)) for level in (-3, -2, -1, 1, 2, 3)]
    counts += [
        total(flags) for flags in (behind & (raw > 0), behind & (raw < 0), marks, strong, behind & (raw == 0))
    ]
    length = total(np.ones(len(rows), dtype=np.float32))
    return np.hstack([np.log1p(np.array(counts)).T, _sums(total, strength, near, length, rows)]).astype(
        np.float32
    )


def _sums(total, strength: Floats, near: Floats, length: NDArray[np.float64], rows) -> Floats:  # type: ignore[no-untyped-def]
    some = np.maximum(length, 1)
    root = np.sqrt(some)
    highest, lowest = np.zeros(len(length)), np.zeros(len(length))
    np.maximum.at(highest, rows, near)
    np.minimum.at(lowest, rows, near)
    balance, neighbours = total(strength), total(near)
    good, bad = total(np.maximum(strength, 0)), total(np.minimum(strength, 0))
    columns = [
        np.tanh(balance / 3), balance / root / 2, neighbours / root, neighbours / some * 3, highest / 2, lowest / 2,
        np.sqrt(total(np.maximum(near, 0) ** 2)) / 2, np.sqrt(total(np.minimum(near, 0) ** 2)) / 2,
        (good > 0) & (bad < 0), (good == 0) & (bad == 0), np.log1p(length) / 3, (good > 0) & (bad == 0),
        (good == 0) & (bad < 0), balance >= 3, balance <= -3, balance >= 6, balance <= -6,
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def signs(batch: Batch) -> Floats:
    """Brackets, exclamation and question marks, capitals, links: how a text looks."""
    height = len(batch)
    points, rows = batch.points, batch.row
    counted = {
        sign: np.bincount(rows[points == ord(sign)], minlength=height).astype(np.float32)
        for sign in ')(!?:…«".'
    }
    links = np.bincount(rows[points == URL_MARK], minlength=height)
    people = np.bincount(rows[points == USER_MARK], minlength=height)
    digits = np.bincount(rows[(points >= 48) & (points <= 57)], minlength=height)
    columns = [
        counted[")"] > counted["("], counted["("] > counted[")"], counted[")"] >= counted["("] + 2,
        counted["("] >= counted[")"] + 2, counted["!"] > 0, np.minimum(counted["!"], 3) / 3,
        np.minimum(counted["?"], 3) / 3, (counted["…"] > 0) | (counted["."] >= 3), (counted['"'] + counted["«"]) > 0,
        links > 0, people > 0, digits > 0, _capitals(batch) * 2, _starts_with(batch, "rt"), counted[":"] > 0,
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def _capitals(batch: Batch) -> Floats:
    """The share of capital letters in the first BEGINNING characters of each raw text."""
    parts = [text[:BEGINNING] for text in batch.texts]
    ends = np.cumsum([len(part) for part in parts])
    stream = np.frombuffer("".join(parts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    before = np.concatenate([[0], np.cumsum(_is_capital()[np.minimum(stream, TABLE - 1)])])
    lengths = np.diff(ends, prepend=0)
    shares: Floats = ((before[ends] - before[ends - lengths]) / (lengths + 1)).astype(np.float32)
    return shares


@cache
def _is_capital() -> NDArray[np.bool_]:
    return np.array([chr(code).isupper() for code in range(TABLE)])


def _starts_with(batch: Batch, word: str) -> NDArray[np.bool_]:
    return np.array([text[: len(word)].lower() == word for text in batch.texts], dtype=bool)
