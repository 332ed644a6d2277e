"""Reads of the inbox: what a person may see, the list, the thread. Every list goes through `visible_to`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.inbox.models import (
    Conversation,
    ConversationLabel,
    ConversationState,
    Draft,
    Label,
    Mention,
    Message,
    SavedView,
    Seen,
)
from otklik.kernel import clock, textindex
from otklik.kernel.errors import NotFound

PAGE = 50
SEARCH_KIND = "message"


def visible_to(who: policy.Principal) -> QuerySet[Conversation]:
    """Every conversation a person or key may see."""
    policy.require(who, "conversation.read")
    return Conversation.objects.filter(organisation_id=who.organisation_id, merged_into=None)


def conversation(who: policy.Principal, conversation_id: int) -> Conversation:
    """One conversation, following merges; raises NotFound."""
    policy.require(who, "conversation.read")
    rows = Conversation.objects.select_related("account", "customer", "assignee", "team")
    found = rows.filter(organisation_id=who.organisation_id, pk=conversation_id).first()
    while found is not None and found.merged_into_id is not None:
        found = rows.filter(pk=found.merged_into_id).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list shows. Values are as in the address of the page: `?state=open&label=3&q=доставка`."""

    view: str = "all"  # mine, team, unassigned, waiting, snoozed, mentions, trouble, drafts, all
    states: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    accounts: tuple[int, ...] = ()
    assignees: tuple[int, ...] = ()
    teams: tuple[int, ...] = ()
    labels: tuple[int, ...] = ()
    visibility: str = ""
    ratings: tuple[int, ...] = ()
    customer: int = 0
    source: str = ""
    since: str = ""  # date, inclusive
    until: str = ""
    query: str = ""
    order: str = "newest"  # newest, oldest, waiting

    def with_(self, **changes: Any) -> Filters:
        return replace(self, **changes)


VIEWS: dict[str, Any] = {
    "mine": _("Mine"),
    "team": _("My team"),
    "unassigned": _("Nobody's"),
    "waiting": _("Waiting for the customer"),
    "snoozed": _("Snoozed"),
    "mentions": _("I am mentioned"),
    "drafts": _("My drafts"),
    "trouble": _("Not delivered"),
    "all": _("All"),
}


def filtered(who: User, filters: Filters) -> QuerySet[Conversation]:
    """Conversations of a view and filters, in order; not yet cut into pages."""
    rows = visible_to(who)
    rows = _of_view(rows, who, filters)
    for name, values in (
        ("state", filters.states),
        ("channel_kind", filters.channels),
        ("account_id", filters.accounts),
        ("assignee_id", filters.assignees),
        ("team_id", filters.teams),
        ("rating", filters.ratings),
    ):
        if values:
            rows = rows.filter(**{f"{name}__in": values})
    for label_id in filters.labels:
        rows = rows.filter(Exists(ConversationLabel.objects.filter(conversation=OuterRef("pk"), label_id=label_id)))
    rows = _by_details(rows, filters)
    if filters.query.strip():
        rows = _by_words(rows, who, filters.query)
    return rows.order_by(*ORDERS.get(filters.order, ORDERS["newest"]))


ORDERS: dict[str, tuple[str, ...]] = {
    "newest": ("-last_message_at", "-id"),
    "oldest": ("last_message_at", "id"),
    "waiting": ("waiting_since", "last_message_at", "id"),
}


def _by_details(rows: QuerySet[Conversation], filters: Filters) -> QuerySet[Conversation]:
    if filters.visibility:
        rows = rows.filter(visibility=filters.visibility)
    if filters.customer:
        rows = rows.filter(customer_id=filters.customer)
    if filters.source:
        rows = rows.filter(source=filters.source)
    if filters.since:
        rows = rows.filter(last_message_at__date__gte=filters.since)
    if filters.until:
        rows = rows.filter(last_message_at__date__lte=filters.until)
    return rows


def _of_view(rows: QuerySet[Conversation], who: User, filters: Filters) -> QuerySet[Conversation]:
    active = (ConversationState.OPEN, ConversationState.WAITING)
    view = filters.view
    if view == "mine":
        rows = rows.filter(assignee_id=who.pk)
    elif view == "team":
        rows = rows.filter(team_id__in=list(who.teams.values_list("pk", flat=True)))
    elif view == "unassigned":
        rows = rows.filter(assignee=None)
    elif view == "waiting":
        return rows.filter(state=ConversationState.WAITING)
    elif view == "snoozed":
        return rows.filter(state=ConversationState.SNOOZED)
    elif view == "trouble":
        return rows.exclude(trouble="")
    elif view == "mentions":
        return rows.filter(Exists(Mention.objects.filter(message__conversation=OuterRef("pk"), user_id=who.pk)))
    elif view == "drafts":
        return rows.filter(Exists(Draft.objects.filter(conversation=OuterRef("pk"), user_id=who.pk).exclude(text="")))
    if filters.states or filters.query or filters.customer:
        return rows
    return rows.filter(state=ConversationState.OPEN) if view in ("mine", "team", "unassigned") else rows.filter(
        state__in=active
    )


def _by_words(rows: QuerySet[Conversation], who: User, query: str) -> QuerySet[Conversation]:
    number = query.strip().lstrip("№#")
    if number.isdigit() and rows.filter(pk=int(number)).exists():
        return rows.filter(pk=int(number))
    found = textindex.search(who.organisation_id, SEARCH_KIND, query)
    return rows if found is None else rows.filter(Q(pk__in=found))


@dataclass(slots=True)
class Row:
    """One line of the list with what belongs to the reader."""

    conversation: Conversation
    unread: bool
    labels: list[Label] = field(default_factory=list)
    draft: str = ""


def page(who: User, filters: Filters, *, before: tuple[datetime, int] | None = None, size: int = PAGE) -> list[Row]:
    """One page of the list (newest order is cut by keyset `before`), in a fixed number of queries."""
    rows = filtered(who, filters).select_related("assignee", "team", "account")
    if before is not None:
        moment, pk = before
        rows = rows.filter(Q(last_message_at__lt=moment) | Q(last_message_at=moment, pk__lt=pk))
    found = list(rows[:size])
    ids = [one.pk for one in found]
    seen = dict(Seen.objects.filter(user_id=who.pk, conversation_id__in=ids).values_list("conversation_id", "message_id"))
    drafts = dict(Draft.objects.filter(user_id=who.pk, conversation_id__in=ids).values_list("conversation_id", "text"))
    labels: dict[int, list[Label]] = {}
    for one in ConversationLabel.objects.filter(conversation_id__in=ids).select_related("label").order_by("label__name"):
        labels.setdefault(one.conversation_id, []).append(one.label)
    return [
        Row(
            one,
            unread=not one.preview_by_us and one.last_message_id > seen.get(one.pk, 0),
            labels=labels.get(one.pk, []),
            draft=drafts.get(one.pk, ""),
        )
        for one in found
    ]


def counts(who: User) -> dict[str, int]:
    """Numbers beside the views, one query each, capped at 1000 so that a large inbox stays quick."""
    cap = 1000
    return {
        view: filtered(who, Filters(view=view)).order_by().values("pk")[:cap].count()
        for view in VIEWS
    }


def thread(who: policy.Principal, conversation_id: int) -> list[Message]:
    """Messages of a conversation in order, with files, authors and revisions, in a fixed number of queries."""
    return list(
        Message.objects.filter(conversation_id=conversation_id, organisation_id=who.organisation_id)
        .select_related("author_user", "author_customer")
        .prefetch_related("attachments", "revisions")
        .order_by("occurred_at", "id")
    )


def message(who: policy.Principal, message_id: int) -> Message:
    policy.require(who, "conversation.read")
    found = Message.objects.filter(organisation_id=who.organisation_id, pk=message_id).first()
    if found is None:
        raise NotFound
    return found


def labels(organisation_id: int) -> QuerySet[Label]:
    return Label.objects.filter(organisation_id=organisation_id, archived_at=None).order_by("name")


def saved_views(who: User) -> QuerySet[SavedView]:
    """The person's own and the shared ones."""
    return SavedView.objects.filter(
        Q(owner_id=who.pk) | Q(owner=None), organisation_id=who.organisation_id
    ).order_by("position", "name")


def today() -> str:
    return clock.now().date().isoformat()
