"""A file of orders as a stream of rows: encoding and delimiter are found, memory stays flat. Pure."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

DELIMITERS = (";", ",", "\t", "|")
_BLOCK = 1 << 20
_SAMPLE_LINES = 20
MAX_CELL = 20_000
csv.field_size_limit(1 << 20)


class Unreadable(Exception):
    """The file is no table; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Form:
    """How the file is written: found once, kept with the saved file."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]


def recognise(file: BinaryIO) -> Form:
    """Encoding (UTF-8 with or without BOM, UTF-16 with BOM, else cp1251), delimiter and column names.

    Raises Unreadable: "empty" (no rows), "binary" (a spreadsheet or picture), "one_column" (no delimiter).
    """
    head = file.read(8)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise Unreadable("binary")
    encoding = _encoding(file, head)
    file.seek(0)
    sample = [line for _, line in zip(range(_SAMPLE_LINES), _text(file, encoding), strict=False)]
    header = next((line for line in sample if line.strip()), "")
    if not header or "\x00" in header:
        raise Unreadable("binary" if header else "empty")
    delimiter = max(DELIMITERS, key=header.count)
    if delimiter not in header:
        raise Unreadable("one_column")
    columns = next(csv.reader([header], delimiter=delimiter))
    return Form(encoding, delimiter, tuple(name.strip()[:200] for name in columns))


def lines(file: BinaryIO) -> int:
    """Line ends of the file: how many rows there may be, for a progress."""
    file.seek(0)
    return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


def rows(file: BinaryIO, form: Form) -> Iterator[tuple[int, list[str]]]:
    """(number of the row in the file as a person counts it, cells); header and empty rows are left out."""
    file.seek(0)
    reader = csv.reader(_text(file, form.encoding), delimiter=form.delimiter)
    seen_header = False
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable("broken_row") from error
        if not any(cell.strip() for cell in cells):
            continue
        if not seen_header:
            seen_header = True
            continue
        yield number, [cell.strip()[:MAX_CELL] for cell in cells]


def _encoding(file: BinaryIO, head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1251"
    return "utf-8-sig"


def _text(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines of the file; the wrapper is detached so that the file stays open for a second reading."""
    wrapper = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    try:
        for line in wrapper:  # noqa: UP028 `yield from` would close the file when the reader stops early
            yield line
    finally:
        wrapper.detach()
