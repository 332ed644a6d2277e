"""A batch of texts → hashed n-grams, counted once for every model that shares a space.

Three blocks: characters 2–5 inside chunks between spaces (padded with one space on each side), words 1–2, and,
where a space asks for them, pairs of word beginnings that stand near each other in any order. All are numbered
by rolling hashes: no Python loop per n-gram. Each occurrence remembers its token, so that a weight can be shown
on the words that carried it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from otklik.analysis.engine.text import SIGN, SPACE, Batch, Hashes, Ints, Points, spread, token_hashes

BITS = 22
BINS = 1 << BITS
SIZES = (2, 3, 4, 5)
NARROW = 1 << 31  # keys below it fit into thirty-two bits
STEM = 6  # letters of a word's beginning that a pair looks at
_P = np.uint64(0x5851F42D4C957F2D)
_Q = np.uint64(0x2545F4914F6CDD1D)
_SHIFT = np.uint64(64 - BITS)

# Kazakh is often typed on a Russian keyboard: its letters are read as their nearest Russian ones.
KAZAKH = str.maketrans("ұқғүөәіңһыйї", "укгуоаинхиии")

Floats = NDArray[np.float32]
Matrix: TypeAlias = Any  # scipy.sparse.csr_matrix; scipy has no types


@dataclass(slots=True)
class Block:
    """Occurrences of one sort of n-gram: number of the n-gram, of its text and of its token."""

    bins: Ints
    rows: Ints
    tokens: Ints
    _cells: dict[int, Ints] = field(default_factory=dict)

    def cells(self, columns: Columns) -> Ints:
        """The column of each occurrence, −1 when the space does not know it; looked up once per space."""
        key = id(columns)  # a space outlives every batch it reads
        if key not in self._cells:
            self._cells[key] = columns.of(self.bins)
        return self._cells[key]


def grams(batch: Batch, *, folded: bool = False, near: int = 0) -> list[Block]:
    """Every n-gram of every text; `folded` reads Kazakh letters as Russian ones, `near` adds pairs of words."""
    points, hashes = batch.points, batch.hashes
    if folded:
        points = batch.once("folded points", lambda: _folded(batch.points))
        hashes = batch.once("folded hashes", lambda: token_hashes(points, batch.starts, batch.ends))
    blocks = [
        batch.once(("characters", folded), lambda: _characters(batch, points)),
        batch.once(("words", folded), lambda: _words(batch, hashes)),
    ]
    if near:
        blocks.append(batch.once(("pairs", folded, near), lambda: _pairs(batch, points, near)))
    return blocks


def _folded(points: Points) -> Points:
    table = np.arange(0x530, dtype=np.uint32)
    for letter, plain in KAZAKH.items():
        table[letter] = plain
    return np.where(points < 0x530, table[np.minimum(points, 0x52F)], points)


def _characters(batch: Batch, points: Points) -> Block:
    space = batch.kinds == SPACE
    length = len(points)
    first = np.zeros(length, dtype=np.int32)
    first[batch.starts] = 1
    token_at = np.cumsum(first, dtype=np.int32) - 1
    places = np.where(space, np.arange(length), length)
    following = np.full(length, length, dtype=np.int64)  # the next space behind each character
    following[:-1] = np.minimum.accumulate(places[::-1])[::-1][1:]
    letters = spread(points.astype(np.uint64))
    rolling = letters
    parts: list[tuple[Ints, Ints, Ints]] = []
    for size in SIZES:
        if length < size:
            break
        end = length - size + 1
        rolling = rolling[:end] * _P + letters[size - 1 :]
        at = np.flatnonzero(np.arange(end) + (size - 1) <= following[:end]).astype(np.int32)
        if size == 2:  # two spaces in a row say nothing
            at = at[~(space[at] & space[at + 1])]
        numbers = (spread(rolling[at] + np.uint64(size)) >> _SHIFT).astype(np.int32)
        parts.append((numbers, batch.row[at + 1], token_at[at + 1 + (size > 3)]))
    return _joined(parts)


def _words(batch: Batch, hashes: Hashes) -> Block:
    rows = batch.token_rows
    numbers = np.arange(len(hashes), dtype=np.int32)
    parts = [((spread(hashes * _Q) >> _SHIFT).astype(np.int32), rows, numbers)]
    if len(hashes) > 1:
        left = np.flatnonzero(rows[1:] == rows[:-1])
        joint = spread(hashes[left] * _P + hashes[left + 1])
        parts.append(((joint >> _SHIFT).astype(np.int32), rows[left], numbers[left + 1]))
    return _joined(parts)


def _pairs(batch: Batch, points: Points, near: int) -> Block:
    words = np.flatnonzero(batch.token_kinds != SIGN)
    begins = batch.starts[words]
    stems = token_hashes(points, begins, np.minimum(batch.ends[words], begins + STEM))
    rows, numbers = batch.token_rows[words], words.astype(np.int32)
    parts = [((spread(stems * _P + _Q) >> _SHIFT).astype(np.int32), rows, numbers)]
    for distance in range(1, min(near, len(stems) - 1) + 1):
        left = np.flatnonzero(rows[distance:] == rows[:-distance])
        one, other = stems[left], stems[left + distance]
        joint = spread((one ^ other) * _P + (one + other))
        parts.append(((joint >> _SHIFT).astype(np.int32), rows[left], numbers[left + distance]))
    return _joined(parts)


def _joined(parts: list[tuple[Ints, Ints, Ints]]) -> Block:
    if not parts:
        nothing = np.zeros(0, dtype=np.int32)
        return Block(nothing, nothing, nothing)
    bins, rows, tokens = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Block(bins, rows, tokens)


def counted(block: Block, columns: Columns, idf: Floats, height: int) -> Matrix:
    """Texts × columns: (1 + log count) × idf, each row of length one. Unknown n-grams are left out."""
    size = len(idf)
    mapped = block.cells(columns)
    known = mapped >= 0
    texts: NDArray[Any] = block.rows[known]
    if height * size >= NARROW:  # otherwise thirty-two bits do, and are sorted in half the time
        texts = texts.astype(np.int64)
    keys = texts * max(size, 1) + mapped[known]
    keys.sort()
    heads = np.flatnonzero(np.concatenate([keys[:1] == keys[:1], keys[1:] != keys[:-1]]))
    times = np.diff(np.append(heads, len(keys)))
    rows, cols = np.divmod(keys[heads], max(size, 1))
    values = (1 + np.log(times)).astype(np.float32) * idf[cols]
    norms = np.sqrt(np.bincount(rows, weights=values * values, minlength=height)).astype(np.float32)
    values /= norms[rows]
    ends = np.searchsorted(rows, np.arange(height + 1))
    return sparse.csr_matrix((values, cols.astype(np.int32), ends), shape=(height, size))


@dataclass(frozen=True, slots=True)
class Columns:
    """Which bins a space knows and their columns: one bit per bin and how many bits stand before each 64."""

    bits: Hashes
    before: Ints

    def of(self, bins: Ints) -> Ints:
        """The column of each bin, −1 when the space does not know it."""
        place, bit = bins >> 6, (bins & 63).astype(np.uint64)
        word = self.bits[place]
        lower = np.bitwise_count(word & ((np.uint64(1) << bit) - np.uint64(1)))
        known = (word >> bit) & np.uint64(1)
        return np.where(known > 0, self.before[place] + lower, -1).astype(np.int32)


def column_map(bins: Ints) -> Columns:
    """`bins` ascending; their places are the columns."""
    bits = np.zeros(BINS >> 6, dtype=np.uint64)
    np.bitwise_or.at(bits, bins >> 6, np.uint64(1) << (bins & 63).astype(np.uint64))
    counts = np.bitwise_count(bits)
    return Columns(bits, (np.cumsum(counts, dtype=np.int32) - counts).astype(np.int32))
