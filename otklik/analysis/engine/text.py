"""Raw texts → one stream of normalised characters and its tokens, a whole batch at once.

Every kept character remembers its place in the raw string, so that a span found later can be shown to a
person. One raw character gives at most one normalised character: lower case, ё→е, look-alike letters of the
other alphabet folded inside a Cyrillic word, links and @names become one placeholder each, a run of the same
sign is cut to three. Nothing here raises: what cannot be read is left out and the reason is noted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Points = NDArray[np.uint32]
Hashes = NDArray[np.uint64]
Kinds = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Made = TypeVar("Made")

LONGEST = 20_000  # characters of one text that are read; more is noted as `too_long`
SPACE, WORD, SIGN, SINGLE, DROP = 0, 1, 2, 3, 4
URL_MARK, USER_MARK, BLOB_MARK = 0xE000, 0xE001, 0xE002
NAMES = {URL_MARK: "xurl", USER_MARK: "xuser", BLOB_MARK: "xblob"}
TABLE = 0x20000  # characters beyond these planes are read as spaces

_LINK = re.compile(r"(?:https?://|www\.)\S+|\bt\.(?:co|me)/\S+", re.IGNORECASE)
_USER = re.compile(r"(?<![\w.])@\w{2,}")
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{72,}")
_TAG = re.compile(
    r"<(?:!--.{0,4000}?--|(?:script|style)\b.{0,8000}?</(?:script|style)|/?[a-zA-Z][^<>]{0,400})>", re.DOTALL
)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,6});")

LATIN_TWINS = "aceopxykmthbiё"
CYRILLIC_TWINS = "асеорхукмтнвіе"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a run of signs, an emoji or a placeholder; `start` and `end` count characters of the raw text."""

    norm: str
    start: int
    end: int


@dataclass(slots=True)
class Batch:
    """The normalised stream of many texts; texts are separated by spaces, tokens never cross them."""

    texts: Sequence[str]
    notes: list[list[str]]
    points: Points
    where: Ints  # of a character: its place in its own raw text
    row: Ints  # of a character: the number of its text
    kinds: Kinds
    starts: Ints  # of a token: first character in the stream
    ends: Ints  # of a token: behind its last character
    token_rows: Ints
    token_kinds: Kinds
    hashes: Hashes  # of a token: 64 bits of its normalised characters
    bounds: Ints  # tokens of text i are bounds[i]:bounds[i+1]

    def __len__(self) -> int:
        return len(self.texts)

    def tokens(self, i: int) -> list[Token]:
        """The tokens of text `i`."""
        first, last = int(self.bounds[i]), int(self.bounds[i + 1])
        if first == last:
            return []
        low, high = int(self.starts[first]), int(self.ends[last - 1])
        text = self.points[low:high].astype("<u4").tobytes().decode("utf-32-le", "replace")
        begins = (self.starts[first:last] - low).tolist()
        finishes = (self.ends[first:last] - low).tolist()
        raw_begins = self.where[self.starts[first:last]].tolist()
        raw_ends = self.raw_ends(np.arange(first, last)).tolist()
        return [
            Token(NAMES.get(ord(text[a]), text[a:b]) if b == a + 1 else text[a:b], s, e)
            for a, b, s, e in zip(begins, finishes, raw_begins, raw_ends, strict=True)
        ]

    def raw_ends(self, tokens: NDArray[np.intp]) -> Ints:
        """Where the tokens end in their raw texts (a placeholder ends where its link ended)."""
        last = self.ends[tokens] - 1
        ends = self.where[last] + 1
        marked = np.flatnonzero(self.points[last] - np.uint32(URL_MARK) < np.uint32(3))
        for k in marked.tolist():
            position = int(last[k])
            ends[k] = self._regions.get((int(self.row[position]), int(self.where[position])), int(ends[k]))
        return ends

    _regions: dict[tuple[int, int], int]
    _kept: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` returns, computed once for this batch: all models look at the same numbers. Not to be changed."""
        if key not in self._kept:
            self._kept[key] = make()
        made: Made = self._kept[key]
        return made


@cache
def _tables() -> tuple[Points, Kinds]:
    """Per character: its normalised form and its kind."""
    forms = np.arange(TABLE, dtype=np.uint32)
    kinds = np.zeros(TABLE, dtype=np.uint8)
    for code in range(TABLE):
        char = chr(code)
        category = unicodedata.category(char)
        kinds[code] = _kind(category)
        if category[0] in "LN" and code > 0x40:
            plain = unicodedata.normalize("NFKC", char) if code > 0x2000 else char
            small = (plain if len(plain) == 1 else char).lower()
            forms[code] = ord(small) if len(small) == 1 and ord(small) < TABLE else code
    forms[ord("ё")] = forms[ord("Ё")] = ord("е")
    for code in (0x2018, 0x2019, 0x02BC, 0x0060, 0x00B4):
        forms[code], kinds[code] = ord("'"), SIGN
    for code in (0xFE0F, 0x200D, 0x200B, 0xFEFF, 0x00AD, *range(0x1F3FB, 0x1F400)):
        kinds[code] = DROP  # joiners, soft hyphens, skin tones
    for code in NAMES:
        kinds[code] = SPACE  # only we may put a placeholder into the stream
    return forms, kinds


def _kind(category: str) -> int:
    if category[0] in "LN" or category in ("Mc", "Pc"):
        return WORD
    if category in ("So", "Sk"):
        return SINGLE
    if category[0] in "PS":
        return SIGN
    if category in ("Mn", "Me", "Cf"):
        return DROP
    return SPACE


def read(texts: Sequence[str]) -> Batch:
    """Normalise and cut a batch of raw texts. Never raises on any string."""
    notes: list[list[str]] = []
    regions: dict[tuple[int, int], int] = {}
    marks: list[tuple[int, int, int]] = []
    pieces: list[bytes] = []
    offset = 1
    for number, raw in enumerate(texts):
        text, note = raw[:LONGEST], [] if len(raw) <= LONGEST else ["too_long"]
        for start, end, mark in _regions(text, note):
            marks.append((offset + start, offset + end, mark))
            regions[number, start] = end
        pieces.append(text.encode("utf-32-le", "surrogatepass"))
        notes.append(note)
        offset += len(text) + 1
    space = b" \0\0\0"
    stream = np.frombuffer(space + b"".join(piece + space for piece in pieces), dtype="<u4")
    lengths = [len(piece) // 4 + 1 for piece in pieces]
    return _cut(texts, notes, regions, marks, stream, lengths)


def _regions(text: str, note: list[str]) -> list[tuple[int, int, int]]:
    """Parts of a text that are not read letter by letter: links, names, tags, encoded data."""
    found: list[tuple[int, int, int]] = []
    if "<" in text and ("</" in text or "<br" in text or "<p" in text or "<!" in text or "<div" in text):
        found += [(m.start(), m.end(), 0) for m in _TAG.finditer(text)]
        if found:
            note.append("html")
    if "&" in text and ";" in text:
        found += [(m.start(), m.end(), 0) for m in _ENTITY.finditer(text)]
    if "/" in text or "www." in text:
        found += [(m.start(), m.end(), URL_MARK) for m in _LINK.finditer(text)]
    if "@" in text:
        found += [(m.start(), m.end(), USER_MARK) for m in _USER.finditer(text)]
    if len(text) >= 72:
        blobs = [(m.start(), m.end(), BLOB_MARK) for m in _BLOB.finditer(text)]
        if blobs and any("html" not in note or b - a > 400 for a, b, _ in blobs):
            note.append("encoded")
        found += blobs
    return _apart(found)


def _apart(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """In order and without overlaps: of two the one that begins first stays."""
    found.sort(key=lambda region: (region[0], -region[1]))
    apart = found[:1]
    for region in found[1:]:
        if region[0] >= apart[-1][1]:
            apart.append(region)
    return apart


def _cut(
    texts: Sequence[str],
    notes: list[list[str]],
    regions: dict[tuple[int, int], int],
    marks: list[tuple[int, int, int]],
    stream: Points,
    lengths: list[int],
) -> Batch:
    forms, table = _tables()
    inside = np.where(stream < TABLE, stream, np.uint32(32))
    points, kinds = forms[inside], table[inside]
    row = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    row = np.concatenate([row[:1] if len(row) else np.zeros(1, np.int32), row])
    heads = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)[:-1]
    where = np.arange(-1, len(stream) - 1, dtype=np.int32)
    where[1:] -= np.repeat(heads, lengths).astype(np.int32)
    for start, end, mark in marks:
        kinds[start:end] = DROP
        points[start], kinds[start] = (mark, SINGLE) if mark else (32, SPACE)
    if (stream >= 0x300).any():
        _compose(stream, points, kinds)
    _join_apostrophes(points, kinds)
    keep = kinds != DROP
    if not keep.all():
        points, kinds, row, where = points[keep], kinds[keep], row[keep], where[keep]
    points = np.where(kinds == SPACE, np.uint32(32), points)
    keep = _not_repeated(points, kinds)
    points, kinds, row, where = points[keep], kinds[keep], row[keep], where[keep]
    return _tokenise(texts, notes, regions, points, kinds, row, where)


def _compose(stream: Points, points: Points, kinds: Kinds) -> None:
    """й and ї written as a letter and a combining mark become one letter; the mark itself is dropped."""
    for mark, letter, whole in ((0x306, 0x438, 0x439), (0x308, 0x456, 0x457)):
        places = np.flatnonzero(stream[1:] == mark)
        places = places[points[places] == letter]
        points[places] = whole


def _join_apostrophes(points: Points, kinds: Kinds) -> None:
    """An apostrophe between two letters belongs to the word (п'ять, don't)."""
    places = np.flatnonzero(points[1:-1] == ord("'")) + 1
    places = places[(kinds[places - 1] == WORD) & (kinds[places + 1] == WORD)]
    kinds[places] = WORD


def _not_repeated(points: Points, kinds: Kinds) -> Flags:
    keep = np.ones(len(points), dtype=bool)
    if len(points) < 4:
        return keep
    same = points[1:] == points[:-1]
    keep[3:] = ~(same[2:] & same[1:-1] & same[:-2])
    digits = (points >= 48) & (points <= 57)
    keep |= digits
    keep[1:] &= ~((kinds[1:] == SPACE) & (kinds[:-1] == SPACE))
    return keep


def _tokenise(  # noqa: PLR0917 - the parts of a batch
    texts: Sequence[str],
    notes: list[list[str]],
    regions: dict[tuple[int, int], int],
    points: Points,
    kinds: Kinds,
    row: Ints,
    where: Ints,
) -> Batch:
    solid, single = kinds != SPACE, kinds == SINGLE
    change = np.ones(len(points) + 1, dtype=bool)
    change[1:-1] = (kinds[1:] != kinds[:-1]) | single[1:]
    starts = np.flatnonzero(change[:-1] & solid).astype(np.int32)
    ends = (np.flatnonzero(change[1:] & solid) + 1).astype(np.int32)
    _fold_twins(points, kinds, starts, ends)
    token_rows = row[starts]
    bounds = np.searchsorted(token_rows, np.arange(len(texts) + 1)).astype(np.int32)
    batch = Batch(
        texts,
        notes,
        points,
        where,
        row,
        kinds,
        starts,
        ends,
        token_rows,
        kinds[starts],
        token_hashes(points, starts, ends),
        bounds,
        regions,
    )
    for number in np.flatnonzero(np.diff(bounds) == 0).tolist():
        notes[number].append("nothing_to_read" if texts[number].strip() else "empty")
    return batch


@cache
def _twins() -> tuple[Points, Flags]:
    to = np.arange(0x500, dtype=np.uint32)
    for latin, cyrillic in zip(LATIN_TWINS, CYRILLIC_TWINS, strict=True):
        to[ord(latin)] = ord(cyrillic)
    changed = to != np.arange(0x500)
    return to, changed


def _fold_twins(points: Points, kinds: Kinds, starts: Ints, ends: Ints) -> None:
    """Latin letters inside a word that also has Cyrillic ones are written as the Cyrillic letters they imitate."""
    if not len(starts):
        return
    cyrillic = ((points >= 0x400) & (points < 0x530)).astype(np.int32)
    latin = ((points >= 0x61) & (points <= 0x7A)).astype(np.int32)
    both = (np.add.reduceat(cyrillic, starts) > 0) & (np.add.reduceat(latin, starts) > 0)
    to, _ = _twins()
    for k in np.flatnonzero(both & (kinds[starts] == WORD)).tolist():
        part = points[starts[k] : ends[k]]
        points[starts[k] : ends[k]] = np.where(part < 0x500, to[np.minimum(part, 0x4FF)], part)


_P = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)


@cache
def _powers() -> Hashes:
    powers = np.full(64, _P, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def spread(values: Hashes) -> Hashes:
    """64 bits well mixed (the finaliser of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def token_hashes(points: Points, starts: Ints, ends: Ints) -> Hashes:
    """A 64-bit number for the characters of every token; the same token always gets the same number."""
    if not len(starts):
        return np.zeros(0, dtype=np.uint64)
    lengths = ends - starts
    inner = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    letters = points[np.repeat(starts, lengths) + inner].astype(np.uint64)
    terms = (letters * _MIX + np.uint64(1)) * _powers()[np.minimum(inner, 63)]
    sums = np.add.reduceat(terms, np.cumsum(lengths) - lengths)
    return spread(sums + lengths.astype(np.uint64) * _MIX)


def hash_words(words: Sequence[str]) -> Hashes:
    """The numbers that the given normalised words have as tokens."""
    parts = [np.frombuffer(word.encode("utf-32-le", "surrogatepass"), dtype="<u4") for word in words]
    lengths = np.array([len(part) for part in parts], dtype=np.int32)
    if not lengths.sum():
        return np.zeros(len(words), dtype=np.uint64)
    ends = np.cumsum(lengths).astype(np.int32)
    return token_hashes(np.concatenate(parts), ends - lengths, ends)
