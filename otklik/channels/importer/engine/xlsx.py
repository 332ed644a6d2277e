"""Workbooks: values by calamine, link formulas by openpyxl. Cells become text without spreadsheet noise."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import python_calamine as calamine

from otklik.channels.importer.engine.problems import TableError
from otklik.channels.importer.engine.source import SourceRow, from_cells, scalar

MAX_UNPACKED = 1 << 30  # bytes; a zip of a few kilobytes can hold more than the memory of the server
_LINK = re.compile(r'^=\s*HYPERLINK\s*\(\s*"([^"]+)"', re.I)


def guard(path: Path) -> None:
    """Refuses a workbook that is no zip or unpacks to more than a gigabyte. Raises TableError."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise unreadable(path) from error
    if size > MAX_UNPACKED:
        raise TableError(
            "too_large",
            f"Книга «{path.name}» распаковывается в {size >> 20} МБ: разбейте её на части до 1 ГБ.",
            f'The workbook "{path.name}" unpacks to {size >> 20} MB: split it into parts of up to 1 GB.',
        )


def unreadable(path: Path) -> TableError:
    return TableError(
        "bad_workbook",
        f"Файл «{path.name}» не открывается как книга Excel: сохраните его заново как .xlsx или .csv.",
        f'The file "{path.name}" does not open as an Excel workbook: save it again as .xlsx or .csv.',
    )


class Workbook:
    """One sheet of a workbook. Without a name the sheet with the most cells is taken (covers are small)."""

    def __init__(self, path: Path, sheet: str | None = None, *, links: bool = True) -> None:
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
            raise unreadable(path) from error
        self._links = links and self._has_links()

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
        start = self._data.start
        left = [""] * (start[1] if start else 0)  # calamine keeps empty rows on top and drops empty columns
        links = self._link_rows() if self._links else None
        for number, row in enumerate(self._data.iter_rows(), 1):
            cells = left + [_text(cell) for cell in row]
            if links:
                for at, link in next(links, {}).items():
                    if at < len(cells):
                        cells[at] = link
            yield number, cells
            if limit is not None and number >= limit:
                return

    def rows(self, headers: tuple[str, ...], first: int, start: int = 0) -> Iterator[SourceRow]:
        for number, cells in self.cells():
            if number >= max(first, start) and any(cell.strip() for cell in cells):
                yield from_cells(number, headers, cells)

    def _has_links(self) -> bool:
        """Link formulas often come without a stored value (Brand Analytics): then the cell reads as empty."""
        try:
            with zipfile.ZipFile(self._path) as archive:
                for name in archive.namelist():
                    if name.startswith("xl/worksheets/"):
                        with archive.open(name) as handle:
                            if b"HYPERLINK(" in handle.read(1 << 20):
                                return True
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return False
        return False

    def _link_rows(self) -> Iterator[dict[int, str]]:
        with self._path.open("rb") as handle:
            book = openpyxl.load_workbook(handle, read_only=True)
            sheet = book[self.sheet]
            for row in sheet.iter_rows(values_only=True):
                yield {
                    at: found[1]
                    for at, cell in enumerate(row)
                    if isinstance(cell, str) and (found := _LINK.match(cell))
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
