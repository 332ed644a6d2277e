"""The list of customers, the page of one, a new one by hand, merging."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.kernel.errors import OtklikError
from otklik.people import history, kinds, queries
from otklik.people.models import Customer
from otklik.people.queries import Filters
from otklik.people.sentences import ADDABLE_KINDS, FILTERED_KINDS
from otklik.people.services import merging, profile
from otklik.people.views.card import handling_context
from otklik.people.views.common import number, reader

PAGE = 50


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """`?q=&kind=&late=1&stop=1&noted=1&page=2`; htmx gets the list alone."""
    user = reader(request)
    filters = Filters(
        query=request.GET.get("q", "")[:200],
        kind=request.GET.get("kind", "")[:32],
        late=request.GET.get("late") == "1",
        stop=request.GET.get("stop") == "1",
        noted=request.GET.get("noted") == "1",
    )
    rows = queries.filtered(user.organisation_id, filters).prefetch_related("identities")
    late = queries.late_orders(user.organisation_id).filter(customer=OuterRef("pk"))
    rows = rows.annotate(order_count=Count("orders", distinct=True), is_late=Exists(late))
    paginator = Paginator(rows, PAGE)
    paginator.count = queries.filtered(user.organisation_id, filters).count()
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "filters": filters,
        "page": page,
        "kinds": [(kind, kinds.title(kind)) for kind in FILTERED_KINDS],
        "everybody": queries.customers(user.organisation_id).exists(),
        "may_write": policy.can(user, "customer.write"),
        "may_import": policy.can(user, "order.import"),
    }
    whole = not request.headers.get("HX-Request") or request.headers.get("HX-History-Restore-Request")
    return render(request, "people/list.html" if whole else "people/_list.html", context)


@login_required
@require_GET
def page(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Everything known of one customer. The address of a merged one leads to its survivor."""
    user = reader(request)
    customer = queries.customer(user.organisation_id, customer_id)
    if customer.pk != customer_id:
        return redirect("people-page", customer.pk)
    return render(request, "people/page.html", _page_context(request, user, customer))


def _page_context(request: HttpRequest, user: User, customer: Customer) -> dict[str, Any]:
    org = user.organisation_id
    merges = list(queries.merges(org, customer.pk))
    just_merged = number(request.GET.get("merged"))
    return {
        **handling_context(user, customer),
        "faces": history.faces(org, customer),
        "addable": [(kind, kinds.title(kind)) for kind in ADDABLE_KINDS],
        "orders": history.orders(org, customer.pk, limit=100),
        "timeline": history.timeline(org, customer.pk, limit=100),
        "duplicates": queries.duplicates(org, customer.pk),
        "merges": merges,
        "just_merged": next((one for one in merges if one.pk == just_merged), None),
        "may_merge": policy.can(user, "customer.merge"),
        "actions": history.actions(customer, user),
    }


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A customer written down by hand; what was typed survives a mistake."""
    user = reader(request)
    policy.require(user, "customer.write")
    values = {field: request.POST.get(field, "") for field in profile.PROFILE}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            customer = profile.create(values, by=user)
            return redirect("people-page", customer.pk)
        except profile.InvalidProfile as error:
            errors = error.errors
    context = {"values": values, "errors": errors}
    return render(request, "people/new.html", context, status=422 if errors else 200)


@login_required
@require_GET
def merge_choice(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Find the other card, see both side by side, decide."""
    user = reader(request)
    policy.require(user, "customer.merge")
    customer = queries.customer(user.organisation_id, customer_id)
    query = request.GET.get("q", "")[:200]
    found: list[Customer] = []
    if query.strip():
        rows = (
            queries.find(user.organisation_id, query).exclude(pk=customer.pk).prefetch_related("identities")
        )
        found = list(rows.order_by("-first_seen_at", "-id")[:20])
    other = None
    if other_id := number(request.GET.get("with")):
        other = queries.customer(user.organisation_id, other_id)
        other = None if other.pk == customer.pk else other
    context: dict[str, Any] = {"customer": customer, "query": query, "found": found}
    if other is not None:
        both = sorted((customer, other), key=lambda one: (one.first_seen_at, one.pk))
        context["pair"] = [_column(user, one) for one in both]
        context["other"] = other
    else:
        context["duplicates"] = queries.duplicates(user.organisation_id, customer.pk)
    return render(request, "people/merge.html", context)


def _column(user: User, customer: Customer) -> dict[str, Any]:
    org = user.organisation_id
    return {
        **handling_context(user, customer),
        "faces": history.faces(org, customer),
        "orders": history.orders(org, customer.pk, limit=5),
    }


@login_required
@require_POST
def merge(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Join; the page of the older card opens with the way back on top."""
    user = reader(request)
    done = merging.merge(customer_id, number(request.POST.get("other")), by=user)
    response = redirect("people-page", done.survivor_id)
    response["Location"] += f"?merged={done.pk}"
    return response


@login_required
@require_POST
def unmerge(request: HttpRequest, merge_id: int) -> HttpResponse:
    user = reader(request)
    done = queries.merge(user.organisation_id, merge_id)
    try:
        merging.unmerge(merge_id, by=user)
    except OtklikError as error:
        messages.error(request, error.sentence)
    return redirect("people-page", done.survivor_id)


@login_required
@require_POST
def keep_apart(request: HttpRequest, customer_id: int) -> HttpResponse:
    merging.keep_apart(customer_id, number(request.POST.get("other")), by=reader(request))
    return redirect("people-page", customer_id)
