"""The three panes: the list, the thread, the card; whole or the part that htmx asks for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.analysis import queries as analysis
from otklik.channels import queries as channels
from otklik.inbox import forms, presenters, queries, thread_queries
from otklik.inbox.models import Conversation, ConversationState, Label
from otklik.inbox.queries import Filters
from otklik.inbox.templatetags.inbox import channel_name
from otklik.inbox.views import reading
from otklik.inbox.views.common import StaffRequest, reads
from otklik.inbox.views.composing import composer
from otklik.people import history
from otklik.people import queries as people

ACTING = ("reply", "note", "assign", "close", "label", "merge", "bulk")


@reads
def index(request: StaffRequest) -> HttpResponse:
    """The inbox with no conversation open."""
    filters = forms.filters_of(request.GET)
    if request.htmx and request.htmx.target == "pane-list":
        return render(request, "inbox/_list.html", list_context(request, filters))
    context = page_context(request, filters)
    context["write"] = forms.whole(request.GET.get("write", ""))  # opens the letter to this customer
    return render(request, "inbox/page.html", context)


@reads
def thread(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """A conversation: the whole page, or the pane and card when htmx asks for them."""
    filters = forms.filters_of(request.GET)
    conversation = queries.conversation(request.user, conversation_id)
    context = thread_context(request, conversation, filters)
    if request.htmx and request.htmx.target == "pane-thread":
        return render(request, "inbox/_panes.html", {**context, **rights(request)})
    context |= page_context(request, filters, current=conversation.pk)
    return render(request, "inbox/page.html", {**context, "pane": "thread"})


@reads
def card(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """The customer card: an address of its own, which a phone shows alone."""
    filters = forms.filters_of(request.GET)
    conversation = queries.conversation(request.user, conversation_id)
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "inbox/_card.html", card_context(request, conversation, filters))
    context = thread_context(request, conversation, filters) | page_context(
        request, filters, current=conversation.pk
    )
    return render(request, "inbox/page.html", {**context, "pane": "card"})


@reads
def stream(request: StaffRequest, conversation_id: int) -> HttpResponse:
    """Head and messages from `first` on (`more=1`: and a step above it), without the composer: what is being typed
    stays untouched."""
    filters = forms.filters_of(request.GET)
    conversation = queries.conversation(request.user, conversation_id)
    context = thread_context(request, conversation, filters, with_composer=False)
    return render(request, "inbox/_stream.html", {**context, **rights(request)})


@reads
def more(request: StaffRequest) -> HttpResponse:
    """The next page of the list."""
    filters = forms.filters_of(request.GET)
    found = reading.page(request.user, filters, after=request.GET.get("after", ""))
    return render(
        request, "inbox/_rows.html", {"page": found, "query": forms.address(filters), "filters": filters}
    )


@reads
def rows(request: StaffRequest) -> HttpResponse:
    """Lines by number, to refresh them where they stand."""
    filters = forms.filters_of(request.GET)
    ids = forms.ids_of(request.GET.get("ids", "").split(","))[:100]
    found = reading.some(request.user, filters, ids, current=forms.whole(request.GET.get("current", "")))
    return render(request, "inbox/_lines.html", {"lines": found})


@reads
def counts(request: StaffRequest) -> JsonResponse:
    """Numbers beside the section, the views and the saved views; how much is unread and mine (for the title)."""
    who = request.user
    saved = {
        f"saved-{one.pk}": queries.filtered(who, forms.stored(one.filters))
        .order_by()
        .values("pk")[:1000]
        .count()
        for one in queries.saved_views(who)[:30]
    }
    return JsonResponse(
        {**queries.counts(who), **saved, "inbox": queries.to_do(who), "unread": queries.unread_of_mine(who)}
    )


@reads
def filter_dialog(request: StaffRequest) -> HttpResponse:
    """Every field the list can be narrowed by."""
    who = request.user
    filters = forms.filters_of(request.GET)
    daily, rest = forms.reading_choices(filters, analysis.causes(who.organisation_id).offered)
    context = {
        "filters": filters,
        "readings": daily,
        "more_readings": rest,
        "more_chosen": any(one.chosen for one in rest) or bool(filters.sure),
        "states": ConversationState.choices,
        "kinds": [(kind, channel_name(kind)) for kind in reading.kinds(who)],
        "accounts": channels.accounts(who.organisation_id),
        "staff": accounts.staff(who.organisation_id),
        "teams": accounts.teams(who.organisation_id),
        "labels": queries.labels(who.organisation_id),
        "places": forms.PLACES.items(),
        "sources": reading.sources(who),
        "ratings": (1, 2, 3, 4, 5),
        "orders": [(key, forms.ORDER_TITLES[key]) for key in forms.DAILY_ORDERS],
        "label_orders": [
            (key, title) for key, title in forms.ORDER_TITLES.items() if key not in forms.DAILY_ORDERS
        ],
    }
    return render(request, "inbox/dialogs/filter.html", context)


def rights(request: StaffRequest) -> dict[str, Any]:
    """What the person may do, so that a button can say why it does not work."""
    return {"may": {name: policy.can(request.user, f"conversation.{name}") for name in ACTING}}


def list_context(request: StaffRequest, filters: Filters, *, current: int = 0) -> dict[str, Any]:
    who = request.user
    saved = list(queries.saved_views(who))
    chosen = forms.whole(request.GET.get("saved", ""))
    active = next((one for one in saved if one.pk == chosen), None)
    asked = any(
        value != forms.DEFAULTS[key] for key, value in asdict(filters).items() if key not in ("view", "order")
    )
    return {
        "filters": filters,
        "query": forms.address(filters),
        "page": reading.page(who, filters, current=current),
        "chips": _chips(who.organisation_id, filters),
        "title": active.name if active else queries.VIEWS[filters.view],
        "active_view": active,
        "asked": asked,
        "views": [
            {"key": key, "title": title, "url": f"/inbox/{forms.address(Filters(view=key))}"}
            for key, title in queries.VIEWS.items()
        ],
        "saved": [
            {
                "id": one.pk,
                "title": one.name,
                "url": f"/inbox/{forms.address(forms.stored(one.filters), saved=one.pk)}",
                "own": one.owner_id == who.pk,
            }
            for one in saved
        ],
        "order_choices": [
            {
                "title": title,
                "url": f"/inbox/{forms.address(filters.with_(order=key))}",
                "on": key == filters.order,
            }
            for key, title in forms.ORDER_TITLES.items()
            if key in forms.DAILY_ORDERS or key == filters.order
        ],
        "order_title": forms.ORDER_TITLES[filters.order],
        "all_url": f"/inbox/{forms.address(Filters(query=filters.query))}",
        "bare_url": f"/inbox/{forms.address(Filters(view=filters.view))}",
        "current": current,
        **rights(request),
    }


def _chips(organisation_id: int, filters: Filters) -> list[forms.Chip]:
    """Names are looked up only for the filters in force."""
    return forms.chips(
        filters,
        forms.Names(
            users=dict(accounts.staff(organisation_id).values_list("pk", "name"))
            if filters.assignees
            else {},
            teams=dict(accounts.teams(organisation_id).values_list("pk", "name")) if filters.teams else {},
            labels=dict(
                Label.objects.filter(pk__in=filters.labels, organisation_id=organisation_id).values_list(
                    "pk", "name"
                )
            )
            if filters.labels
            else {},
            accounts=dict(channels.accounts(organisation_id).values_list("pk", "name"))
            if filters.accounts
            else {},
            channels={kind: channel_name(kind) for kind in filters.channels},
            customer=people.customer(organisation_id, filters.customer).name if filters.customer else "",
            causes=analysis.causes(organisation_id).titles if filters.causes else {},
        ),
    )


def page_context(request: StaffRequest, filters: Filters, *, current: int = 0) -> dict[str, Any]:
    """The whole page: navigation with numbers, the list."""
    context = list_context(request, filters, current=current)
    numbers = queries.counts(request.user)
    for view in context["views"]:
        view["count"] = numbers[view["key"]]
    return {**context, "views_template": "inbox/_views.html", "pane": "list"}


def thread_context(
    request: StaffRequest, conversation: Conversation, filters: Filters, *, with_composer: bool = True
) -> dict[str, Any]:
    """A conversation in a fixed number of queries, however long it is; of a long one its end."""
    who = request.user
    window = thread_queries.window(
        who,
        conversation.pk,
        first=request.GET.get("first", ""),
        more=thread_queries.STEP if request.GET.get("more") else 0,
    )
    seen_id = reading.seen_up_to(who, conversation.pk)
    facts = channels.facts(conversation.account_id)
    context: dict[str, Any] = {
        "conversation": conversation,
        "items": presenters.thread_items(window.messages, conversation, seen_id=seen_id),
        "window": window,
        "newest_id": window.newest_id,
        "last_id": window.last_id,
        "conversation_labels": reading.labels_of(conversation.pk),
        "notices": reading.notices(conversation),
        "linked": reading.links(who, conversation.pk),
        "facts": facts,
        "query": forms.address(filters),
        "back": f"/inbox/{forms.address(filters)}",
        "may_see_deleted": policy.can(who, "conversation.deleted_copy"),
        "reminders": reading.reminders(who, conversation.pk),
    }
    if with_composer:
        context |= composer(request, conversation, facts, newest_id=window.newest_id, public=window.public)
        context |= card_context(request, conversation, filters)
    return context


def card_context(request: StaffRequest, conversation: Conversation, filters: Filters) -> dict[str, Any]:
    who = request.user
    customer = conversation.customer
    return {
        "conversation": conversation,
        "customer": customer,
        "wishes": history.wishes(customer),
        "identities": list(customer.identities.all()),
        "orders": list(people.orders(who.organisation_id, customer.pk)[:6])
        if policy.can(who, "customer.read")
        else [],
        "earlier": reading.earlier(who, conversation),
        "query": forms.address(filters),
    }
