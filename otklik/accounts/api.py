"""The company over the API: who asks, staff and teams, the directory, hours and the calendar of events."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field

from otklik.accounts import queries, services
from otklik.accounts.models import CalendarEvent, Team, User, WorkingCalendar
from otklik.accounts.queries import Entry
from otklik.accounts.services.calendars import CalendarData, EventData
from otklik.kernel.errors import Invalid, OtklikError
from otklik.kernel.rest import ANYBODY, Call, Done, Given, Id, Moment, Page, Window, cut, operation

Kind = Literal["brand", "outlet", "product", "employee"]
Key = Annotated[str, Field(min_length=1, max_length=64, description="the company's own code")]
Hours = dict[str, list[list[str]]]
MAX_ENTRIES = 500

me_router = Router(tags=["Me"])
staff_router = Router(tags=["Staff"])
directory_router = Router(tags=["Directory"])
calendar_router = Router(tags=["Calendar"])


class OrganisationOut(Schema):
    id: int
    name: str
    time_zone: str
    language: str


class KeyOut(Schema):
    id: int
    name: str
    scopes: list[str]
    expires_at: datetime | None


class MeOut(Schema):
    """`key` is null for a browser session. `rights` are what this caller may do."""

    user_id: int
    name: str
    email: str
    roles: list[str]
    rights: list[str]
    organisation: OrganisationOut
    key: KeyOut | None


@operation(me_router, "GET", "/me", right=ANYBODY, answer=MeOut)
def me(request: Call) -> dict[str, Any]:
    """Who I am and what I may do.

    The first call of every integration: proves the key and names its organisation.
    """
    who: User = request.auth
    return {
        "user_id": who.pk,
        "name": who.name,
        "email": who.email,
        "roles": sorted(who.roles),
        "rights": sorted(who.rights),
        "organisation": who.organisation,
        "key": who.acting_key.key if who.acting_key else None,
    }


class StaffOut(Schema):
    id: int
    name: str
    email: str
    title: str
    roles: list[str]
    presence: str
    speaks: list[str] = Field(description="languages for answering; empty: the organisation's")
    team_ids: list[int]

    @staticmethod
    def resolve_roles(one: User) -> list[str]:
        return sorted(grant.role for grant in one.grants.all())

    @staticmethod
    def resolve_team_ids(one: User) -> list[int]:
        return sorted(team.pk for team in one.teams.all())


class TeamOut(Schema):
    id: int
    name: str
    round_robin: bool
    member_ids: list[int]

    @staticmethod
    def resolve_member_ids(one: Team) -> list[int]:
        return sorted(user.pk for user in one.members.all())


@operation(staff_router, "GET", "/staff", right="staff.read", answer=list[StaffOut])
def list_staff(request: Call) -> Any:
    """People who work here now."""
    return queries.staff(request.auth.organisation_id).prefetch_related("grants", "teams")


@operation(staff_router, "GET", "/teams", right="staff.read", answer=list[TeamOut])
def list_teams(request: Call) -> Any:
    """Teams and their members."""
    return queries.teams(request.auth.organisation_id).prefetch_related("members")


class DirectoryEntryOut(Schema):
    """One entry of the directory. Fields of other kinds are absent or null."""

    id: int
    key: str
    name: str
    spellings: list[str]
    archived_at: datetime | None
    city: str | None = None
    address: str | None = None
    hours: str | None = None
    category: str | None = None
    brand_id: int | None = None
    price: Decimal | None = None
    role_title: str | None = None
    outlet_id: int | None = None


class DirectoryEntryIn(Given):
    """`key` decides: a known one is updated, a new one is created. `brand` and `outlet` are keys, too.

    A field that is not sent keeps its value.
    """

    key: Key
    name: str = Field(min_length=1, max_length=200)
    spellings: list[Annotated[str, Field(max_length=200)]] | None = Field(None, max_length=100)
    city: str | None = Field(None, max_length=100)
    address: str | None = Field(None, max_length=300)
    hours: str | None = Field(None, max_length=200)
    category: str | None = Field(None, max_length=100)
    brand: Key | None = None
    price: Decimal | None = Field(None, ge=0, max_digits=12, decimal_places=2)
    role_title: str | None = Field(None, max_length=200)
    outlet: Key | None = None


class DirectoryIn(Given):
    entries: list[DirectoryEntryIn] = Field(min_length=1, max_length=MAX_ENTRIES)


class EntryProblem(Schema):
    row: int
    key: str
    message: str


class UpsertOut(Schema):
    """Rows that could not be taken are named; the others are stored."""

    created: int
    updated: int
    unchanged: int
    errors: list[EntryProblem]


class DirectorySearch(Window):
    q: str = Field("", max_length=200, description="words in any form, or a part of a name or key")
    archived: bool = False


@operation(
    directory_router, "GET", "/directory/{kind}", right="directory.read", answer=Page[DirectoryEntryOut]
)
def list_directory(request: Call, kind: Kind, search: Query[DirectorySearch]) -> Any:
    """Brands, outlets, products or employees, by name."""
    rows = queries.entries(request.auth.organisation_id, kind, search.q, archived=search.archived)
    items, following = cut(rows, ("name", "id"), cursor=search.cursor, limit=search.limit)
    return {"items": items, "next": following}


@operation(
    directory_router, "GET", "/directory/{kind}/{entry_id}", right="directory.read", answer=DirectoryEntryOut
)
def get_directory_entry(request: Call, kind: Kind, entry_id: Id) -> Entry:
    """One entry."""
    return queries.entry(request.auth.organisation_id, kind, entry_id)


EXAMPLE = {
    "entries": [{"key": "tverskaya", "name": "Тверская, 12", "city": "Москва", "spellings": ["на Тверской"]}]
}


@operation(
    directory_router,
    "POST",
    "/directory/{kind}",
    right="directory.write",
    answer=UpsertOut,
    within=False,
    example=EXAMPLE,
)
def upsert_directory(request: Call, kind: Kind, data: DirectoryIn) -> dict[str, Any]:
    """Create or update entries by key.

    Up to 500 at once. Sending the same list again changes nothing.
    """
    found: dict[str, Any] = {"created": 0, "updated": 0, "unchanged": 0, "errors": []}
    for number, one in enumerate(data.entries, 1):
        try:
            found[_upsert(kind, one, request.auth)] += 1
        except OtklikError as error:
            found["errors"].append({"row": number, "key": one.key, "message": error.sentence})
    return found


def _upsert(kind: str, one: DirectoryEntryIn, by: User) -> str:
    known = _by_key(by.organisation_id, kind, one.key)
    more: dict[str, Any] = {
        name: getattr(one, name)
        for name in ("city", "address", "hours", "category", "price", "role_title")
        if getattr(one, name) is not None
    }
    for field, linked in (("brand", "brand"), ("outlet", "outlet")):
        key = getattr(one, field)
        if key is not None:
            more[f"{field}_id"] = _linked(by.organisation_id, linked, key)
    spellings = one.spellings if one.spellings is not None else (known.spellings if known else ())
    data = services.EntryData(key=one.key, name=one.name, spellings=tuple(spellings), more=more)
    with transaction.atomic():
        before = _state(known) if known else None
        row = services.save_entry(kind, data, by=by, entry_id=known.pk if known else None)
        if row.archived_at is not None:
            row = services.restore_entry(kind, row.pk, by=by)
    if before is None:
        return "created"
    return "unchanged" if before == _state(row) else "updated"


def _by_key(organisation_id: int, kind: str, key: str) -> Entry | None:
    rows = queries.model_of(kind)._default_manager.filter(organisation_id=organisation_id, key=key.strip())  # noqa: SLF001
    return rows.first()


def _state(row: Entry) -> dict[str, Any]:
    return {name: str(value) for name, value in vars(row).items() if not name.startswith("_")}


def _linked(organisation_id: int, kind: str, key: str) -> int:
    found = _by_key(organisation_id, kind, key)
    if found is None:
        raise Invalid(
            _("There is no entry with the key “%(key)s” to link with.") % {"key": key.replace("%", "%%")}
        )
    return found.pk


@operation(directory_router, "DELETE", "/directory/{kind}/{entry_id}", right="directory.write", answer=Done)
def archive_directory_entry(request: Call, kind: Kind, entry_id: Id) -> Done:
    """Archive an entry.

    It leaves lists and choices; what refers to it stays. Sending its key again brings it back.
    """
    services.archive_entry(kind, entry_id, by=request.auth)
    return Done()


class CalendarOut(Schema):
    id: int
    name: str
    week: dict[str, Any]
    exceptions: dict[str, Any]
    is_default: bool


class CalendarIn(Given):
    """`week`: Monday is "0". `exceptions`: days that differ; an empty list is a day off."""

    name: str = Field(min_length=1, max_length=100)
    week: Hours
    exceptions: Hours = {}
    is_default: bool = False


WEEK = {"name": "Рабочие часы", "week": {"0": [["09:00", "18:00"]]}, "exceptions": {"2026-12-31": []}}


@operation(calendar_router, "GET", "/calendars", right="directory.read", answer=list[CalendarOut])
def list_calendars(request: Call) -> Any:
    """Working hours."""
    return queries.calendars(request.auth.organisation_id)


@operation(
    calendar_router,
    "POST",
    "/calendars",
    right="directory.write",
    answer=CalendarOut,
    status=201,
    example=WEEK,
)
def create_calendar(request: Call, data: CalendarIn) -> WorkingCalendar:
    """New working hours."""
    return services.save_calendar(CalendarData(**data.dict()), by=request.auth)


@operation(calendar_router, "PUT", "/calendars/{calendar_id}", right="directory.write", answer=CalendarOut)
def update_calendar(request: Call, calendar_id: Id, data: CalendarIn) -> WorkingCalendar:
    """Other working hours."""
    return services.save_calendar(CalendarData(**data.dict()), by=request.auth, calendar_id=calendar_id)


@operation(calendar_router, "DELETE", "/calendars/{calendar_id}", right="directory.write", answer=Done)
def delete_calendar(request: Call, calendar_id: Id) -> Done:
    """Delete working hours for good."""
    services.delete_calendar(calendar_id, by=request.auth)
    return Done()


class CalendarEventOut(Schema):
    id: int
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    outlet_keys: list[str]
    note: str


class CalendarEventIn(Given):
    kind: Literal["launch", "promotion", "price", "outage", "other"]
    title: str = Field(min_length=1, max_length=300)
    starts_at: Moment
    ends_at: Moment | None = None
    outlet_keys: list[Key] = Field([], max_length=500)
    note: str = Field("", max_length=10_000)


OUTAGE = {"kind": "outage", "title": "Не работает оплата картой", "starts_at": "2026-11-22T12:00:00+03:00"}


@operation(calendar_router, "GET", "/calendar-events", right="directory.read", answer=Page[CalendarEventOut])
def list_calendar_events(request: Call, window: Query[Window]) -> Any:
    """What happens in the company, newest first: launches, promotions, prices, outages."""
    rows = queries.calendar_events(request.auth.organisation_id)
    items, following = cut(rows, ("-starts_at", "-id"), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


@operation(
    calendar_router,
    "POST",
    "/calendar-events",
    right="calendar.write",
    answer=CalendarEventOut,
    status=201,
    example=OUTAGE,
)
def create_calendar_event(request: Call, data: CalendarEventIn) -> CalendarEvent:
    """Tell Otklik what happens."""
    return services.save_event(_event(data), by=request.auth)


@operation(
    calendar_router, "PUT", "/calendar-events/{event_id}", right="calendar.write", answer=CalendarEventOut
)
def update_calendar_event(request: Call, event_id: Id, data: CalendarEventIn) -> CalendarEvent:
    """Change what was told."""
    return services.save_event(_event(data), by=request.auth, event_id=event_id)


@operation(calendar_router, "DELETE", "/calendar-events/{event_id}", right="calendar.write", answer=Done)
def delete_calendar_event(request: Call, event_id: Id) -> Done:
    """Delete an event for good."""
    services.delete_event(event_id, by=request.auth)
    return Done()


def _event(data: CalendarEventIn) -> EventData:
    return EventData(**{**data.dict(), "outlet_keys": tuple(data.outlet_keys)})


__all__ = ["calendar_router", "directory_router", "me_router", "staff_router"]
