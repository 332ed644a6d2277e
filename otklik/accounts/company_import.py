"""The directory from a CSV file: entries are added or updated by key. A bad row is a sentence, the rest goes on."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from charset_normalizer import from_bytes
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from otklik.accounts import policy, queries
from otklik.accounts.events import TOPIC_DIRECTORY
from otklik.accounts.services import company
from otklik.accounts.services.company import EntryData, Who
from otklik.audit import services as audit
from otklik.kernel import events
from otklik.kernel.errors import Invalid, NotFound, OtklikError

MAX_BYTES = 20 * 1024 * 1024
BATCH = 200  # rows a transaction: one writer on SQLite must not wait long
SHOWN_ERRORS = 100

# heading of the file → our field; compared without case, ё and spaces
HEADINGS: dict[str, tuple[str, ...]] = {
    "key": ("key", "id", "code", "sku", "ключ", "код", "артикул"),
    "name": ("name", "title", "имя", "название", "наименование", "фио"),
    "spellings": ("spellings", "aliases", "написания", "варианты", "как пишут"),
    "city": ("city", "город"),
    "address": ("address", "адрес"),
    "hours": ("hours", "opening hours", "часы", "часы работы", "режим работы"),
    "category": ("category", "категория"),
    "brand_id": ("brand", "бренд", "марка"),
    "price": ("price", "цена"),
    "role_title": ("position", "role", "должность"),
    "outlet_id": ("outlet", "shop", "точка", "магазин"),
}
_SPLIT = re.compile(r"[|;\n]+")


class Unreadable(Invalid):
    code = "unreadable_table"
    text = gettext_lazy(
        "This does not look like a CSV table. The first row must name the columns, among them key and name."
    )


@dataclass
class Result:
    """What an import did, or would do: `errors` are (row number in the file, sentence)."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)
    failed: int = 0


class _DryRun(Exception):
    """Rolls a checked batch back."""


def read(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a table as (line, field → text). Encoding and delimiter are found; raises Unreadable."""
    if len(data) > MAX_BYTES:
        raise Invalid(gettext_lazy("The file is larger than 20 MB. Divide it."), field="file")
    text = _decode(data)
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    # names with a quote inside are common («Магазин "У дома"»): csv's own rules read them when doubled
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        head = next(rows, [])
        columns = [_field(cell) for cell in head]
        if "key" not in columns or "name" not in columns:
            raise Unreadable(field="file")
        for row in rows:
            if any(cell.strip() for cell in row):
                yield (
                    rows.line_num,
                    {name: cell.strip() for name, cell in zip(columns, row, strict=False) if name},
                )
    except csv.Error as error:
        raise Unreadable(field="file") from error


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    # Russian tables of Excel come in windows-1251; a guess is asked only when letters are not Russian
    text = data.decode("cp1251", errors="replace")
    if re.search(r"[а-яё]{2}", text, re.IGNORECASE):
        return text
    best = from_bytes(data).best()
    return str(best) if best else text


def _field(heading: str) -> str:
    wanted = queries.fold(heading).replace("_", " ")
    for name, known in HEADINGS.items():
        if wanted in known:
            return name
    return ""


def run(kind: str, data: bytes, *, by: Who, dry_run: bool = False) -> Result:
    """Add and update by key; with `dry_run` everything is checked and nothing stays."""
    policy.require(by, "directory.write")
    queries.model_of(kind)
    result = Result()
    batch: list[tuple[int, dict[str, str]]] = []
    for item in read(data):
        batch.append(item)
        if len(batch) >= BATCH:
            _work(kind, batch, by, result, dry_run)
            batch = []
    _work(kind, batch, by, result, dry_run)
    return result


def _work(kind: str, batch: list[tuple[int, dict[str, str]]], by: Who, result: Result, dry_run: bool) -> None:
    try:
        with transaction.atomic():
            changed = sum(_row(kind, line, row, by, result) for line, row in batch)
            if dry_run:
                raise _DryRun
            if changed:
                audit.record(
                    "directory.imported", organisation_id=by.organisation_id, by=by, kind=kind, rows=changed
                )
                events.publish(TOPIC_DIRECTORY, by.organisation_id, kind=kind)
    except _DryRun:
        return


def _row(kind: str, line: int, row: dict[str, str], by: Who, result: Result) -> bool:
    result.rows += 1
    try:
        with transaction.atomic():
            model = queries.model_of(kind)
            known = model._default_manager.filter(
                organisation_id=by.organisation_id, key=row.get("key", "")
            ).first()
            entry_data = _data(kind, row, by, known)
            _entry, changed = company.apply_entry(
                kind, entry_data, by=by, entry_id=known.pk if known else None
            )
    except OtklikError as error:
        result.failed += 1
        if len(result.errors) < SHOWN_ERRORS:
            result.errors.append((line, error.sentence))
        return False
    if known is None:
        result.created += 1
    elif changed:
        result.updated += 1
    else:
        result.unchanged += 1
    return bool(changed)


def _data(kind: str, row: dict[str, str], by: Who, known: object) -> EntryData:
    """Columns that the file does not have keep their value."""
    more = {name: _value(name, row[name], by.organisation_id) for name in company.FIELDS[kind] if name in row}
    kept = tuple(getattr(known, "spellings", ()))
    spellings = tuple(_SPLIT.split(row["spellings"])) if "spellings" in row else kept
    return EntryData(key=row.get("key", ""), name=row.get("name", ""), spellings=spellings, more=more)


def _value(name: str, text: str, organisation_id: int) -> str | int | Decimal | None:
    if name in company.LINKS:
        return _linked(company.LINKS[name], text, organisation_id) if text else None
    if name == "price":
        return _price(text) if text else None
    return text[:100] if name in ("city", "category") else text[:200]


def _linked(kind: str, text: str, organisation_id: int) -> int:
    rows = queries.model_of(kind)._default_manager.filter(organisation_id=organisation_id)
    found = rows.filter(key=text).first() or rows.filter(name=text).first()
    if found is None:
        raise NotFound(_("There is no entry with the key or name “%(text)s”. Add it first."), text=text)
    return found.pk


def _price(text: str) -> Decimal:
    plain = re.sub(r"[\s\u00a0\u202f₽]|руб\.?", "", text).replace(",", ".")
    try:
        price = Decimal(plain)
    except InvalidOperation as error:
        raise Invalid(_("“%(text)s” is not a price. Write 1290 or 1290,50."), text=text) from error
    if not 0 <= price < Decimal(10) ** 10:
        raise Invalid(_("“%(text)s” is not a price. Write 1290 or 1290,50."), text=text)
    return price.quantize(Decimal("0.01"))
