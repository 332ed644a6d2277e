"""Answers to be sent later: taken back, sent at once, and held when the customer writes first.

Until it leaves such an answer has not been said: the customer goes on waiting, the clocks run on
(`delivery_news` moves the conversation when it leaves).
"""

from __future__ import annotations

from django.db import transaction

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels import delivery
from otklik.inbox import ports
from otklik.inbox.events import TOPIC_MESSAGE_CHANGED, TOPIC_PERSONAL, MessageReceived
from otklik.inbox.models import Conversation, Direction, Draft, Message
from otklik.inbox.services import drafts, wishes
from otklik.inbox.services.reply import lock
from otklik.inbox.services.state import system_line
from otklik.inbox.services.summary import SCHEDULED
from otklik.kernel import clock, events
from otklik.people.events import ContactStopped


def customer_wrote(event: MessageReceived) -> None:
    """Handler of MessageReceived: an answer written before this message may be wrong now, so it waits for a person."""
    if event.is_new_conversation:
        return
    waiting = Message.objects.filter(
        conversation_id=event.conversation_id, direction=Direction.OUT, delivery_state=SCHEDULED
    )
    ids = list(waiting.values_list("pk", flat=True))
    if not ids or Message.objects.get(pk=event.message_id).auto != "none":
        return
    conversation = Conversation.objects.select_for_update().get(pk=event.conversation_id)
    for pk in ids:
        _hold(conversation, pk)


def contact_stopped(event: ContactStopped) -> None:
    """Handler of ContactStopped: what was planned for this customer waits for a person, too."""
    waiting = Message.objects.filter(
        organisation_id=event.organisation_id,
        conversation__customer_id=event.customer_id,
        conversation__merged_into=None,
        direction=Direction.OUT,
        delivery_state=SCHEDULED,
    )
    for pk, conversation_id in list(waiting.order_by("pk").values_list("pk", "conversation_id")):
        _hold(Conversation.objects.select_for_update().get(pk=conversation_id), pk, "message.held_stopped")


def _hold(conversation: Conversation, message_id: int, why: str = "message.held") -> None:
    try:
        draft = drafts.take_back(conversation, message_id, by=audit.SYSTEM)
    except drafts.TooLate:  # it began to leave in this very moment
        return
    system_line(conversation, why, None, user=draft.user.name)
    events.publish(
        TOPIC_PERSONAL,
        conversation.organisation_id,
        user_id=draft.user_id,
        kind="held",
        conversation_id=conversation.pk,
    )


@transaction.atomic
def cancel(message_id: int, *, by: User) -> Draft:
    """Anybody who may answer takes it back; it is a draft of its author again. Raises NotFound, Forbidden, TooLate."""
    conversation, message = _planned(message_id, by)
    return drafts.take_back(conversation, message.pk, by=by)


@transaction.atomic
def send_now(message_id: int, reason: str = "", *, by: User) -> Message:
    """Let it leave at once. Raises NotFound, Forbidden, TooLate, NeedsReason when the customer wished otherwise."""
    conversation, message = _planned(message_id, by)
    aspects = wishes.of_answer(
        conversation, visibility=message.visibility, text=message.text, moment=clock.now()
    )
    message.deviation = wishes.settle(aspects, reason or message.deviation.get("reason", ""))
    message.due_at = clock.now()
    if not delivery.hasten(message.pk):
        raise drafts.TooLate
    message.save(update_fields=["deviation", "due_at"])
    audit.record(
        "message.hastened",
        organisation_id=message.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        reason=message.deviation.get("reason", ""),
        message_id=message.pk,
        deviation=[one["code"] for one in message.deviation.get("aspects", [])],
    )
    events.publish(
        TOPIC_MESSAGE_CHANGED,
        message.organisation_id,
        conversation_id=conversation.pk,
        message_id=message.pk,
        change="hastened",
    )
    return message


def _planned(message_id: int, by: User) -> tuple[Conversation, Message]:
    found = Message.objects.filter(
        pk=message_id, organisation_id=by.organisation_id, direction=Direction.OUT
    ).first()
    if found is None:
        raise ports.NotFound
    conversation = lock(found.conversation_id, by)
    policy.require(by, "conversation.reply", conversation)
    message = Message.objects.select_for_update().get(pk=message_id)
    if message.delivery_state != SCHEDULED:
        raise drafts.TooLate
    return conversation, message
