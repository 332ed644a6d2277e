"""The door of the importer: `open_table(path)` tells what the file is, `table.rows(start=…)` streams it."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from otklik.channels.importer.engine import encoding, fields, readers, sniff
from otklik.channels.importer.engine.archive import (
    BROKEN_ARCHIVE,
    broken_archive,
    inner_name,
    open_binary,
    unpacked_size,
)
from otklik.channels.importer.engine.problems import TableError
from otklik.channels.importer.engine.source import SourceRow, storable
from otklik.channels.importer.engine.xlsx import Workbook, guard

SAMPLE_ROWS = 200
SAMPLE_BYTES = 1 << 18
MAX_ARTICLE = 1 << 20  # characters read of a plain text; the converter refuses long ones with a sentence
_ITEM = re.compile(r"\}\s*,?\s*(?=[{\]]|$)")  # the end of a record of JSON, near enough for an estimate


@dataclass(frozen=True)
class Table:
    """An opened table. Rows are read from the file anew by every call of `rows`: nothing is held open.

    `total_estimate` is exact for workbooks and extrapolated from the sample for text; never below the
    rows of the sample. `header_row` is 0 when the file has no header.
    """

    path: Path
    kind: str  # csv, tsv, xlsx, xls, jsonl, json, text (a whole file that is one item)
    encoding: str  # "" for workbooks
    delimiter: str  # "" unless csv or tsv
    headers: tuple[str, ...]
    sample: tuple[SourceRow, ...]
    total_estimate: int
    header_row: int = 0
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    name: str = ""  # what the person calls the file; it may lie elsewhere under another name

    def rows(self, start: int = 0) -> Iterator[SourceRow]:
        """Data rows whose number is at least `start`; damaged rows come with their `error`."""
        if self.kind in ("xlsx", "xls"):
            yield from Workbook(self.path, self.sheet).rows(self.headers, self.header_row + 1, start)
            return
        with _open(self.path, self.encoding) as source:
            yield from _text_rows(self, source, start)

    def read_from(self, row_number: int) -> Iterator[SourceRow]:
        """Resume: the rows from `row_number` on (the last committed number + 1)."""
        return self.rows(start=row_number)


def open_table(
    path: str | Path,
    *,
    sheet: str | None = None,
    file_encoding: str | None = None,
    delimiter: str | None = None,
    name: str = "",
) -> Table:
    """Looks at a file and says what it is. What the person knows better may be given. Raises TableError.

    `name`: how the file was called when it was given to us; tells a plain text (.txt) from a table.
    A file packed with gzip is read as what is inside.
    """
    where = Path(path)
    called = name or where.name
    try:
        table = _look(where, called, sheet, file_encoding, delimiter)
    except BROKEN_ARCHIVE as error:
        raise broken_archive(called) from error
    except IsADirectoryError as error:
        raise TableError(
            "no_file",
            f"«{where}» это папка: назовите файл.",
            f'"{where}" is a folder: name a file.',
        ) from error
    except OSError as error:
        raise TableError(
            "no_file",
            f"Файл «{where}» не открывается: проверьте путь и права.",
            f'The file "{where}" cannot be opened: check the path and the rights.',
        ) from error
    return replace(table, name=called)


def _look(path: Path, called: str, sheet: str | None, name: str | None, delimiter: str | None) -> Table:
    with open_binary(path) as handle:
        head = handle.read(SAMPLE_BYTES)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise _empty(Path(called))
    kind = sniff.kind_of(head)
    if kind == "text":
        if sniff.is_binary(head):
            raise _no_table(called)
        return _open_text(path, name, delimiter, called)
    if kind == "xlsx":
        guard(path, called)
    return _open_workbook(path, kind, sheet, called)


def _empty(path: Path) -> TableError:
    return TableError(
        "empty_file",
        f"В файле «{path.name}» нет ни одной строки: выгрузите его заново.",
        f'The file "{path.name}" has no rows: export it again.',
    )


def _no_rows(called: str) -> TableError:
    return TableError(
        "no_rows",
        f"В файле «{called}» есть заголовки, но нет ни одной строки: выгрузите его заново.",
        f'The file "{called}" has headers but no rows: export it again.',
    )


def _no_table(called: str) -> TableError:
    return TableError(
        "no_table",
        f"Внутри файла «{called}» не таблица и не текст: нужен CSV, TSV, XLSX, XLS, JSON или .txt.",
        f'The file "{called}" is neither a table nor a text: CSV, TSV, XLSX, XLS, JSON or .txt is needed.',
    )


def _markup(called: str) -> TableError:
    return TableError(
        "markup",
        f"Файл «{called}» это веб-страница или XML, а не таблица: откройте его в Excel и сохраните как .xlsx.",
        f'The file "{called}" is a web page or XML, not a table: open it in Excel and save it as .xlsx.',
    )


def _no_json(called: str) -> TableError:
    return TableError(
        "not_json",
        f"Файл «{called}» начинается как JSON, но не читается: выгрузите его заново.",
        f'The file "{called}" begins like JSON but cannot be read: export it again.',
    )


def _open_article(path: Path, name: str, called: str) -> Table:
    """A plain text is one item. No title: on a saved page the first lines are a menu."""
    shell = Table(path, "text", name, "", ("text", "external_id"), (), 1, name=called)
    return replace(shell, sample=tuple(shell.rows()))


def _is_table(beginning: str, delimiter: str) -> bool:
    """A .txt with columns has a header with at least two words we know."""
    first = next((line for line in beginning.splitlines() if line.strip()), "")
    return sum(fields.normalise(cell.strip('"')) in fields.known() for cell in first.split(delimiter)) > 1


def _open_workbook(path: Path, kind: str, sheet: str | None, called: str) -> Table:
    book = Workbook(path, sheet, called=called)
    rows = [cells for _, cells in book.cells(limit=sniff.HEADER_SEARCH)]
    header = sniff.find_header(rows)
    if not header.names:
        raise _empty(Path(called))
    first = header.index + 2
    sample = tuple(islice(book.rows(header.names, first), SAMPLE_ROWS))
    if not sample:
        raise _no_rows(called)
    total = max(book.total - header.index - 1, len(sample))
    return Table(path, kind, "", "", header.names, sample, total, header.index + 1, book.sheet, book.sheets)


def _open_text(path: Path, name: str | None, delimiter: str | None, called: str) -> Table:
    name = name or _encoding(path)
    try:
        with _open(path, name) as source:
            beginning = source.read(SAMPLE_BYTES)
    except LookupError as error:
        raise TableError(
            "unknown_encoding",
            f"Кодировка «{name}» неизвестна: укажите, например, utf-8 или cp1251.",
            f'The encoding "{name}" is unknown: give utf-8 or cp1251, for example.',
        ) from error
    if sniff.is_markup(beginning):
        raise _markup(called)
    kind = sniff.text_kind(beginning)
    if kind == "csv" and inner_name(path, called).lower().endswith((".txt", ".text", ".md")):
        found = delimiter or sniff.delimiter_of(beginning)
        if not _is_table(beginning, found):
            return _open_article(path, name, called)
    if kind == "csv":
        return _open_csv(path, name, delimiter or sniff.delimiter_of(beginning), beginning, called)
    shell = Table(path, kind, name, "", (), (), 0)
    sample = tuple(islice(shell.rows(), SAMPLE_ROWS))
    headers = tuple(dict.fromkeys(key for row in sample if row.error is None for key in row.values))
    if not headers:
        raise _no_json(called) if sample else _no_rows(called)
    return Table(
        path,
        kind,
        name,
        "",
        headers,
        sample,
        _estimate(path, name, sample, beginning, len(_ITEM.findall(beginning)), 0),
    )


def _open_csv(path: Path, name: str, delimiter: str, beginning: str, called: str) -> Table:
    parsed = readers.csv_records(io.StringIO(beginning, newline=""), delimiter)
    records = [cells for cells, _ in islice(parsed, sniff.HEADER_SEARCH)]
    seen = len(records) + sum(1 for _ in parsed)
    hint = 1 if sniff.sep_line(beginning) else 0
    header = sniff.find_header(records[hint:])
    if not header.names:
        raise _empty(Path(called))
    at = header.index + 1 + hint if header.index >= 0 else hint
    kind = "tsv" if delimiter == "\t" else "csv"
    shell = Table(path, kind, name, delimiter, header.names, (), 0, at)
    sample = tuple(islice(shell.rows(), SAMPLE_ROWS))
    if not sample:
        raise _no_rows(called)
    total = _estimate(path, name, sample, beginning, seen, at)
    return Table(path, kind, name, delimiter, header.names, sample, total, at)


def _encoding(path: Path) -> str:
    with open_binary(path) as handle:
        return encoding.detect(iter(lambda: handle.read(encoding.BLOCK), b""))


@contextmanager
def _open(path: Path, name: str) -> Iterator[io.TextIOWrapper]:
    """A damaged byte becomes U+FFFD, a line in cp1251 among UTF-8 is read as such: neither costs the file."""
    errors = encoding.MIXED if name.startswith("utf-8") else "replace"
    with (
        open_binary(path) as handle,
        io.TextIOWrapper(handle, encoding=name, errors=errors, newline="") as source,
    ):
        yield source


def _text_rows(table: Table, source: io.TextIOWrapper, start: int) -> Iterator[SourceRow]:
    if table.kind == "jsonl":
        return readers.jsonl_rows(source, start)
    if table.kind == "json":
        return readers.json_rows(source, start)
    if table.kind == "text":
        return _article_row(table, source, start)
    return readers.csv_rows(source, table.delimiter, table.headers, table.header_row + 1, start)


def _article_row(table: Table, source: io.TextIOWrapper, start: int) -> Iterator[SourceRow]:
    text = source.read(MAX_ARTICLE).lstrip("\ufeff").strip()
    mark = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    if start <= 1:
        name = table.name or table.path.name
        yield SourceRow(1, {"text": storable(text), "external_id": f"{name}#{mark}"})


def _estimate(
    path: Path, name: str, sample: tuple[SourceRow, ...], beginning: str, records: int, above: int
) -> int:
    """Rows by the size of the file and the mean size of a record; exact when the sample holds them all."""
    if len(sample) < SAMPLE_ROWS:
        return len(sample)
    per_row = len(beginning.encode(name, "replace")) / max(records, 1)
    return max(len(sample), round(unpacked_size(path) / max(per_row, 1.0)) - above)
