"""What the screen reads besides `queries`: rows with everything a line says, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from otklik.accounts.principals import User
from otklik.inbox import queries
from otklik.inbox.forms import address
from otklik.inbox.models import (
    Conversation,
    ConversationLabel,
    ConversationLink,
    ConversationMerge,
    ConversationSplit,
    ConversationState,
    Draft,
    Label,
    Reminder,
    Seen,
    Template,
)
from otklik.inbox.queries import Filters
from otklik.inbox.services import presence
from otklik.inbox.understood import Glance, glances

PAGE = 40


@dataclass(slots=True)
class Line(queries.Row):
    """A row with what only the screen shows."""

    url: str = ""
    writing: str = ""  # who is typing an answer
    away: bool = False  # no longer in the view that is shown
    read: Glance | None = None  # what was read in the customer's newest message

    @property
    def waits(self) -> bool:
        """The customer waits for us."""
        return (
            self.conversation.waiting_since is not None and self.conversation.state == ConversationState.OPEN
        )


@dataclass(frozen=True, slots=True)
class Page:
    lines: list[Line]
    after: str  # the place to go on from; empty: this is the end
    top: str  # newest moment shown: what comes later is "new"


def page(who: User, filters: Filters, *, after: str = "", current: int = 0, size: int = PAGE) -> Page:
    """One page of the list. `after`: the place a former page named."""
    found = queries.page(who, filters, after=after, size=size + 1)
    more, found = len(found) > size, found[:size]
    top = max((one.conversation.last_message_at for one in found), default=None)
    return Page(
        lines(who, filters, found, current=current),
        found[-1].place if more else "",
        top.isoformat() if top else "",
    )


def some(who: User, filters: Filters, ids: Iterable[int], *, current: int = 0) -> list[Line]:
    """Rows by number, whether or not the view still holds them (`away` says so): to refresh lines in place."""
    wanted = list(ids)
    found = list(
        queries.visible_to(who)
        .filter(pk__in=wanted)
        .select_related("assignee", "team", "account")
        .order_by("-id")
    )
    inside = set(queries.filtered(who, filters).filter(pk__in=wanted).order_by().values_list("pk", flat=True))
    shown = lines(who, filters, queries.rows(who, found), current=current)
    for line in shown:
        line.away = line.conversation.pk not in inside
    return shown


def lines(who: User, filters: Filters, found: Sequence[queries.Row], *, current: int = 0) -> list[Line]:
    """Rows with their addresses and who is typing in them."""
    present = presence.others(who, [row.conversation.pk for row in found])
    query = address(filters)
    read = glances([row.conversation for row in found])
    return [
        Line(
            conversation=row.conversation,
            unread=row.unread and row.conversation.pk != current,
            labels=row.labels,
            draft=row.draft,
            deleted=row.deleted,
            url=f"{reverse('inbox-thread', args=[row.conversation.pk])}{query}",
            read=read.get(row.conversation.pk),
            writing=", ".join(other.name for other in present.get(row.conversation.pk, []) if other.typing),
        )
        for row in found
    ]


def seen_up_to(who: User, conversation_id: int) -> int:
    found = Seen.objects.filter(user_id=who.pk, conversation_id=conversation_id).first()
    return found.message_id if found else 0


def drafts_of(who: User, conversation_id: int) -> dict[str, Draft]:
    """The person's drafts of a conversation by mode, with files."""
    rows = Draft.objects.filter(user_id=who.pk, conversation_id=conversation_id).prefetch_related(
        "attachments"
    )
    return {one.mode: one for one in rows}


def labels_of(conversation_id: int) -> list[Label]:
    rows = ConversationLabel.objects.filter(conversation_id=conversation_id).select_related("label")
    return [row.label for row in rows.order_by("label__name")]


@dataclass(frozen=True, slots=True)
class Notice:
    """A merge or split that can be taken back."""

    kind: str
    id: int
    other: Conversation
    by: str
    at: datetime


def notices(conversation: Conversation) -> list[Notice]:
    merges = ConversationMerge.objects.filter(survivor=conversation, undone_at=None).select_related(
        "merged", "by"
    )
    splits = ConversationSplit.objects.filter(
        Q(source=conversation) | Q(created=conversation), undone_at=None
    ).select_related("source", "created", "by")
    found = [Notice("merge", one.pk, one.merged, one.by.name, one.at) for one in merges]
    for one in splits:
        inner = one.source_id == conversation.pk
        found.append(
            Notice(
                "split" if inner else "part",
                one.pk,
                one.created if inner else one.source,
                one.by.name,
                one.at,
            )
        )
    return sorted(found, key=lambda one: one.at)


def links(who: User, conversation_id: int) -> list[Conversation]:
    """Conversations that look related or were linked, newest first."""
    pairs = ConversationLink.objects.filter(
        Q(first_id=conversation_id) | Q(second_id=conversation_id), removed_at=None
    ).values_list("first_id", "second_id")
    ids = {one for pair in pairs for one in pair} - {conversation_id}
    return list(queries.visible_to(who).filter(pk__in=ids).order_by("-last_message_at")) if ids else []


def earlier(who: User, conversation: Conversation, limit: int = 6) -> list[Conversation]:
    """Other conversations of the same customer, newest first."""
    rows = queries.visible_to(who).filter(customer_id=conversation.customer_id).exclude(pk=conversation.pk)
    return list(rows.order_by("-last_message_at")[:limit])


def reminders(who: User, conversation_id: int) -> list[Reminder]:
    return list(
        Reminder.objects.filter(conversation_id=conversation_id, user_id=who.pk, done_at=None).order_by(
            "due_at"
        )
    )


def sources(who: User) -> list[str]:
    """Sites named by conversations, for the filter."""
    rows = queries.visible_to(who).exclude(source="").order_by("source").values_list("source", flat=True)
    return list(rows.distinct()[:50])


def kinds(who: User) -> list[str]:
    """Channels that conversations came through, for the filter."""
    return list(
        queries.visible_to(who).order_by("channel_kind").values_list("channel_kind", flat=True).distinct()
    )


def template_rows(who: User, channel_kind: str, query: str) -> list[Any]:
    """Templates for a channel whose name or text holds every word of the query."""
    words = [word for word in query.lower().split() if word]
    rows = Template.objects.filter(organisation_id=who.organisation_id, archived_at=None)
    fit = [
        one
        for one in rows.order_by("-uses", "name")
        if not one.channel_kinds or channel_kind in one.channel_kinds
    ]
    return [one for one in fit if all(word in f"{one.name} {one.text}".lower() for word in words)]
