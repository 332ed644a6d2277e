"""What a table file is, judged by its beginning: kind, delimiter, header row. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from otklik.channels.importer.engine import encoding, fields, values
from otklik.channels.importer.engine.dates import parse_date

DELIMITERS = (";", "\t", "|", ",")  # a comma also stands in prose, so it wins only when it is steadier
HEADER_SEARCH = 20
_LOOKED_AT = 60  # records are enough to see which delimiter is steady
_SURE = 2  # known words that make a header in spite of odd neighbours
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SEP_LINE = re.compile(r"^\"?sep=(.)\"?\r?\n", re.I)
_WRAPPED = re.compile(r'^\s*\{\s*"[^"\\]{1,80}"\s*:\s*\[\s*(?:\{|\])')
# before the list may stand what an API says about its answer: {"total": 2, "page": {"n": 1}, "items": [{
WRAPPER = re.compile(
    r'\{(?:\s*"[^"\\]{1,80}"\s*:\s*(?:"[^"\\]{0,500}"|[-+.\w]{1,40}|\{[^{}\[\]]{0,2000}\})\s*,){0,20}'
    r'\s*"[^"\\]{1,80}"\s*:\s*\[(?=\s*[{\]])'
)
# where no text begins: PDF, pictures, archives we do not unpack, programs, databases
_SIGNATURES = (
    *(b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"Rar!", b"7z\xbc\xaf"),
    *(b"BZh", b"\xfd7zXZ", b"\x7fELF", b"MZ\x90", b"SQLite format 3"),
)
_CONTROL = bytes({*range(0x20)} - {*b"\t\n\v\f\r\x1a\x1b"})
_LITTLE = 0.03  # share of control characters that a damaged text may have
_MARKUP = re.compile(
    r"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\b|html\b|head\b|body\b|table\b|\?xml\b|rss\b|feed\b)",
    re.I | re.S,
)
_LABEL = 80  # longer cells are prose, not labels


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands: `index` of the row in the sample, -1 when the data begins at once."""

    index: int
    names: tuple[str, ...]


def kind_of(head: bytes) -> str:
    """ "xlsx" | "xls" | "text" by the signature; text is looked at again once it is decoded."""
    if head.startswith(_ZIP):
        return "xlsx"
    return "xls" if head.startswith(_OLE) else "text"


def is_binary(head: bytes) -> bool:
    """Neither text nor a workbook: by its signature, or by control characters that no text has."""
    if head.startswith(_SIGNATURES):
        return True
    if encoding.by_bom(head) or encoding.utf16_without_bom(head):
        return False
    return len(head) - len(head.translate(None, _CONTROL)) > max(8, _LITTLE * len(head))


def is_markup(sample: str) -> bool:
    """A web page (often under the name of a table) or XML."""
    return bool(_MARKUP.match(sample.lstrip("\ufeff")))


def text_kind(sample: str) -> str:
    """ "json" (array or wrapped array) | "jsonl" | "csv" by the beginning of the text."""
    start = sample.lstrip("\ufeff \t\r\n")
    if start.startswith("["):
        return "json" if re.match(r"\[\s*(?:\{|\]|$)", start) else "csv"
    if not start.startswith("{"):
        return "csv"
    first = start.split("\n", 1)[0].rstrip()
    if _WRAPPED.match(start) or _is_answer(start):
        return "json"
    return "jsonl" if first.endswith("}") or not re.match(r'\{\s*("[^"]*"\s*:.*)?,?$', first) else "json"


def _is_answer(start: str) -> bool:
    """One object around a list of records, not a record that holds a list: no text of its own stands in front."""
    found = WRAPPER.match(start)
    if not found:
        return False
    keys = re.findall(r'"([^"\\]{1,80})"\s*:', found[0])
    own = {fields.known().get(fields.normalise(key), ("", 0))[0] for key in keys[:-1]}
    return "\n{" not in start and not own & {"text", "title", "pros", "cons", "external_id"}


def sep_line(sample: str) -> str | None:
    """Excel's own hint `sep=;` on the first line."""
    found = _SEP_LINE.match(sample.lstrip("\ufeff"))
    return found[1] if found else None


def delimiter_of(sample: str) -> str:
    """The delimiter whose rows agree best on their width; a comma for a file of one column."""
    if hinted := sep_line(sample):
        return hinted
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        score = _steadiness(_parse(sample, delimiter))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _parse(sample: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) >= _LOOKED_AT:
                break
        else:
            rows = rows[:-1] if rows[2:] else rows  # the last one may be cut by the end of the sample
    except csv.Error:
        return rows
    return rows


def _steadiness(rows: list[list[str]]) -> float:
    widths = Counter(len(row) for row in rows if any(row))
    wide = {width: count for width, count in widths.items() if width > 1}
    if not wide:
        return 0.0
    width, count = max(wide.items(), key=lambda pair: (pair[1] * min(pair[0], 12), pair[0]))
    return count / sum(widths.values()) * (1 + min(width, 12) / 24)


def find_header(rows: Sequence[Sequence[str]]) -> Header:
    """The header row below any title rows, which exports of monitoring systems put on top.

    A header is a wide row of short labels; words we know weigh most. Without one, columns get numbers.
    """
    looked = rows[:HEADER_SEARCH]
    width = max((_filled(row) for row in looked), default=0)
    best, best_score = -1, 0.0
    for index, row in enumerate(looked):
        score = _header_score(row, width, has_data=_data_below(looked, index))
        if score > best_score:
            best, best_score = index, score
    if best < 0:
        return Header(-1, name_columns([""] * max((len(row) for row in looked), default=0)))
    return Header(best, name_columns(list(rows[best])))


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def _data_below(rows: Sequence[Sequence[str]], index: int) -> bool:
    return any(not _is_label(cell) for row in rows[index + 1 :] for cell in row if cell.strip())


def _header_score(row: Sequence[str], width: int, *, has_data: bool) -> float:
    filled = [cell for cell in row if cell.strip()]
    if not filled or len(filled) < 0.5 * width:
        return 0.0
    known = fields.known()
    recognised = sum(fields.normalise(cell) in known for cell in filled)
    labels = sum(_is_label(cell) for cell in filled)
    if labels < len(filled) and recognised < _SURE:
        return 0.0
    if not recognised and not has_data:
        return 0.0  # a list of names is data unless something below differs from it
    return 2.0 * recognised + labels / len(filled) + len(set(filled)) / len(filled)


def _is_label(cell: str) -> bool:
    text = cell.strip()
    if len(text) > _LABEL or "\n" in text or not any(char.isalpha() for char in text):
        return False
    return not (values.looks_like_url(text) or "@" in text or parse_date(text) is not None)


def name_columns(cells: Sequence[str]) -> tuple[str, ...]:
    """Unique, never empty: «Имя», «Имя (2)», "column 3"."""
    taken: set[str] = set()
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        base = " ".join(cell.replace("\ufeff", "").split()) or f"column {number}"
        name, again = base, 2
        while name in taken:
            name, again = f"{base} ({again})", again + 1
        taken.add(name)
        names.append(name)
    return tuple(names)
