"""The company's directory and calendars."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core import signing
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from otklik.accounts import company_import, policy, queries, services
from otklik.accounts.forms.company import (
    CalendarForm,
    EntryForm,
    EventForm,
    ImportForm,
    show_exceptions,
    show_hours,
)
from otklik.accounts.services.calendars import EventData
from otklik.accounts.services.company import FIELDS
from otklik.accounts.views.base import done, me, page
from otklik.kernel import clock
from otklik.kernel.errors import NotFound

PAGE = 50
KINDS = {
    "brand": (gettext_lazy("Brands"), gettext_lazy("Brand")),
    "outlet": (gettext_lazy("Outlets"), gettext_lazy("Outlet")),
    "product": (gettext_lazy("Products"), gettext_lazy("Product")),
    "employee": (gettext_lazy("Employees"), gettext_lazy("Employee")),
}


def company(request: HttpRequest) -> HttpResponse:
    return redirect("directory", "outlet")


def _shared(request: HttpRequest, kind: str, right: str = "directory.write") -> dict[str, Any]:
    if kind not in KINDS:
        raise NotFound
    return {
        "kind": kind,
        "title": KINDS[kind][0],
        "one": KINDS[kind][1],
        "tab": kind,
        "kinds": KINDS,
        "may_write": policy.can(me(request), right),
    }


def directory(request: HttpRequest, kind: str) -> HttpResponse:
    user = me(request, "directory.read")
    shared = _shared(request, kind)
    query, archived = request.GET.get("q", ""), request.GET.get("archived") == "1"
    rows = queries.entries(user.organisation_id, kind, query, archived=archived)
    if kind == "product":
        rows = rows.select_related("brand")
    if kind == "employee":
        rows = rows.select_related("outlet")
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return page(request, "directory", found=found, q=query, archived=archived, **shared)


def entry(request: HttpRequest, kind: str, entry_id: int | None = None) -> HttpResponse:
    user = me(request, "directory.write")
    shared = _shared(request, kind)
    row: Any = queries.entry(user.organisation_id, kind, entry_id) if entry_id else None
    names = ("key", "name", "spellings", *FIELDS[kind])
    initial = {name: getattr(row, name) for name in names} if row else {}
    form = EntryForm(request.POST or None, initial=initial, kind=kind, organisation_id=user.organisation_id)
    if form.is_valid():
        saved = form.attempt(lambda: services.save_entry(kind, form.data_of(), by=user, entry_id=entry_id))
        if saved:
            return done(request, _("“%(name)s” is saved") % {"name": saved.name}, "directory", kind)
    return page(request, "entry", form, row=row, **shared)


@require_POST
def archive(request: HttpRequest, kind: str, entry_id: int) -> HttpResponse:
    row = services.archive_entry(kind, entry_id, by=me(request))
    undo = reverse("directory_restore", args=[kind, entry_id])
    return done(request, _("“%(name)s” is in the archive") % {"name": row.name}, "directory", kind, undo=undo)


@require_POST
def restore(request: HttpRequest, kind: str, entry_id: int) -> HttpResponse:
    row = services.restore_entry(kind, entry_id, by=me(request))
    return done(request, _("“%(name)s” is back") % {"name": row.name}, "directory", kind)


def import_file(request: HttpRequest, kind: str) -> HttpResponse:
    user = me(request, "directory.write")
    shared = _shared(request, kind)
    form = ImportForm(request.POST or None, request.FILES or None)
    result = None
    if form.is_valid():
        data = form.cleaned_data["file"].read()
        dry_run = form.cleaned_data["check_only"]
        result = form.attempt(lambda: company_import.run(kind, data, by=user, dry_run=dry_run))
    columns = [(name, company_import.HEADINGS[name]) for name in ("key", "name", "spellings", *FIELDS[kind])]
    return page(request, "import", form, result=result, columns=columns, **shared)


def calendars(request: HttpRequest) -> HttpResponse:
    user = me(request, "directory.read")
    shared = _shared(request, "outlet")
    rows = [
        {"row": row, "days": [show_hours(row.week.get(str(number), [])) for number in range(7)]}
        for row in queries.calendars(user.organisation_id)
    ]
    return page(request, "calendars", rows=rows, **{**shared, "tab": "hours"})


def calendar(request: HttpRequest, calendar_id: int | None = None) -> HttpResponse:
    user = me(request, "directory.write")
    shared = {**_shared(request, "outlet"), "tab": "hours"}
    row = queries.calendar(user.organisation_id, calendar_id) if calendar_id else None
    week = row.week if row else {str(number): [["09:00", "18:00"]] for number in range(5)}
    initial: dict[str, Any] = {f"day_{number}": show_hours(week.get(str(number), [])) for number in range(7)}
    if row:
        initial |= {
            "name": row.name,
            "is_default": row.is_default,
            "exceptions": show_exceptions(row.exceptions),
        }
    form = CalendarForm(request.POST or None, initial=initial)
    if form.is_valid():
        saved = form.attempt(lambda: services.save_calendar(form.data_of(), by=user, calendar_id=calendar_id))
        if saved:
            return done(request, _("“%(name)s” is saved") % {"name": saved.name}, "calendars")
    return page(request, "calendar", form, row=row, **shared)


@require_POST
def delete_calendar(request: HttpRequest, calendar_id: int) -> HttpResponse:
    services.delete_calendar(calendar_id, by=me(request))
    return done(request, _("The calendar is deleted"), "calendars")


def events(request: HttpRequest) -> HttpResponse:
    user = me(request, "directory.read")
    shared = _shared(request, "outlet", "calendar.write")
    found = Paginator(queries.calendar_events(user.organisation_id), PAGE).get_page(request.GET.get("page"))
    return page(request, "events", found=found, now=clock.now(), **{**shared, "tab": "events"})


def event(request: HttpRequest, event_id: int | None = None) -> HttpResponse:
    user = me(request, "calendar.write")
    shared = {**_shared(request, "outlet"), "tab": "events"}
    row = queries.calendar_event(user.organisation_id, event_id) if event_id else None
    names = ("kind", "title", "starts_at", "ends_at", "outlet_keys", "note")
    initial = {name: getattr(row, name) for name in names} if row else {"starts_at": clock.now()}
    form = EventForm(request.POST or None, initial=initial, organisation_id=user.organisation_id)
    if form.is_valid():
        saved = form.attempt(lambda: services.save_event(form.data_of(), by=user, event_id=event_id))
        if saved:
            return done(request, _("“%(name)s” is saved") % {"name": saved.title}, "events")
    return page(request, "event", form, row=row, **shared)


@require_POST
def delete_event(request: HttpRequest, event_id: int) -> HttpResponse:
    """Deleted at once; the toast's undo carries what was there, signed."""
    kept = services.delete_event(event_id, by=me(request))
    values = [
        kept.kind,
        kept.title,
        kept.starts_at.isoformat(),
        kept.ends_at.isoformat() if kept.ends_at else None,
    ]
    token = signing.dumps([*values, list(kept.outlet_keys), kept.note], salt="event", compress=True)
    undo = f"{reverse('event_restore')}?was={token}"
    return done(request, _("“%(name)s” is deleted") % {"name": kept.title}, "events", undo=undo)


@require_POST
def restore_event(request: HttpRequest) -> HttpResponse:
    try:
        kind, title, starts, ends, outlets, note = signing.loads(
            request.GET.get("was", ""), salt="event", max_age=3600
        )
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    ends_at = datetime.fromisoformat(ends) if ends else None
    data = EventData(kind, title, datetime.fromisoformat(starts), ends_at, tuple(outlets), note)
    services.save_event(data, by=me(request))
    return done(request, _("“%(name)s” is back") % {"name": title}, "events")
