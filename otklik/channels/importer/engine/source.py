"""One row as it stands in the file, before any mapping. Pure data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from otklik.channels.importer.engine.problems import RowError

MAX_DEPTH = 5
_EXACT = 2**53  # beyond it a float no longer holds every whole number
# What no database column takes: control characters (PostgreSQL refuses NUL) and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


@dataclass(frozen=True, slots=True)
class SourceRow:
    """`number` is what a spreadsheet program shows (1-based, header and title rows counted).

    `error` is set when the row cannot be trusted (broken quotes, bad JSON, shifted cells); `values` then
    holds what could be read.
    """

    number: int
    values: dict[str, str] = field(default_factory=dict)
    error: RowError | None = None
    formulas: frozenset[str] = frozenset()  # headers of cells whose formula the workbook holds no value of


def bad_row(number: int, code: str, ru: str, en: str, raw: dict[str, str]) -> SourceRow:
    return SourceRow(number, raw, RowError(number, "", code, ru, en, raw))


def from_cells(number: int, headers: tuple[str, ...], cells: list[str]) -> SourceRow:
    """Cells to values. Missing cells are empty; extra ones mean that the row is shifted."""
    values = {name: storable(cells[at].strip()) if at < len(cells) else "" for at, name in enumerate(headers)}
    extra = [cell for cell in cells[len(headers) :] if cell.strip()]
    if not extra:
        return SourceRow(number, values)
    return bad_row(
        number,
        "too_many_cells",
        f"В строке {number} ячеек больше, чем столбцов ({len(cells)} против {len(headers)}): "
        "возьмите текст с разделителем в кавычки.",
        f"Row {number} has more cells than there are columns ({len(cells)} against {len(headers)}): "
        "put the text that contains the delimiter in quotes.",
        values | {f"column {len(headers) + at}": cell for at, cell in enumerate(extra, 1)},
    )


def scalar(value: Any) -> str:
    """A JSON or spreadsheet scalar as text. Whole floats lose their «.0»: 204518.0 is an order number."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < _EXACT else repr(value)
    return str(value)


def flatten(record: dict[str, Any]) -> dict[str, str]:
    """Nested objects get dotted names («author.name»), lists of plain values are joined by commas."""
    out: dict[str, str] = {}
    stack: list[tuple[str, Any, int]] = [("", record, 0)]
    while stack:
        name, value, depth = stack.pop()
        if isinstance(value, dict) and depth < MAX_DEPTH:
            stack.extend(
                (f"{name}.{key}" if name else str(key), value[key], depth + 1) for key in reversed(value)
            )
        elif isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
            out[name] = ", ".join(scalar(item) for item in value)
        elif isinstance(value, (dict, list)):
            out[name] = json.dumps(value, ensure_ascii=False)
        else:
            out[name] = scalar(value)
    return {storable(name): storable(value) for name, value in out.items()}
