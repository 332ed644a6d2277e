"""Rows of CSV, JSON lines and JSON arrays, streamed: memory is one record, a bad record costs only itself."""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Iterator
from typing import IO, Any

from otklik.channels.importer.engine.sniff import WRAPPER
from otklik.channels.importer.engine.source import SourceRow, bad_row, flatten, from_cells, storable

MAX_LINES = 1000  # of one quoted record; more means a quote was never closed
MAX_CHARS = 1 << 20  # of one record
MAX_JSON = 16 << 20
_CHUNK = 1 << 16
_NEXT_ITEM = re.compile(r"\}\s*,?\s*(?=\{)")
csv.field_size_limit(MAX_CHARS * 2)


class _Runaway(Exception):
    """A quote was opened and not closed within the limits, or before the end of the file."""


class _Lines:
    """Feeds csv.reader and remembers the lines of the record in progress, to give them back."""

    def __init__(self, source: IO[str]) -> None:
        self._source = source
        self._returned: deque[str] = deque()
        self.pending: list[str] = []
        self._size = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.pending and (len(self.pending) >= MAX_LINES or self._size > MAX_CHARS):
            raise _Runaway
        line = self._returned.popleft() if self._returned else self._read()
        if not line:
            if self.pending:
                raise _Runaway
            raise StopIteration
        self.pending.append(line)
        self._size += len(line)
        return line

    def _read(self) -> str:
        line = self._source.readline(MAX_CHARS)
        if len(line) >= MAX_CHARS and not line.endswith(("\n", "\r")):
            while (rest := self._source.readline(MAX_CHARS)) and not rest.endswith(("\n", "\r")):
                pass  # the tail of an endless line is thrown away, the row is reported as too long
        return line.replace("\0", "")

    def done(self) -> None:
        self.pending.clear()
        self._size = 0

    def give_back(self) -> str:
        """The first line of the broken record; the others will be read again."""
        first, *rest = self.pending
        self._returned.extendleft(reversed(rest))
        self.done()
        return first


def csv_records(source: IO[str], delimiter: str) -> Iterator[tuple[list[str], bool]]:
    """(cells, intact) per record. A record with an unclosed quote is its first line, split without quotes."""
    lines = _Lines(source)
    # Strict: a stray quote must not swallow the rows up to the next one in silence.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_Runaway, csv.Error):
            if lines.pending:
                yield _salvage(lines, delimiter)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        lines.done()
        yield cells, True


def _salvage(lines: _Lines, delimiter: str) -> tuple[list[str], bool]:
    """The first line of a record that broke. Alone it is read as Excel would («Кафе "Ромашка" рядом»)."""
    alone = len(lines.pending) == 1
    line = lines.give_back()
    try:
        cells = (
            next(csv.reader([line], delimiter=delimiter)) if alone else line.rstrip("\r\n").split(delimiter)
        )
    except csv.Error:
        return line.rstrip("\r\n").split(delimiter), False
    return cells, alone and line.count('"') % 2 == 0


def csv_rows(
    source: IO[str], delimiter: str, headers: tuple[str, ...], first: int, start: int = 0
) -> Iterator[SourceRow]:
    """Data rows from number `first` on (above stand titles and the header), skipping those below `start`."""
    for number, (cells, intact) in enumerate(csv_records(source, delimiter), 1):
        if number < max(first, start) or not any(cells):
            continue
        if intact:
            yield from_cells(number, headers, cells)
            continue
        yield bad_row(
            number,
            "unclosed_quote",
            f"В строке {number} открыта кавычка и не закрыта: удвойте кавычки внутри текста или закройте её.",
            f"Row {number} opens a quote and never closes it: double the quotes inside the text or close it.",
            from_cells(number, headers, cells).values,
        )


def jsonl_rows(source: IO[str], start: int = 0) -> Iterator[SourceRow]:
    number = 0
    while line := source.readline(MAX_JSON):
        number += 1
        whole = line.endswith("\n") or len(line) < MAX_JSON
        while not whole and (rest := source.readline(MAX_JSON)) and not rest.endswith("\n"):
            pass
        text = line.strip().lstrip("\ufeff")
        if number >= start and text:
            yield _json_row(number, text) if whole else _bad_json(number, text)


def _json_row(number: int, text: str) -> SourceRow:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return _bad_json(number, text)
    return _record_row(number, record)


def _record_row(number: int, record: Any) -> SourceRow:
    if isinstance(record, dict):
        return SourceRow(number, flatten(record))
    return bad_row(
        number,
        "not_object",
        f'Запись {number} не объект: нужен объект вида {{"text": …}}.',
        f'Record {number} is not an object: an object like {{"text": …}} is expected.',
        {"line": json.dumps(record)[:1000]},
    )


def _bad_json(number: int, text: str) -> SourceRow:
    return bad_row(
        number,
        "not_json",
        f"Запись {number} не читается как JSON: исправьте её, остальные записи загружены.",
        f"Record {number} is not valid JSON: correct it; the other records are imported.",
        {"line": storable(text[:1000])},
    )


def json_rows(source: IO[str], start: int = 0) -> Iterator[SourceRow]:
    """Elements of `[…]` or of `{"name": […]}`, decoded one by one; numbers count the elements from 1."""
    for number, item in enumerate(_JsonItems(source), 1):
        if number >= start:
            yield _bad_json(number, item.text) if isinstance(item, _Broken) else _record_row(number, item)


class _Broken:
    def __init__(self, text: str) -> None:
        self.text = text


class _JsonItems:
    """Decodes elements out of a growing buffer; after a broken element it goes on at the next `},{`."""

    def __init__(self, source: IO[str]) -> None:
        self._source = source
        self._buffer = source.read(_CHUNK).lstrip("\ufeff \t\r\n")
        self._decoder = json.JSONDecoder()
        wrapper = WRAPPER.match(self._buffer) or re.match(r'\{\s*"[^"\\]*"\s*:\s*\[|\[', self._buffer)
        self._at = wrapper.end() if wrapper else 0

    def __iter__(self) -> Iterator[Any]:
        while self._more():
            if self._buffer[self._at] == "]":
                return
            item = self._decode()
            yield item

    def _more(self) -> bool:
        """Moves to the next element; False at the end of the file."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in " \t\r\n,":
                self._at += 1
            if self._at < len(self._buffer):
                return True
            if not self._grow(_CHUNK):
                return False

    def _grow(self, size: int) -> bool:
        piece = self._source.read(size)
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _decode(self) -> Any:
        size = _CHUNK
        while True:
            try:
                item, self._at = self._decoder.raw_decode(self._buffer, self._at)
            except RecursionError:
                return self._skip()
            except ValueError as error:
                # An error far from the end of the buffer will not be cured by reading on.
                near = getattr(error, "pos", 0) > len(self._buffer) - 16 or "Unterminated" in str(error)
                if near and len(self._buffer) - self._at < MAX_JSON and self._grow(size):
                    size *= 2
                    continue
                return self._skip()
            else:
                return item

    def _skip(self) -> _Broken:
        begin = self._at
        while not (found := _NEXT_ITEM.search(self._buffer, self._at)):
            if len(self._buffer) > 4 * MAX_JSON or not self._grow(_CHUNK):
                broken = _Broken(self._buffer[self._at :][:1000])
                self._at = len(self._buffer)
                return broken
            begin = self._at
        self._at = found.end()
        return _Broken(self._buffer[begin : found.end()][:1000])
