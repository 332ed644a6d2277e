"""What happens to an answer on its way is shown in its thread; trouble brings the conversation back."""

from __future__ import annotations

from datetime import datetime

from otklik.channels.events import DeliveryChanged
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE_CHANGED
from otklik.inbox.models import Conversation, ConversationState, Message, ThreadKey
from otklik.inbox.services import outgoing, summary
from otklik.inbox.services.changes import lock_message
from otklik.inbox.services.text import fit
from otklik.kernel import clock, events

TROUBLE = summary.TROUBLE
ARRIVED = ("sent", "reconciled", "delivered", "read")


def delivery_changed(event: DeliveryChanged) -> None:
    """Handler of DeliveryChanged. The conversation is locked before its message, as everywhere."""
    found = lock_message(event.message_id)
    if found is None:
        return
    conversation, message = found
    leaves = message.delivery_state == summary.SCHEDULED and event.state != "cancelled"
    message.delivery_state = event.state
    message.delivery_error = event.error if event.state in TROUBLE else ""
    fields = ["delivery_state", "delivery_error"]
    if event.external_id and event.external_id != message.wire_id:
        fields += _learn_name(message, fit(event.external_id))
    message.save(update_fields=fields)
    if leaves:
        _said_now(conversation, message)
    _mark_conversation(conversation, message)
    events.publish(
        TOPIC_MESSAGE_CHANGED,
        event.organisation_id,
        conversation_id=message.conversation_id,
        message_id=message.pk,
        delivery=event.state,
    )


def _said_now(conversation: Conversation, message: Message) -> None:
    """An answer planned for later leaves: from now on it stands in the thread and counts as an answer."""
    author = message.author_user
    if author is None:  # the database does not allow it
        return
    before = summary.snapshot(conversation)
    message.occurred_at = clock.now()
    outgoing.shown(conversation, message)
    outgoing.answered(conversation, author, close=bool(message.undo.get("close")))
    conversation.save(update_fields=sorted(set(summary.FIELDS)))
    message.undo = {**message.undo, "before": before, "after": summary.snapshot(conversation)}
    message.save(update_fields=["occurred_at", "undo"])
    events.publish(
        TOPIC_CONVERSATION, conversation.organisation_id, conversation_id=conversation.pk, change="answered"
    )


def _learn_name(message: Message, name: str) -> list[str]:
    """How the platform calls our answer: what is said to it finds the thread, and its echo is not a new message."""
    ThreadKey.objects.bulk_create(
        [ThreadKey(account_id=message.account_id, key=name, conversation_id=message.conversation_id)],
        ignore_conflicts=True,
    )
    taken = Message.objects.filter(account_id=message.account_id, external_id=name).exclude(pk=message.pk)
    if taken.exists():
        return []
    message.external_id = name
    return ["external_id"]


def _mark_conversation(conversation: Conversation, message: Message) -> None:
    trouble = summary.trouble(conversation)
    fields = set()
    if trouble != conversation.trouble:
        conversation.trouble = trouble
        fields.add("trouble")
    if message.delivery_state in TROUBLE:
        fields |= _bring_back(conversation, message)
    elif message.delivery_state in ARRIVED and "brought_back" in message.undo:
        fields |= _settle(conversation, message)
    if not fields:
        return
    conversation.save(update_fields=sorted(fields))
    events.publish(
        TOPIC_CONVERSATION, conversation.organisation_id, conversation_id=conversation.pk, change="trouble"
    )


def _bring_back(conversation: Conversation, message: Message) -> set[str]:
    """The customer may have nothing: somebody has to look, and the waiting goes on from where it began."""
    if conversation.state not in (ConversationState.CLOSED, ConversationState.WAITING):
        return set()
    message.undo = {**message.undo, "brought_back": conversation.state}
    message.save(update_fields=["undo"])
    conversation.state = ConversationState.OPEN
    conversation.closed_at = None
    since = message.undo.get("before", {}).get("waiting_since")
    if since and conversation.waiting_since is None:
        conversation.waiting_since = datetime.fromisoformat(since)
    return {"state", "closed_at", "waiting_since"}


def _settle(conversation: Conversation, message: Message) -> set[str]:
    """It has arrived after all: nothing is owed, unless something came in or was done since."""
    came_back = message.undo.pop("brought_back")
    message.save(update_fields=["undo"])
    untouched = (
        conversation.state == ConversationState.OPEN
        and conversation.last_message_id == message.pk
        and not conversation.trouble
    )
    if not untouched:
        return set()
    conversation.waiting_since = None
    conversation.state = ConversationState.WAITING  # also when it was closed: somebody had to look
    return {"state", "waiting_since"} if came_back else set()
