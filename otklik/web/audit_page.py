"""The audit for people who answer for what happened: list, filters, export, state of the chain."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from otklik.accounts import queries as accounts
from otklik.accounts.models import User
from otklik.accounts.views.base import me
from otklik.audit import queries
from otklik.audit.models import Entry, Head
from otklik.audit.services import verify_end
from otklik.kernel import clock
from otklik.web import audit_words
from otklik.web.audit_details import Words

PAGE = 100
FILTERS = ("action", "person", "kind", "object", "since", "until")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a cell that begins so for a formula


def audit(request: HttpRequest) -> HttpResponse:
    user = me(request, "audit.read")
    filters = _filters(request)
    found = Paginator(_rows(user, filters), PAGE).get_page(request.GET.get("page"))
    own = queries.entries(user.organisation_id)
    words = Words(user.organisation_id)
    context = {
        "filters": filters,
        "filtered": any(filters.values()),
        "found": found,
        "lines": [audit_words.line(entry, words) for entry in found.object_list],
        "people": accounts.everybody(user.organisation_id),
        "actions": audit_words.choices(),
        "kinds": audit_words.KINDS.items(),
        "query": request.GET.urlencode(),
        "unsealed": own.filter(seq__isnull=True).count(),
        "sealed": Head.objects.filter(organisation_id=user.organisation_id)
        .values_list("seq", flat=True)
        .first()
        or 0,
        "verdict": verify_end(user.organisation_id) if request.GET.get("check") else None,
    }
    return render(request, "web/audit.html", context)


def _filters(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip() for name in FILTERS}


def _rows(user: User, filters: dict[str, str]) -> QuerySet[Entry]:
    rows = queries.entries(user.organisation_id)
    if filters["action"]:
        rows = rows.filter(action=filters["action"])
    if filters["kind"]:
        rows = rows.filter(object_kind=filters["kind"])
    number = filters["object"].lstrip("#№").strip()
    if number.isdecimal() and len(number) <= 18:  # noqa: PLR2004 what a bigint holds
        rows = rows.filter(object_id=int(number))
    return _of_time(_of_person(rows, filters["person"]), filters)


def _of_person(rows: QuerySet[Entry], person: str) -> QuerySet[Entry]:
    if person.isdecimal():
        return rows.filter(actor_kind="staff", actor_id=int(person))
    return rows.filter(actor_kind=person) if person else rows


def _of_time(rows: QuerySet[Entry], filters: dict[str, str]) -> QuerySet[Entry]:
    since, until = _day(filters["since"]), _day(filters["until"])
    if since:
        rows = rows.filter(at__gte=_midnight(since))
    if until:
        rows = rows.filter(at__lt=_midnight(until + timedelta(days=1)))
    return rows


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered list as CSV, streamed; cells cannot become formulas."""
    user = me(request, "audit.read")
    rows = _rows(user, _filters(request))
    response = StreamingHttpResponse(
        _csv(rows, Words(user.organisation_id)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="audit-{clock.now():%Y-%m-%d}.csv"'
    return response


def _csv(rows: QuerySet[Entry], words: Words) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    # the mark at the beginning makes Excel read UTF-8
    out.write("\ufeff")
    writer.writerow([_("Number"), _("When"), _("Who"), _("Action"), _("Object"), _("Details"), _("Seal")])
    for entry in rows.iterator(chunk_size=1000):
        worded = audit_words.line(entry, words)
        when = timezone.localtime(entry.at).isoformat(timespec="seconds")
        cells = [entry.seq, when, entry.actor_name, worded.text, worded.subject, worded.details, entry.hash]
        writer.writerow([guard(str(cell if cell is not None else "")) for cell in cells])
        if out.tell() > 1 << 16:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def guard(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(DANGEROUS) else cell
