"""Pages of the shell itself: health, palette, everything that did not fit into the bar of a phone, errors."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from otklik.accounts import policy
from otklik.accounts.views.base import me
from otklik.inbox import queries as inbox
from otklik.kernel import clock
from otklik.kernel.errors import NotFound, OtklikError
from otklik.kernel.models import Outbox, OutboxState
from otklik.people import queries as people
from otklik.people.models import Customer, Order
from otklik.web.layouts import variants
from otklik.web.middleware import error_answer, speak_to

log = logging.getLogger(__name__)

HITS = 6  # of each group


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """Database and outbox: 200 when both answer; `outbox_age` in seconds of the oldest due row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    oldest = (
        Outbox.objects.filter(state=OutboxState.READY, run_after__lte=clock.now())
        .order_by("run_after")
        .values_list("run_after", flat=True)
        .first()
    )
    age = (clock.now() - oldest).total_seconds() if oldest else 0.0
    return JsonResponse({"ok": True, "outbox_age": round(age, 1)})


@login_not_required
def closed(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Doors of allauth that this house does not have: nothing is there."""
    return not_found(request)


def more(request: HttpRequest) -> HttpResponse:
    """On a phone: the sections that do not fit into the bar."""
    return render(request, "web/more.html", {"in_more": True})


def palette(request: HttpRequest) -> JsonResponse:
    """GET ?q=: people, conversations by number and orders, in both keyboard layouts."""
    user = me(request)
    query = request.GET.get("q", "").strip()[:100]
    groups: list[dict[str, Any]] = []
    if query:
        found = _people(user.organisation_id, query) if policy.can(user, "customer.read") else []
        groups.append({"title": _("Customers"), "items": found})
        talks = _conversations(user, query, found)
        groups.append({"title": _("Conversations"), "items": talks})
        if policy.can(user, "customer.read"):
            groups.append({"title": _("Orders"), "items": _orders(user.organisation_id, query)})
    return JsonResponse({"groups": [group for group in groups if group["items"]]})


def _people(organisation_id: int, query: str) -> list[dict[str, Any]]:
    """Whole words in any form first, then beginnings of names."""
    rows: dict[int, Customer] = {}
    for text in variants(query):
        if len(rows) < HITS:
            for row in people.find(organisation_id, text, limit=HITS)[:HITS]:
                rows.setdefault(row.pk, row)
    if len(rows) < HITS:
        starts = Q()
        for text in variants(query):
            for each in {text, text.capitalize(), text.title()}:
                starts |= Q(name__startswith=each) | Q(name__contains=f" {each}")
        for row in people.customers(organisation_id).filter(starts)[:HITS]:
            rows.setdefault(row.pk, row)
    return [
        {
            "title": str(row),
            "sub": row.city,
            "icon": "people",
            "url": _address("customer", row.pk, "people"),
            "id": row.pk,
        }
        for row in list(rows.values())[:HITS]
    ]


def _conversations(user: Any, query: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By number, and the latest of the people found."""
    number = query.lstrip("#№").strip()
    wanted = Q(customer_id__in=[each["id"] for each in found])
    if number.isdecimal() and len(number) <= 18:  # noqa: PLR2004 what a bigint holds
        wanted |= Q(pk=int(number))
    rows = inbox.visible_to(user).filter(wanted).order_by("-last_message_at")[:HITS]
    return [
        {
            "title": row.customer_name or f"#{row.pk}",
            "sub": row.subject,
            "note": f"№ {row.pk}",
            "icon": "inbox",
            "url": _address("conversation", row.pk, "inbox"),
        }
        for row in rows
    ]


def _orders(organisation_id: int, query: str) -> list[dict[str, Any]]:
    wanted = Q()
    for text in (*variants(query), query.upper()):
        wanted |= Q(number__istartswith=text) | Q(number__iendswith=text)
    rows = (
        Order.objects.filter(organisation_id=organisation_id).filter(wanted).select_related("customer")[:HITS]
    )
    return [
        {
            "title": row.number,
            "sub": str(row.customer) if row.customer else "",
            "icon": "box",
            "url": _address("customer", row.customer_id, "people") if row.customer_id else reverse("people"),
        }
        for row in rows
    ]


def _address(name: str, pk: int, otherwise: str) -> str:
    """The page of one thing; its section while that page does not exist."""
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return f"{reverse(otherwise)}?open={pk}"


class ServerError(OtklikError):
    code = "server_error"
    status = 500


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 in the house's words; the same for what is missing and for what is not allowed."""
    speak_to(request)
    if request.headers.get("HX-Request"):
        return error_answer(request, NotFound())
    context = {"error": NotFound(), "title": _("Nothing here"), "icon_name": "search"}
    return render(request, "web/error.html", context, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 without a traceback; the number is in the log beside it. Works when the database does not."""
    reference = uuid.uuid4().hex[:8].upper()
    log.error("error number %s", reference)
    error = ServerError(_("The server did not manage. Your work is safe; try again in a minute."))
    if request.headers.get("HX-Request"):
        response = render(None, "web/_error.html", {"error": error}, status=500)
        response["HX-Retarget"], response["HX-Reswap"] = "#o-alerts", "innerHTML"
        response["HX-Push-Url"] = "false"
        return response
    return render(None, "web/500.html", {"error": error, "reference": reference}, status=500)
