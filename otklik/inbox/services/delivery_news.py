"""What happens to an answer on its way is shown in its thread; trouble brings the conversation back."""

from __future__ import annotations

from otklik.channels.events import DeliveryChanged
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE_CHANGED
from otklik.inbox.models import Conversation, ConversationState, Message
from otklik.kernel import events

TROUBLE = ("failed", "uncertain")
RANK = {"sent": 1, "reconciled": 1, "delivered": 2, "read": 3}


def delivery_changed(event: DeliveryChanged) -> None:
    """Handler of DeliveryChanged."""
    message = Message.objects.select_for_update().filter(pk=event.message_id).first()
    if message is None:
        return
    message.delivery_state = event.state
    message.delivery_error = event.error if event.state in TROUBLE else ""
    message.save(update_fields=["delivery_state", "delivery_error"])
    _mark_conversation(message)
    events.publish(
        TOPIC_MESSAGE_CHANGED,
        event.organisation_id,
        conversation_id=message.conversation_id,
        message_id=message.pk,
        delivery=event.state,
    )


def _mark_conversation(message: Message) -> None:
    conversation = Conversation.objects.select_for_update().get(pk=message.conversation_id)
    troubled = list(
        conversation.messages.filter(direction="out", delivery_state__in=TROUBLE).values_list(
            "delivery_state", flat=True
        )
    )
    trouble = "uncertain" if "uncertain" in troubled else ("failed" if troubled else "")
    if trouble == conversation.trouble:
        return
    fields = ["trouble"]
    conversation.trouble = trouble
    if trouble and conversation.state in (ConversationState.CLOSED, ConversationState.WAITING):
        conversation.state = ConversationState.OPEN
        conversation.closed_at = None
        fields += ["state", "closed_at"]
    conversation.save(update_fields=fields)
    events.publish(
        TOPIC_CONVERSATION, conversation.organisation_id, conversation_id=conversation.pk, change="trouble"
    )
