"""When the company works, and what happens in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy, queries
from otklik.accounts.events import TOPIC_CALENDAR
from otklik.accounts.models import CalendarEvent, WorkingCalendar
from otklik.accounts.services.company import Who
from otklik.audit import services as audit
from otklik.kernel import events
from otklik.kernel.errors import Conflict, Invalid
from otklik.maths import worktime


@dataclass(frozen=True)
class CalendarData:
    """`week` and `exceptions` as in `maths.worktime`: {"0": [["09:00", "18:00"]]}, {"2026-12-31": []}."""

    name: str
    week: dict[str, list[list[str]]]
    exceptions: dict[str, list[list[str]]]
    is_default: bool = False


@transaction.atomic
def save_calendar(data: CalendarData, *, by: Who, calendar_id: int | None = None) -> WorkingCalendar:
    """Create or change; the first one is the default. Raises Invalid with what is wrong in the hours."""
    policy.require(by, "directory.write")
    try:
        worktime.Week.parse(data.week, data.exceptions)
    except worktime.BadHours as error:
        raise Invalid(
            _("These hours cannot be read: “%(value)s”. Write 09:00–18:00."), value=error.value, field="week"
        ) from error
    row = (
        queries.calendar(by.organisation_id, calendar_id)
        if calendar_id
        else WorkingCalendar(organisation_id=by.organisation_id)
    )
    others = queries.calendars(by.organisation_id).exclude(pk=calendar_id or 0)
    row.name, row.week, row.exceptions = data.name, data.week, data.exceptions
    row.is_default = data.is_default or not others.filter(is_default=True).exists()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(
            _("There is a calendar called “%(name)s” already."), name=data.name, field="name"
        ) from error
    if row.is_default:
        queries.calendars(by.organisation_id).exclude(pk=row.pk).update(is_default=False)
    _told("calendar.changed" if calendar_id else "calendar.created", "calendar", row.pk, by, name=row.name)
    return row


@transaction.atomic
def delete_calendar(calendar_id: int, *, by: Who) -> None:
    """For good; the default one stays."""
    policy.require(by, "directory.write")
    row = queries.calendar(by.organisation_id, calendar_id)
    if row.is_default:
        raise Conflict(_("This is the default calendar. Make another one the default first."))
    pk, name = row.pk, row.name
    row.delete()
    _told("calendar.deleted", "calendar", pk, by, name=name)


@dataclass(frozen=True)
class EventData:
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime | None = None
    outlet_keys: tuple[str, ...] = ()
    note: str = ""


@transaction.atomic
def save_event(data: EventData, *, by: Who, event_id: int | None = None) -> CalendarEvent:
    """A launch, promotion, price change or outage; raises Invalid when it ends before it starts."""
    policy.require(by, "calendar.write")
    if data.ends_at is not None and data.ends_at < data.starts_at:
        raise Invalid(_("The event ends before it starts."), field="ends_at")
    if data.kind not in CalendarEvent.Kind.values:
        raise Invalid(_("Choose what kind of event it is."), field="kind")
    row = (
        queries.calendar_event(by.organisation_id, event_id)
        if event_id
        else CalendarEvent(organisation_id=by.organisation_id)
    )
    row.kind, row.title, row.note = data.kind, data.title, data.note
    row.starts_at, row.ends_at = data.starts_at, data.ends_at
    row.outlet_keys = list(data.outlet_keys)
    row.save()
    _told("event.changed" if event_id else "event.created", "calendar_event", row.pk, by, title=row.title)
    return row


@transaction.atomic
def delete_event(event_id: int, *, by: Who) -> EventData:
    """Returns what was there, so that a person can take it back."""
    policy.require(by, "calendar.write")
    row = queries.calendar_event(by.organisation_id, event_id)
    pk = row.pk
    kept = EventData(row.kind, row.title, row.starts_at, row.ends_at, tuple(row.outlet_keys), row.note)
    row.delete()
    _told("event.deleted", "calendar_event", pk, by, title=kept.title)
    return kept


def _told(action: str, kind: str, object_id: int, by: Who, **data: str) -> None:
    audit.record(action, organisation_id=by.organisation_id, by=by, kind=kind, object_id=object_id, **data)
    events.publish(TOPIC_CALENDAR, by.organisation_id, object_id=object_id, change=action)
