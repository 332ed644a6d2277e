"""What the engine said of a batch is kept; what a person said stays above it."""

from __future__ import annotations

from typing import Any

from otklik.analysis import marks
from otklik.analysis.events import TextsRead
from otklik.analysis.models import Correction, Reading
from otklik.analysis.services import reader
from otklik.kernel import clock, events

SHOWN = ("tone", "intent")  # an unsure one of these puts a text into the queue "unsure"
_COLUMNS = (
    "lang", "tone", "intent", "cause", "expects_reply", "severity", "complexity", "impact", "urgency", "priority",
    "safety", "abuse", "rumour", "unsure", "certainty", "marks", "data", "corrected", "version", "read_at",
)  # fmt: skip


def keep(organisation_id: int, kind: str, found: dict[int, dict[str, Any]]) -> None:
    """Rows for what the engine said, in the caller's transaction."""
    said = _said_by_people(kind, list(found))
    known = set(
        Reading.objects.filter(kind=kind, object_id__in=list(found)).values_list("object_id", flat=True)
    )
    rows = [_row(organisation_id, kind, pk, one, said.get(pk, {})) for pk, one in found.items()]
    Reading.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["kind", "object_id"], update_fields=list(_COLUMNS)
    )
    first = tuple(pk for pk in found if pk not in known)
    events.announce(TextsRead(organisation_id, kind, tuple(found), first))


def _row(
    organisation_id: int, kind: str, object_id: int, read: dict[str, Any], said: dict[str, str]
) -> Reading:
    row = Reading(
        organisation_id=organisation_id,
        kind=kind,
        object_id=object_id,
        lang=read["lang"],
        tone=read["tone"]["label"],
        intent=read["intent"][0]["label"],
        cause=read["cause"][0]["label"] if read["cause"] else "",
        expects_reply=read["expects_reply"],
        severity=read["severity"],
        complexity=read["complexity"],
        impact=read["impact"],
        urgency=read["urgency"],
        priority=read["priority"],
        safety=read["safety"],
        abuse=read["abuse"],
        rumour=read["rumour"],
        data=read,
        corrected=sorted(said),
        version=reader.version(),
        read_at=clock.now(),
    )
    for field, value in said.items():
        setattr(row, field, typed(field, value))
    settle(row)
    return row


DERIVED = ("unsure", "certainty", "marks")


def settle(row: Reading) -> None:
    """What follows from the labels and from what people said (DERIVED); the caller saves.

    Unsure: a shown field abstained and nobody has spoken of it.
    """
    open_ = [name for name in SHOWN if name not in row.corrected]
    row.unsure = any(name in row.data["abstained"] for name in open_)
    row.certainty = min((round(row.data["confidence"].get(name, 1) * 1000) for name in open_), default=1000)
    row.marks = marks.joined(marks.of(row))


def typed(field: str, value: str) -> str | int:
    """A label as its column wants it."""
    return int(value) if field == "severity" else value


def _said_by_people(kind: str, ids: list[int]) -> dict[int, dict[str, str]]:
    """The last word of a person for each field of these subjects."""
    said: dict[int, dict[str, str]] = {}
    rows = Correction.objects.filter(reading__kind=kind, reading__object_id__in=ids).order_by("at", "id")
    for object_id, field, right in rows.values_list("reading__object_id", "field", "right"):
        said.setdefault(object_id, {})[field] = right
    return said
