"""Which column fills which field: a `Mapping`, its JSON form, and the suggestion made from a table. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from otklik.channels.importer.engine import dates, presets, values
from otklik.channels.importer.engine.fields import FIELDS, KINDS, known, normalise
from otklik.channels.importer.engine.presets import Preset
from otklik.channels.importer.engine.problems import MappingError
from otklik.channels.importer.engine.source import SourceRow

MOSTLY = 0.8  # share of filled cells that must look alike before content decides about a column
MIN_PREFIX = 4  # shorter beginnings of a header say nothing («id клиента» is no id)
SCALES = (5.0, 10.0, 100.0)


@dataclass(frozen=True)
class Mapping:
    """`columns`: field → source headers in order. `constants` fill what the table does not say.

    `values` renames source values per field before they are read ({"kind": {"Пост": "mention"}}).
    `date_order` "dmy" | "mdy"; `rating_max` 5 | 10 | 100; `decimal` "," | "." | "" (groups of three digits).
    """

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    timezone: str = dates.DEFAULT_TIMEZONE
    date_order: str = "dmy"
    rating_max: float = 5.0
    decimal: str = ""
    preset: str = ""

    def missing(self, headers: Sequence[str]) -> list[str]:
        """Mapped headers that the table does not have: a saved mapping may meet another export."""
        present = set(headers)
        return [name for group in self.columns.values() for name in group if name not in present]

    def to_json(self) -> str:
        record = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps(record, ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Mapping:
        """Raises MappingError, whose sentence names the wrong key."""
        try:
            record = json.loads(text.removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise _wrong("файл", "JSON", "the file", "JSON") from error
        if not isinstance(record, dict):
            raise _wrong("файл", "объект JSON", "the file", "a JSON object")
        return _checked(record)


def _wrong(ru: str, ru_wants: str, en: str, en_wants: str) -> MappingError:
    return MappingError(
        "bad_mapping", f"Разметка столбцов, {ru}: ожидается {ru_wants}.", f"Mapping: {en} must be {en_wants}."
    )


def _checked(record: dict[str, Any]) -> Mapping:
    if unknown := sorted(set(record) - set(Mapping.__dataclass_fields__)):
        wants = ", ".join(Mapping.__dataclass_fields__)
        raise _wrong(f"ключ «{unknown[0]}»", f"один из {wants}", f'the key "{unknown[0]}"', f"one of {wants}")
    for part in ("columns", "constants", "values"):
        _check_fields(part, record.get(part, {}))
    columns = {name: _headers(name, given) for name, given in record.get("columns", {}).items()}
    constants = {name: str(given) for name, given in record.get("constants", {}).items()}
    _one_of("constants.kind", constants.get("kind", KINDS[0]), lambda value: value in KINDS, ", ".join(KINDS))
    renames = record.get("values", {})
    for name, table in renames.items():
        if not isinstance(table, dict):
            raise _wrong(f"values.{name}", "объект «как в файле»: «как надо»", f"values.{name}", "an object")
    zone = record.get("timezone", dates.DEFAULT_TIMEZONE)
    _one_of("timezone", zone, _is_zone, "Europe/Moscow, Asia/Omsk …")
    _one_of("date_order", record.get("date_order", "dmy"), lambda value: value in dates.ORDERS, "dmy, mdy")
    _one_of("rating_max", record.get("rating_max", 5), lambda value: value in SCALES, "5, 10, 100")
    _one_of("decimal", record.get("decimal", ""), lambda value: value in ("", ",", "."), '",", ".", ""')
    return Mapping(
        columns,
        constants,
        {name: {str(key): str(value) for key, value in table.items()} for name, table in renames.items()},
        zone,
        record.get("date_order", "dmy"),
        float(record.get("rating_max", 5)),
        record.get("decimal", ""),
        str(record.get("preset", "")),
    )


def _check_fields(part: str, given: object) -> None:
    if not isinstance(given, dict):
        raise _wrong(part, "объект", part, "an object")
    for name in given:
        if name not in FIELDS:
            wants = ", ".join(FIELDS)
            raise _wrong(
                f"{part}.{name}", f"поле из списка {wants}", f"{part}.{name}", f"one of the fields {wants}"
            )


def _headers(name: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if isinstance(given, list) and given and all(isinstance(header, str) for header in given):
        return tuple(given)
    raise _wrong(
        f"columns.{name}",
        "заголовок столбца или список заголовков",
        f"columns.{name}",
        "a column header or a list of headers",
    )


def _one_of(name: str, value: object, holds: Callable[[Any], bool], wants: str) -> None:
    try:
        good = holds(value)
    except TypeError:
        good = False
    if not good:
        raise _wrong(name, f"одно из {wants}", name, f"one of {wants}")


def _is_zone(name: object) -> bool:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def suggest(
    headers: Sequence[str],
    sample_rows: Sequence[SourceRow | dict[str, str]],
    *,
    preset: str = "",
    timezone: str = dates.DEFAULT_TIMEZONE,
) -> Mapping:
    """A mapping a person can accept: a known export, then headers by synonym, then columns by content."""
    rows = [row.values if isinstance(row, SourceRow) else row for row in sample_rows]
    chosen = presets.PRESETS.get(preset) or presets.recognise(headers)
    columns = _by_preset(headers, chosen) if chosen else {}
    ignore = chosen.ignore if chosen else frozenset()
    free = [name for name in headers if name not in _used(columns) and normalise(name) not in ignore]
    _by_synonym(free, columns)
    _by_content([name for name in free if name not in _used(columns)], rows, columns)
    constants = dict(chosen.constants) if chosen else {}
    if "kind" not in constants and "kind" not in columns:
        constants["kind"] = _kind(columns)
    counts = [value for name in ("reach", "followers") for value in _cells(rows, columns.get(name, ()))]
    return Mapping(
        columns,
        {name: value for name, value in constants.items() if name == "kind" or name not in columns},
        dict(chosen.values) if chosen else {},
        timezone,
        dates.decide_order(_cells(rows, columns.get("date", ()))),
        values.rating_scale(_cells(rows, columns.get("rating", ()))),
        "," if any(re.search(r"\d,\d{1,2}(?!\d)", count) for count in counts) else "",
        chosen.name if chosen else "",
    )


def _used(columns: dict[str, tuple[str, ...]]) -> set[str]:
    return {header for group in columns.values() for header in group}


def _cells(rows: Sequence[dict[str, str]], headers: Sequence[str]) -> list[str]:
    return [row[name] for row in rows for name in headers if row.get(name, "").strip()]


def _by_preset(headers: Sequence[str], preset: Preset) -> dict[str, tuple[str, ...]]:
    present: dict[str, str] = {}
    for name in headers:
        present.setdefault(normalise(name), name)
    columns: dict[str, tuple[str, ...]] = {}
    for target, names in preset.columns.items():
        header = next((present[normalise(name)] for name in names if normalise(name) in present), None)
        if header is not None:
            columns[target] = (header,)
    marker = present.get(preset.tags_after)
    if marker is not None and (tail := tuple(headers)[list(headers).index(marker) + 1 :]):
        columns["tags"] = tail
    return columns


def _by_synonym(free: Sequence[str], columns: dict[str, tuple[str, ...]]) -> None:
    """The best header per field. A longer one counts when it begins with a known one («Текст (рус)»)."""
    found: dict[str, tuple[int, str]] = {}
    for header in free:
        match = _lookup(normalise(header))
        if match and match[0] not in columns:
            found[match[0]] = min(found.get(match[0], (999, "")), (match[1], header))
    for target, (_, header) in found.items():
        columns[target] = (header,)


def _lookup(name: str) -> tuple[str, int] | None:
    table = known()
    if name in table:
        return table[name]
    words = re.split(r"[^\w.]+", name)
    for size in range(len(words) - 1, 0, -1):
        start = " ".join(words[:size])
        if len(start) >= MIN_PREFIX and start in table:
            target, rank = table[start]
            return target, rank + 100
    return None


_CONTENT: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("url", values.looks_like_url),
    ("email", lambda text: values.parse_email(text) is not None),
    (
        "date",
        lambda text: (
            not re.fullmatch(r"[\d.,]+", text.replace(".", "", 0))
            and dates.parse_date(text) is not None
            or bool(re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{2,4}", text))
        ),
    ),
    (
        "rating",
        lambda text: bool(re.fullmatch(r"[★☆⭐✩]+|[0-5][.,]?\d?\s?/\s?5|[0-5] зв[её]зд\w*", text.lower())),
    ),
    (
        "phone",
        lambda text: bool(re.match(r"^\+?[78]?[\s(-]*\d{3}", text)) and values.parse_phone(text) is not None,
    ),
    ("tone", lambda text: not text.lstrip("+-−").isdigit() and values.parse_tone(text) is not None),
)


def _by_content(
    free: Sequence[str], rows: Sequence[dict[str, str]], columns: dict[str, tuple[str, ...]]
) -> None:
    for header in free:
        filled = [text.strip() for text in _cells(rows, (header,))]
        for target, looks in _CONTENT:
            if filled and target not in columns and sum(map(looks, filled)) >= MOSTLY * len(filled):
                columns[target] = (header,)
                break
    if not {"text", "pros", "cons"} & set(columns):
        _longest(free, rows, columns)


def _longest(
    free: Sequence[str], rows: Sequence[dict[str, str]], columns: dict[str, tuple[str, ...]]
) -> None:
    """Without a header that says so, the text is the column with the longest cells of several words."""
    taken = _used(columns)
    sizes = []
    for header in free:
        filled = _cells(rows, (header,)) if header not in taken else []
        worded = [text for text in filled if " " in text.strip()]
        if filled and len(worded) >= len(filled) / 2:
            sizes.append((sum(map(len, filled)) / len(filled), header))
    if sizes:
        columns["text"] = (max(sizes)[1],)


def _kind(columns: dict[str, tuple[str, ...]]) -> str:
    if {"direction", "thread_id", "agent"} & set(columns):
        return "message"
    return "review" if {"rating", "pros", "cons"} & set(columns) else "mention"
