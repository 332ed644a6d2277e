"""Workbooks: values by calamine, link formulas by openpyxl. Cells become text without spreadsheet noise."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import python_calamine as calamine

from otklik.channels.importer.engine.problems import TableError
from otklik.channels.importer.engine.source import SourceRow, from_cells, scalar

MAX_UNPACKED = 1 << 30  # bytes; a zip of a few kilobytes can hold more than the memory of the server
_UNCOMPUTED = re.compile(rb"HYPERLINK\(|</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_LINK = re.compile(r'^=\s*HYPERLINK\s*\(\s*"([^"]+)"', re.I)


def guard(path: Path, called: str) -> None:
    """Refuses a workbook that is no zip or unpacks to more than a gigabyte. Raises TableError."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise unreadable(called) from error
    if size > MAX_UNPACKED:
        raise TableError(
            "too_large",
            f"Книга «{called}» распаковывается в {size >> 20} МБ: разбейте её на части до 1 ГБ.",
            f'The workbook "{called}" unpacks to {size >> 20} MB: split it into parts of up to 1 GB.',
        )


def unreadable(called: str) -> TableError:
    return TableError(
        "bad_workbook",
        f"Файл «{called}» не открывается как книга Excel: сохраните его заново как .xlsx или .csv.",
        f'The file "{called}" does not open as an Excel workbook: save it again as .xlsx or .csv.',
    )


class Workbook:
    """One sheet of a workbook. Without a name the sheet with the most cells is taken (covers are small)."""

    def __init__(self, path: Path, sheet: str | None = None, *, called: str = "") -> None:
        self._path = path
        try:
            # By content, not by name: an upload lies under a temporary name without an ending.
            self._book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
            self.sheets = tuple(self._book.sheet_names)
            self.sheet = sheet or self._largest()
            self._data = self._book.get_sheet_by_name(self.sheet)
        except calamine.WorksheetNotFound as error:
            raise TableError(
                "no_sheet",
                f"В книге нет листа «{sheet}»: есть {', '.join(self.sheets)}.",
                f'The workbook has no sheet "{sheet}": there are {", ".join(self.sheets)}.',
            ) from error
        except (calamine.CalamineError, OSError, ValueError, IndexError) as error:
            raise unreadable(called or path.name) from error
        self._formulas = self._has_formulas()

    def _largest(self) -> str:
        sizes = {}
        for name in self.sheets:
            data = self._book.get_sheet_by_name(name)
            sizes[name] = data.height * data.width
        return max(sizes, key=lambda name: sizes[name])

    @property
    def total(self) -> int:
        end = self._data.end
        return end[0] + 1 if end else 0

    def cells(self, limit: int | None = None) -> Iterator[tuple[int, list[str]]]:
        """(row number as Excel shows it, cells as text), empty rows included."""
        for number, cells, _empty in self._cells():
            yield number, cells
            if limit is not None and number >= limit:
                return

    def _cells(self) -> Iterator[tuple[int, list[str], list[int]]]:
        """The same with the columns whose formula has no value."""
        start = self._data.start
        left = [""] * (start[1] if start else 0)  # calamine keeps empty rows on top and drops empty columns
        formulas = self._formula_rows() if self._formulas else None
        for number, row in enumerate(self._data.iter_rows(), 1):
            cells = left + [_text(cell) for cell in row]
            found = next(formulas, {}) if formulas else {}
            for at, link in found.items():
                if link and at < len(cells):
                    cells[at] = link
            yield number, cells, [at for at in found if at < len(cells) and not cells[at]]

    def rows(self, headers: tuple[str, ...], first: int, start: int = 0) -> Iterator[SourceRow]:
        for number, cells, empty in self._cells():
            if number >= max(first, start) and (empty or any(cell.strip() for cell in cells)):
                row = from_cells(number, headers, cells)
                if empty:
                    row = replace(row, formulas=frozenset(headers[at] for at in empty if at < len(headers)))
                yield row

    def _has_formulas(self) -> bool:
        """Formulas without a stored value read as empty: links of Brand Analytics, tables made by programs."""
        try:
            with zipfile.ZipFile(self._path) as archive:
                for name in archive.namelist():
                    if name.startswith("xl/worksheets/"):
                        with archive.open(name) as handle:
                            if _UNCOMPUTED.search(handle.read(1 << 20)):
                                return True
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return False
        return False

    def _formula_rows(self) -> Iterator[dict[int, str]]:
        """Column → address of a link formula, "" for any other formula."""
        with self._path.open("rb") as handle:
            book = openpyxl.load_workbook(handle, read_only=True)
            for row in book[self.sheet].iter_rows(values_only=True):
                yield {
                    at: found[1] if (found := _LINK.match(cell)) else ""
                    for at, cell in enumerate(row)
                    if isinstance(cell, str) and cell.startswith("=")
                }


def _text(cell: object) -> str:
    if isinstance(cell, datetime.datetime):
        return (
            cell.isoformat(sep=" ", timespec="seconds")
            if cell.time() != datetime.time()
            else f"{cell:%Y-%m-%d}"
        )
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if isinstance(cell, datetime.time):
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, datetime.timedelta):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return scalar(cell)
