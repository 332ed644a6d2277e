"""Conversations: list, one, and every step of their state."""

from __future__ import annotations

from typing import Any

from ninja import Query, Router, Schema

from otklik.inbox import orders, queries
from otklik.inbox.api.keys import client_key
from otklik.inbox.api.shapes import (
    AssignIn,
    BulkIn,
    BulkOut,
    ConversationList,
    ConversationOut,
    LabelsIn,
    MessageOut,
    SnoozeIn,
    StartIn,
    UndoIn,
    filters_of,
)
from otklik.inbox.models import Conversation, Message
from otklik.inbox.places import place, placed
from otklik.inbox.queries import Filters
from otklik.inbox.services import bulk, labels, reads, reminders, start, state
from otklik.inbox.services.bulk import BulkResult
from otklik.kernel.rest import Call, Done, Given, Id, Moment, Page, cut, not_our_cursor, operation

router = Router(tags=["Conversations"])
KEYSETS = {**orders.ORDERS, "waiting": ("waiting_since", "id")}


@operation(router, "GET", "/conversations", right="conversation.read", answer=Page[ConversationOut])
def list_conversations(request: Call, asked: Query[ConversationList]) -> Any:
    """The inbox with its views, filters and search.

    Without `state`, `q` and `customer` the closed and snoozed ones are left out, as on the screen.
    """
    filters = filters_of(asked)
    rows = queries.filtered(request.auth, filters).prefetch_related("labelled", "marks")
    if asked.order in orders.LADDERS:
        return _by_labels(rows, request.auth, filters, asked)
    if asked.order == "waiting":
        rows = rows.filter(waiting_since__isnull=False)
    items, following = cut(rows, KEYSETS[asked.order], cursor=asked.cursor, limit=asked.limit)
    return {"items": items, "next": following}


def _by_labels(rows: Any, who: Any, filters: Filters, asked: ConversationList) -> dict[str, Any]:
    at = placed(asked.cursor)
    if asked.cursor and at is None:
        raise not_our_cursor()
    found = queries.walk(rows, who, filters, at, asked.limit + 1)
    shown = found[: asked.limit]
    more = shown[-1] if len(found) > asked.limit else None
    return {
        "items": [row for row, _step in shown],
        "next": place(more[0].last_message_at, more[0].pk, more[1]) if more else None,
    }


class CountsOut(Schema):
    """At most 1000 each."""

    counts: dict[str, int]


@operation(router, "GET", "/conversations/counts", right="conversation.read", answer=CountsOut)
def count_conversations(request: Call) -> dict[str, Any]:
    """How many conversations each view holds."""
    return {"counts": queries.counts(request.auth)}


@operation(
    router,
    "POST",
    "/conversations",
    right="conversation.reply",
    answer=MessageOut,
    status=201,
    example={
        "account_id": 1,
        "to": "irina@example.ru",
        "subject": "Ваш заказ",
        "text": "Здравствуйте, Ирина!",
    },
)
def start_conversation(request: Call, data: StartIn) -> Message:
    """Write first."""
    return start.write_first(
        data.account_id,
        to=data.to,
        name=data.name,
        subject=data.subject,
        text=data.text,
        cc=tuple(data.cc),
        reason=data.deviation_reason,
        send_at=data.send_at,
        by=request.auth,
        client_key=client_key(request),
    )


@operation(
    router,
    "POST",
    "/conversations/bulk",
    right="conversation.bulk",
    answer=BulkOut,
    within=False,
    example={"action": "close", "ids": [101, 102]},
)
def bulk_conversations(request: Call, data: BulkIn) -> dict[str, Any]:
    """One action on up to 500 conversations.

    What cannot be done is refused with a sentence, the rest is done.
    """
    params = data.dict(exclude={"action", "ids"}, exclude_unset=True)
    return _bulk(bulk.run(data.action, data.ids, by=request.auth, **params))


@operation(
    router, "POST", "/conversations/bulk/undo", right="conversation.bulk", answer=BulkOut, within=False
)
def undo_bulk(request: Call, data: UndoIn) -> dict[str, Any]:
    """Take a bulk action back."""
    return _bulk(bulk.undo(data.undo_token, by=request.auth))


def _bulk(result: BulkResult) -> dict[str, Any]:
    refused = [{"id": pk, "message": sentence} for pk, sentence in result.refused]
    return {"done": result.done, "refused": refused, "undo_token": result.undo_token}


@operation(
    router, "GET", "/conversations/{conversation_id}", right="conversation.read", answer=ConversationOut
)
def get_conversation(request: Call, conversation_id: Id) -> Conversation:
    """One conversation. The number of a merged one leads to the one that stayed."""
    return queries.conversation(request.auth, conversation_id)


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/assign",
    right="conversation.assign",
    answer=ConversationOut,
    example={"user_id": 7, "team_id": None},
)
def assign_conversation(request: Call, conversation_id: Id, data: AssignIn) -> Conversation:
    """Give to a person, a team, both or nobody."""
    before = queries.conversation(request.auth, conversation_id)
    wanted = {"user_id": before.assignee_id, "team_id": before.team_id, **data.dict(exclude_unset=True)}
    return state.assign(before.pk, by=request.auth, **wanted)


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/close",
    right="conversation.close",
    answer=ConversationOut,
)
def close_conversation(request: Call, conversation_id: Id) -> Conversation:
    """Nothing more to do. A new message opens it again."""
    return state.close(conversation_id, by=request.auth)


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/reopen",
    right="conversation.close",
    answer=ConversationOut,
)
def reopen_conversation(request: Call, conversation_id: Id) -> Conversation:
    """There is something to do."""
    return state.reopen(conversation_id, by=request.auth)


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/wait",
    right="conversation.close",
    answer=ConversationOut,
)
def wait_for_customer(request: Call, conversation_id: Id) -> Conversation:
    """The customer is to answer."""
    return state.wait_for_customer(conversation_id, by=request.auth)


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/snooze",
    right="conversation.close",
    answer=ConversationOut,
    example={"until": "2026-11-23T09:00:00+03:00"},
)
def snooze_conversation(request: Call, conversation_id: Id, data: SnoozeIn) -> Conversation:
    """Put aside until a moment."""
    return state.snooze(conversation_id, data.until, by=request.auth)


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/labels",
    right="conversation.label",
    answer=ConversationOut,
    example={"add": [3], "remove": []},
)
def label_conversation(request: Call, conversation_id: Id, data: LabelsIn) -> Conversation:
    """Put labels on and take them off."""
    for label_id in data.add:
        labels.add(conversation_id, label_id, by=request.auth)
    for label_id in data.remove:
        labels.remove(conversation_id, label_id, by=request.auth)
    return queries.conversation(request.auth, conversation_id)


class SeenIn(Given):
    message_id: Id


@operation(router, "POST", "/conversations/{conversation_id}/seen", right="conversation.read", answer=Done)
def mark_seen(request: Call, conversation_id: Id, data: SeenIn) -> Done:
    """I have read up to this message."""
    reads.seen(conversation_id, data.message_id, by=request.auth)
    return Done()


@operation(router, "POST", "/conversations/{conversation_id}/unread", right="conversation.read", answer=Done)
def mark_unread(request: Call, conversation_id: Id) -> Done:
    """Show it as unread to me."""
    reads.unread(conversation_id, by=request.auth)
    return Done()


class ReminderIn(Given):
    due_at: Moment
    text: str = ""


class ReminderOut(Schema):
    id: int
    conversation_id: int
    due_at: Any
    text: str


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/reminders",
    right="conversation.read",
    answer=ReminderOut,
    status=201,
    example={"due_at": "2026-11-24T10:00:00+03:00", "text": "Спросить про доставку"},
)
def set_reminder(request: Call, conversation_id: Id, data: ReminderIn) -> Any:
    """Remind me of a conversation."""
    return reminders.set(conversation_id, data.due_at, data.text, by=request.auth)


@operation(router, "GET", "/reminders", right="conversation.read", answer=list[ReminderOut])
def list_reminders(request: Call) -> Any:
    """What I wanted to be reminded of and have not finished, the next one first (at most 200)."""
    return reminders.waiting(request.auth)[:200]


@operation(router, "POST", "/reminders/{reminder_id}/done", right="conversation.read", answer=Done)
def finish_reminder(request: Call, reminder_id: Id) -> Done:
    """No longer needed."""
    reminders.done(reminder_id, by=request.auth)
    return Done()
