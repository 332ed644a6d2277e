"""What the engine said of a batch is kept; what a person said stays above it."""

from __future__ import annotations

from typing import Any

from otklik.analysis import marks
from otklik.analysis.engine import overrides, own, severity, unread
from otklik.analysis.engine.abuse import furious
from otklik.analysis.events import TextsRead
from otklik.analysis.models import Correction, Reading
from otklik.analysis.second import filled
from otklik.analysis.services import reader
from otklik.kernel import clock, events

SHOWN = ("tone", "intent")  # an unsure one of these puts a text into the queue "unsure"
_COLUMNS = (
    "lang", "tone", "intent", "cause", "expects_reply", "severity", "complexity", "impact", "urgency", "priority",
    "safety", "abuse", "rumour", "unsure", "certainty", "marks", "data", "corrected", "spoken", "version",
    "read_at",
)  # fmt: skip


def keep(organisation_id: int, kind: str, found: dict[int, dict[str, Any]], version: str = "") -> None:
    """Rows for what the engine said, in the caller's transaction.

    `version`: of the reader, asked before it read, so that a version put to use meanwhile leaves the texts to be read
    again; empty: the present one.
    """
    version = version or reader.version(organisation_id)
    said = _said_by_people(kind, list(found))
    known = set(
        Reading.objects.filter(kind=kind, object_id__in=list(found)).values_list("object_id", flat=True)
    )
    rows = [_row(organisation_id, kind, pk, one, said.get(pk, {}), version) for pk, one in found.items()]
    Reading.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["kind", "object_id"], update_fields=list(_COLUMNS)
    )
    first = tuple(pk for pk in found if pk not in known)
    events.announce(TextsRead(organisation_id, kind, tuple(found), first))


def _row(  # noqa: PLR0913, PLR0917 one row of a batch
    organisation_id: int, kind: str, object_id: int, read: dict[str, Any], said: dict[str, str], version: str
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
        version=version,
        read_at=clock.now(),
    )
    for field, value in said.items():
        speak(row, field, value)
    settle(row)
    return row


def speak(row: Reading, field: str, label: str) -> None:
    """A person's word on a field takes its place; the caller settles and saves."""
    row.spoken = {**row.spoken, field: label}
    row.corrected = sorted({*row.corrected, field})
    if hasattr(row, field):
        setattr(row, field, typed(field, label))


def speak_again(row: Reading, field: str, label: str | None) -> None:
    """What counts after a word was taken back: an earlier one, or the machine's."""
    row.spoken = {name: value for name, value in row.spoken.items() if name != field}
    row.corrected = [name for name in row.corrected if name != field]
    if label is not None:
        speak(row, field, label)
    elif hasattr(row, field):
        setattr(row, field, typed(field, own.said(row.data, field)))


DERIVED = ("priority", "unsure", "certainty", "marks")
WEIGHED = ("severity", "complexity", "impact", "urgency", "safety", "abuse")  # parts of the priority


def settle(row: Reading) -> None:
    """What follows from the labels and from what people said (DERIVED); the caller saves.

    Unsure: a shown field abstained, and neither a person nor a second opinion has spoken of it. Of «да» and «вчера»
    nobody can say more, so nobody is asked.
    """
    short = unread.TOO_SHORT in row.data.get("notes", ())
    open_ = [name for name in SHOWN if name not in row.corrected and not short]
    for name in filled.filled(row.data):
        if name not in row.corrected:
            setattr(row, name, typed(name, (filled.labels(row.data, name) or [""])[0]))
    row.unsure = any(name in open_ for name in filled.doubts(row.data, row.corrected))
    row.priority = _priority(row)
    row.certainty = min((round(row.data["confidence"].get(name, 1) * 1000) for name in open_), default=1000)
    row.marks = marks.joined(marks.of(row))


def _priority(row: Reading) -> str:
    """By the rules of ISO 10002, 7.5, once a person has spoken of a part of it; anger may raise, never lower.

    A second opinion may raise it as well (P1 stands before P2), never lower it.
    """
    said = str(row.data["priority"])
    spoken = any(name in row.corrected for name in WEIGHED)
    if not spoken and not any(name in WEIGHED for name in filled.filled(row.data)):
        return said
    anger = furious(row.abuse) if "abuse" in row.corrected else overrides.was_raised(row.data)
    impact: Any = row.impact
    found = severity.priority(
        row.severity, row.complexity, impact, row.urgency, safety=row.safety, anger=anger
    )
    return found if spoken else min(found, said)


def typed(field: str, value: str) -> str | int | bool:
    """A label as its column wants it."""
    if field == "safety":
        return value in ("yes", "True")
    return int(value) if field in ("severity", "complexity", "urgency") else value


def _said_by_people(kind: str, ids: list[int]) -> dict[int, dict[str, str]]:
    """The last word of a person for each field of these subjects."""
    said: dict[int, dict[str, str]] = {}
    rows = Correction.objects.filter(reading__kind=kind, reading__object_id__in=ids).order_by("at", "id")
    for object_id, field, right in rows.values_list("reading__object_id", "field", "right"):
        said.setdefault(object_id, {})[field] = right
    return said
