"""The card beside a conversation, and the two parts of it that are edited in place."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.kernel.errors import Conflict, OtklikError
from otklik.people import history, kinds, queries
from otklik.people.models import Customer
from otklik.people.sentences import LANGUAGES, PREFERRED_CHANNELS, WEEKDAYS, ZONES, zone_title
from otklik.people.services import identities, profile
from otklik.people.views.common import number, reader


@login_required
@require_GET
def card(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Fragment for the thread: who this is, how to talk to them, orders, what was before."""
    user = reader(request)
    customer = queries.customer(user.organisation_id, customer_id)
    return render(
        request, "people/_card.html", card_context(user, customer, number(request.GET.get("conversation")))
    )


def card_context(user: User, customer: Customer, conversation_id: int = 0) -> dict[str, Any]:
    """What `people/_card.html` needs; for those who render it inside their own page."""
    org = user.organisation_id
    return {
        **handling_context(user, customer),
        "conversation_id": conversation_id,
        "faces": history.faces(org, customer),
        "orders": history.orders(org, customer.pk, limit=5),
        "timeline": history.timeline(org, customer.pk, limit=8),
        "duplicates": queries.duplicates(org, customer.pk),
    }


def handling_context(user: User, customer: Customer) -> dict[str, Any]:
    return {
        "customer": customer,
        "wishes": history.wishes(customer),
        "version": profile.version(customer),
        "may_write": policy.can(user, "customer.write"),
    }


@login_required
@require_http_methods(["GET", "POST"])
def handling(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The section «Как общаться»: read, `?edit=1` the form, POST saves and shows it again."""
    return _section(request, customer_id, "handling", profile.HANDLING)


@login_required
@require_http_methods(["GET", "POST"])
def details(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Name, city, phone, mail of the page: as `handling`."""
    return _section(request, customer_id, "details", profile.PROFILE)


def _section(request: HttpRequest, customer_id: int, part: str, fields: tuple[str, ...]) -> HttpResponse:
    user = reader(request)
    customer = queries.customer(user.organisation_id, customer_id)
    values: dict[str, Any] = {field: getattr(customer, field) for field in fields}
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        values = {field: _posted(request, field) for field in fields}
        try:
            customer = profile.update(customer_id, values, by=user, seen=request.POST.get("seen", ""))
        except profile.InvalidProfile as error:
            errors, status = error.errors, error.status
        except Conflict as error:
            errors, status = {"": error.sentence}, error.status
            customer.refresh_from_db()
    edit = bool(errors) or (request.method == "GET" and request.GET.get("edit") == "1")
    if edit:
        policy.require(user, "customer.write")
    context = {
        **handling_context(user, customer),
        "values": values,
        "errors": errors,
        **_choices(user, values),
    }
    context["saved"] = request.method == "POST"
    template = f"people/_{part}_form.html" if edit else f"people/_{part}.html"
    if not request.headers.get("HX-Request") and not edit:
        return redirect("people-page", customer.pk)
    if not request.headers.get("HX-Request"):
        context["part"] = template
        template = "people/section.html"
    return render(request, template, context, status=status)


def _posted(request: HttpRequest, field: str) -> object:
    if field == "contact_days":
        return "".join(request.POST.getlist(field))
    value = request.POST.get(field, "")
    return value == "on" if field in profile.FLAGS else value


def _choices(user: User, values: dict[str, Any]) -> dict[str, Any]:
    zone = str(values.get("time_zone") or "")
    return {
        "weekdays": [(str(number), title) for number, title in enumerate(WEEKDAYS)],
        "zones": [*([(zone, zone)] if zone and zone not in ZONES else []), *ZONES.items()],
        "own_zone": zone_title(user.organisation.time_zone),
        "channels": [(kind, kinds.title(kind), kinds.icon(kind)) for kind in PREFERRED_CHANNELS],
        "languages": list(LANGUAGES.items()),
        "address_forms": [("vy", _("«вы»")), ("ty", _("«ты»")), ("", _("Not known"))],
    }


@login_required
@require_POST
def add_identity(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One more address; when it is somebody else's the page offers to compare the two cards."""
    user = reader(request)
    kind, value = request.POST.get("kind", ""), request.POST.get("external_id", "")
    try:
        identities.add(customer_id, kind, value, by=user)
    except identities.Taken as error:
        messages.error(request, error.sentence, extra_tags=f"merge:{error.data['customer_id']}")
    except OtklikError as error:
        messages.error(request, error.sentence)
    return redirect("people-page", customer_id)


@login_required
@require_POST
def remove_identity(request: HttpRequest, identity_id: int) -> HttpResponse:
    user = reader(request)
    removal = identities.remove(identity_id, by=user)
    text = _("Removed: %(value)s") % {"value": removal.identity["external_id"]}
    back = reverse("people-identity-restore", args=[removal.pk])
    messages.success(request, text, extra_tags=back)  # the toast offers the way back
    return redirect("people-page", removal.customer_id)


@login_required
@require_POST
def restore_identity(request: HttpRequest, removal_id: int) -> HttpResponse:
    """Take a removal back; when the address has become somebody else's, the page offers to compare."""
    user = reader(request)
    customer_id = queries.removal(user.organisation_id, removal_id).customer_id
    try:
        identities.restore(removal_id, by=user)
    except identities.Taken as error:
        messages.error(request, error.sentence, extra_tags=f"merge:{error.data['customer_id']}")
    answer = redirect("people-page", customer_id)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


@login_required
@require_POST
def split_identity(request: HttpRequest, identity_id: int) -> HttpResponse:
    """The new customer's page opens; it is joined again by merging."""
    user = reader(request)
    try:
        return redirect("people-page", identities.split(identity_id, by=user).pk)
    except Conflict as error:
        messages.error(request, error.sentence)
    return redirect("people-page", queries.identity(user.organisation_id, identity_id).customer_id)
