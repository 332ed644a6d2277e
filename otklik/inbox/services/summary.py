"""What the row of a conversation says about its messages: kept as it was, put back, or counted anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q

from otklik.inbox.models import Conversation, ConversationState, Direction, Message
from otklik.inbox.services import standing
from otklik.inbox.services.text import shorten

STATE = ("state", "closed_at", "snoozed_until", "returned_from_snooze", "assignee_id", "team_id")
CLOCKS = ("waiting_since", "first_response_at")
CONTENT = (
    "last_message_at",
    "last_inbound_at",
    "last_message_id",
    "last_inbound_id",
    "preview",
    "preview_by_us",
    "message_count",
    "trouble",
)
FIELDS = (*STATE, *CLOCKS, *CONTENT)
_MOMENTS = frozenset(
    {"closed_at", "snoozed_until", "waiting_since", "first_response_at", "last_message_at", "last_inbound_at"}
)
TROUBLE = ("uncertain", "failed")  # the worse first
SCHEDULED = "scheduled"  # an answer to be sent later: until it leaves it has not been said
IMPORTED_ANSWER = "imported.answer"  # code of a note that was an answer in another help desk
_OURS_ELSEWHERE = Q(direction=Direction.NOTE, event__code=IMPORTED_ANSWER)


def snapshot(conversation: Conversation) -> dict[str, Any]:
    """The row's changing fields as plain JSON."""
    values = {name: getattr(conversation, name) for name in FIELDS}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def restore(conversation: Conversation, before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Put back every field that is still as the undone step left it; later changes of others stay.

    Returns the names of changed fields; the caller saves. State and its moments go together.
    """
    now = snapshot(conversation)
    same_state = all(now[name] == after.get(name, now[name]) for name in STATE[:4])
    changed = set()
    for name in FIELDS:
        if name not in before or before[name] == now[name]:
            continue
        keep = not same_state if name in STATE[:4] else name in after and now[name] != after[name]
        if not keep:
            setattr(conversation, name, _value(name, before[name]))
            changed.add(name)
    return changed | _read_anew(conversation) if "last_inbound_id" in changed else changed


def _read_anew(conversation: Conversation) -> set[str]:
    """Another newest message: another reading stands for the conversation."""
    standing.settle([conversation])
    return set(standing.COLUMNS)


def _value(name: str, stored: Any) -> Any:
    return datetime.fromisoformat(stored) if name in _MOMENTS and stored else stored


def recount(conversation: Conversation) -> set[str]:
    """Take what follows from the messages from them; returns the names of fields, the caller saves."""
    talk = conversation.messages.filter(Q(direction__in=(Direction.IN, Direction.OUT)) | _OURS_ELSEWHERE)
    talk = talk.exclude(delivery_state=SCHEDULED)
    theirs = Q(direction=Direction.IN)
    person = Q(direction=Direction.IN, auto="none")
    numbers = talk.aggregate(
        count=Count("pk"),
        inbound_id=Max("pk", filter=theirs),
        inbound_at=Max("occurred_at", filter=person),
        first_out=Min("occurred_at", filter=~theirs),
        last_out=Max("pk", filter=Q(direction=Direction.OUT)),
    )
    last = talk.order_by("-occurred_at", "-id").first()
    conversation.message_count = numbers["count"]
    conversation.last_inbound_id = numbers["inbound_id"] or 0
    conversation.last_inbound_at = numbers["inbound_at"]
    conversation.first_response_at = numbers["first_out"]
    conversation.last_message_id = last.pk if last else 0
    conversation.last_message_at = last.occurred_at if last else conversation.created_at
    conversation.preview = preview(last) if last else ""
    conversation.preview_by_us = last is not None and last.direction != Direction.IN
    conversation.waiting_since = waiting_since(conversation, numbers["last_out"] or 0)
    conversation.trouble = trouble(conversation)
    return {*CONTENT, *CLOCKS, *_read_anew(conversation)}


def preview(message: Message) -> str:
    """The line of the list; a text that its author deleted is not shown."""
    return "" if message.deleted_at else shorten(message.text or message.subject, 200)


def waiting_since(conversation: Conversation, last_out_id: int | None = None) -> datetime | None:
    """When the oldest unanswered message of the customer was written; None when nothing is open.

    Our answer settles what had arrived before it. An answer of another help desk settles what was written
    before it: in an export the rows may stand in any order.
    """
    if conversation.state in (ConversationState.CLOSED, ConversationState.WAITING):
        return None
    if last_out_id is None:
        said = conversation.messages.filter(direction=Direction.OUT).exclude(delivery_state=SCHEDULED)
        last_out_id = said.aggregate(n=Max("pk"))["n"] or 0
    unanswered = conversation.messages.filter(direction=Direction.IN, auto="none", pk__gt=last_out_id)
    elsewhere = conversation.messages.filter(_OURS_ELSEWHERE).aggregate(last=Max("occurred_at"))["last"]
    if elsewhere is not None:
        unanswered = unanswered.filter(occurred_at__gt=elsewhere)
    found: datetime | None = unanswered.aggregate(first=Min("occurred_at"))["first"]
    return found


def trouble(conversation: Conversation) -> str:
    """The worst trouble of its answers."""
    states = set(
        conversation.messages.filter(direction=Direction.OUT, delivery_state__in=TROUBLE).values_list(
            "delivery_state", flat=True
        )
    )
    return next((state for state in TROUBLE if state in states), "")
