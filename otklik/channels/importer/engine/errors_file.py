"""Rows that could not be imported, as a CSV that opens in Excel; and the guard against formula injection."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import IO

from otklik.channels.importer.engine.problems import RowError

ENCODING = "utf-8-sig"
DELIMITER = ";"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_HEAD = {
    "ru": ("Строка", "Столбец", "Код", "Причина"),
    "en": ("Row", "Column", "Code", "Reason"),
}


def export_guard(value: str) -> str:
    """A cell that no spreadsheet program will run: a leading = + - @ tab or CR gets an apostrophe.

    Every export of text written by others goes through it (OWASP, "CSV Injection").
    """
    return "'" + value if value.startswith(_DANGEROUS) else value


def write_errors(
    target: IO[str], headers: Iterable[str], errors: Iterable[RowError], *, lang: str = "ru"
) -> int:
    """Streams the errors into a text file opened with `ENCODING` and newline="". Returns how many.

    First the place and the reason, then the columns of the source as they came, so that the corrected
    file can be imported again: its first four columns are not mapped.
    """
    columns = list(headers)
    writer = csv.writer(target, delimiter=DELIMITER)
    writer.writerow([*_HEAD["ru" if lang == "ru" else "en"], *(export_guard(name) for name in columns)])
    count = 0
    for error in errors:
        own = [error.raw.get(name, "") for name in columns] if columns else list(error.raw.values())
        if columns and not any(own):
            own = list(error.raw.values())  # a line that could not be split into columns
        place = [str(error.row), error.column, error.code, error.sentence(lang)]
        writer.writerow([export_guard(cell) for cell in (*place, *own)])
        count += 1
    return count
