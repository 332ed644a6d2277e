"""Reads of one conversation's messages: all of them, or the end of a long thread and what lies above it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from otklik.accounts import policy
from otklik.inbox.models import Message
from otklik.inbox.places import place, placed


def thread(who: policy.Principal, conversation_id: int) -> list[Message]:
    """Messages of a conversation in order, with files, authors and revisions, in a fixed number of queries."""
    return _told(_messages(who, conversation_id))


def _messages(who: policy.Principal, conversation_id: int) -> QuerySet[Message]:
    policy.require(who, "conversation.read")
    return Message.objects.filter(conversation_id=conversation_id, organisation_id=who.organisation_id)


def _told(rows: QuerySet[Message]) -> list[Message]:
    return list(
        rows.select_related("author_user", "author_customer")
        .prefetch_related("attachments", "revisions")
        .order_by("occurred_at", "id")
    )


WINDOW = (
    30  # messages a thread opens with: more than one reads at a glance, and drawn in a twentieth of a second
)
STEP = 50  # how many more each step upwards brings
BEGINNING = "0.0"


@dataclass(frozen=True, slots=True)
class Window:
    """The end of a thread, and what is true of the whole.

    `first`: the `place` it begins at; `earlier`: there is more above.
    """

    messages: list[Message]
    first: str
    earlier: bool
    newest_id: int  # the newest word of a customer or ours
    last_id: int  # the newest of all, notes and lines of what happened included
    public: bool  # something was said in public


def window(
    who: policy.Principal, conversation_id: int, *, first: str = "", more: int = 0, size: int = WINDOW
) -> Window:
    """The newest `size` messages; or all from `first` on and `more` above it. Five queries for any length."""
    rows = _messages(who, conversation_id)
    at = placed(first)
    above, count = (rows, size) if at is None else (rows.filter(_behind(at.moment, at.pk)), more)
    keys = list(above.order_by("-occurred_at", "-id").values_list("occurred_at", "id")[: count + 1])
    earlier = len(keys) > count
    start = keys[:count][-1] if keys[:count] else at
    if earlier and start is not None:
        rows = rows.filter(Q(occurred_at__gt=start[0]) | Q(occurred_at=start[0], pk__gte=start[1]))
    said = Q(direction__in=("in", "out"))
    whole = _messages(who, conversation_id).aggregate(
        last=Max("pk"),
        newest=Max("pk", filter=said),
        public=Count("pk", filter=said & Q(visibility="public")),
    )
    return Window(
        messages=_told(rows),
        first=place(*start) if earlier and start is not None else BEGINNING,
        earlier=earlier,
        newest_id=whole["newest"] or 0,
        last_id=whole["last"] or 0,
        public=whole["public"] > 0,
    )


def _behind(moment: datetime, pk: int) -> Q:
    return Q(occurred_at__lt=moment) | Q(occurred_at=moment, pk__lt=pk)
