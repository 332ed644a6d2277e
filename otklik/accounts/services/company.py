"""The company's directory: brands, outlets, products, employees, each with the spellings customers use."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy, queries
from otklik.accounts.events import TOPIC_DIRECTORY
from otklik.accounts.models import Outlet
from otklik.accounts.queries import Entry
from otklik.audit import services as audit
from otklik.kernel import clock, events, textindex
from otklik.kernel.errors import Conflict, Invalid, NotFound

# fields of each kind beside key, name and spellings
FIELDS: dict[str, tuple[str, ...]] = {
    "brand": (),
    "outlet": ("city", "address", "hours"),
    "product": ("category", "brand_id", "price"),
    "employee": ("role_title", "outlet_id"),
}
MAX_KEY, MAX_NAME = 64, 200
LINKS = {"brand_id": "brand", "outlet_id": "outlet"}


class Who(policy.Principal, audit.Actor, Protocol):
    """A member of staff or a program with a key."""


@dataclass(frozen=True)
class EntryData:
    """One entry. `more`: the kind's own fields (FIELDS); links are ids of the same organisation."""

    key: str
    name: str
    spellings: tuple[str, ...] = ()
    more: dict[str, str | int | Decimal | None] = field(default_factory=dict)


@transaction.atomic
def save_entry(kind: str, data: EntryData, *, by: Who, entry_id: int | None = None) -> Entry:
    """Create or change; raises Conflict when another entry has the key, Invalid for a missing key or name."""
    policy.require(by, "directory.write")
    row, changed = apply_entry(kind, data, by=by, entry_id=entry_id)
    if changed:
        audit.record(
            "directory.changed" if entry_id else "directory.created",
            organisation_id=by.organisation_id,
            by=by,
            kind=kind,
            object_id=row.pk,
            key=row.key,
            name=row.name,
            fields=changed,
        )
        events.publish(TOPIC_DIRECTORY, by.organisation_id, kind=kind, entry_id=row.pk)
    return row


def apply_entry(
    kind: str, data: EntryData, *, by: Who, entry_id: int | None = None
) -> tuple[Entry, list[str]]:
    """The change without audit and announcement, for imports that record one line; also the changed fields."""
    model = queries.model_of(kind)
    if not data.key.strip() or not data.name.strip():
        raise Invalid(_("Give a key and a name: without them the entry cannot be found again."), field="key")
    if len(data.key.strip()) > MAX_KEY or len(data.name.strip()) > MAX_NAME:
        raise Invalid(_("A key may have 64 characters, a name 200."), field="key")
    row: Any = (
        queries.entry(by.organisation_id, kind, entry_id)
        if entry_id
        else model(organisation_id=by.organisation_id)
    )
    values: dict[str, Any] = {
        "key": data.key.strip(),
        "name": data.name.strip(),
        "spellings": _clean(data.spellings, data.name),
        **{name: value for name, value in data.more.items() if name in FIELDS[kind]},
    }
    _require_own_links(values, by.organisation_id)
    changed = [name for name, value in values.items() if entry_id is None or getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        _save(row, changed if entry_id else None)
        _index(kind, row)
    return row, changed


def _clean(spellings: tuple[str, ...], name: str) -> list[str]:
    seen = {queries.fold(name)}
    kept = []
    for spelling in (each.strip() for each in spellings):
        if spelling and queries.fold(spelling) not in seen:
            seen.add(queries.fold(spelling))
            kept.append(spelling)
    return kept


def _require_own_links(values: dict[str, Any], organisation_id: int) -> None:
    for name, kind in LINKS.items():
        if values.get(name):
            queries.entry(organisation_id, kind, int(values[name]))


def _save(row: Any, fields: list[str] | None) -> None:
    try:
        with transaction.atomic():
            row.save(update_fields=fields)
    except IntegrityError as error:
        raise Conflict(
            _("Another entry has the key “%(key)s”. Keys do not repeat."), key=row.key, field="key"
        ) from error


def _index(kind: str, row: Any) -> None:
    words = [row.name, row.key, *row.spellings, *([row.city, row.address] if isinstance(row, Outlet) else [])]
    textindex.index(
        [textindex.Entry(row.organisation_id, queries.index_kind(kind), row.pk, row.pk, "\n".join(words))]
    )


def archive_entry(kind: str, entry_id: int, *, by: Who) -> Entry:
    """Out of lists and choices; what refers to it stays."""
    return _set_archived(kind, entry_id, by, archived=True)


def restore_entry(kind: str, entry_id: int, *, by: Who) -> Entry:
    return _set_archived(kind, entry_id, by, archived=False)


@transaction.atomic
def _set_archived(kind: str, entry_id: int, by: Who, *, archived: bool) -> Entry:
    policy.require(by, "directory.write")
    model = queries.model_of(kind)
    row: Any = (
        model._default_manager.select_for_update()
        .filter(organisation_id=by.organisation_id, pk=entry_id)
        .first()
    )
    if row is None:
        raise NotFound
    if (row.archived_at is not None) != archived:
        row.archived_at = clock.now() if archived else None
        row.save(update_fields=["archived_at"])
        audit.record(
            "directory.archived" if archived else "directory.restored",
            organisation_id=by.organisation_id,
            by=by,
            kind=kind,
            object_id=row.pk,
            key=row.key,
            name=row.name,
        )
        events.publish(TOPIC_DIRECTORY, by.organisation_id, kind=kind, entry_id=row.pk)
    found: Entry = row
    return found
