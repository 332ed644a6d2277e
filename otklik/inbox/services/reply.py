"""An answer: stored and queued in one transaction, leaves after the undo time."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels import delivery
from otklik.channels import queries as channels
from otklik.inbox import ports
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE_CHANGED
from otklik.inbox.models import Conversation, Direction, Draft, Message
from otklik.inbox.services import outgoing, recipients, summary, wishes
from otklik.inbox.services.outgoing import Answer, CannotAnswer
from otklik.kernel import clock, events
from otklik.kernel.errors import Conflict, Invalid, OtklikError

__all__ = [
    "Answer",
    "CannotAnswer",
    "Joined",
    "Newer",
    "by_client_key",
    "decide",
    "gone",
    "lock",
    "mark_posted",
    "reply",
    "retry",
]


class Joined(Conflict):
    """Nothing is sent on by itself: in the other conversation somebody else may be the one who reads it."""

    code = "joined"
    text = _(
        "This conversation is part of No. %(number)s now. Copy your text, open No. %(number)s and send it from there."
    )


class Newer(Conflict):
    code = "newer_message"
    text = _("%(name)s wrote after you began. Read it first; your text is kept as a draft.")


def undo_seconds(by: User) -> int:
    """How long an answer waits so that it can be taken back: the person's own wish, or the installation's."""
    own = by.preferences.get("undo_seconds")
    return int(own) if own is not None else int(settings.UNDO_SECONDS)


def leaves_at(answer: Answer, by: User) -> datetime:
    """When an answer leaves: at the moment chosen, else after the undo time."""
    return answer.send_at or clock.after(undo_seconds(by))


def reply(conversation_id: int, answer: Answer, *, by: User) -> Message:
    """Store the answer and queue its delivery; returns the message, also when `client_key` was used before.

    Where the channel takes no answers from programs but a person can post (`reply_manual`), the message is stored
    with `delivery_state` "manual" and nothing leaves: see `mark_posted`.
    Raises Forbidden, NotFound, Invalid (empty, blanks, too long), CannotAnswer, Newer, Refused, NeedsReason.
    """
    outgoing.require_sendable(answer)
    try:
        with transaction.atomic():
            return _reply(conversation_id, answer, by)
    except IntegrityError:
        # the same click, a moment earlier, in another process
        known = by_client_key(by, answer.client_key)
        if known is None:
            raise
        return known


def by_client_key(by: User, client_key: str) -> Message | None:
    """What this person has sent under a key. Raises Conflict when the key is somebody else's."""
    if not client_key:
        return None
    known = Message.objects.filter(organisation_id=by.organisation_id, client_key=client_key).first()
    if known is not None and known.author_user_id != by.pk:
        raise Conflict(_("This key was used by someone else. Send again with a new key."), code="key_taken")
    return known


def _reply(conversation_id: int, answer: Answer, by: User) -> Message:
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.reply", conversation)
    known = by_client_key(by, answer.client_key)
    if known is not None:
        return known
    facts = channels.facts(conversation.account_id)
    manual = outgoing.require_way_out(facts, answer)
    _require_nothing_newer(conversation, answer)
    ports.require_gates(conversation.pk, answer.text, by.pk)
    aspects = wishes.of_answer(
        conversation, visibility=answer.visibility, text=answer.text, moment=leaves_at(answer, by)
    )
    deviation = wishes.settle(aspects, answer.reason)
    last_in = recipients.last_inbound(conversation)
    message = outgoing.store(conversation, answer, by, facts, last_in, manual=manual, deviation=deviation)
    send(conversation, message, answer, by, manual=manual)
    return message


def send(conversation: Conversation, message: Message, answer: Answer, by: User, *, manual: bool) -> None:
    """Queue what was stored and do everything an answer does; inside the caller's transaction."""
    facts = channels.facts(conversation.account_id)
    files = outgoing.take_files(message, answer.attachment_ids, by)
    if not manual:
        delivery.queue(
            organisation_id=conversation.organisation_id,
            account_id=conversation.account_id,
            message_id=message.pk,
            thread_id=conversation.pk,
            outbound=outgoing.outbound(message, answer, facts, by, files),
            due_at=leaves_at(answer, by),
        )
    outgoing.finish(conversation, message, by)
    Draft.objects.filter(conversation=conversation, user=by, mode=answer.visibility).delete()
    _record(
        "message.sent",
        message,
        by,
        reason=message.deviation.get("reason", ""),
        visibility=message.visibility,
        text=message.text,
        deviation=[one["code"] for one in message.deviation.get("aspects", [])],
        send_at=answer.send_at.isoformat() if answer.send_at else None,
    )


def _record(action: str, message: Message, by: User, **data: Any) -> None:
    audit.record(
        action,
        organisation_id=message.organisation_id,
        by=by,
        kind="conversation",
        object_id=message.conversation_id,
        message_id=message.pk,
        **data,
    )


def lock(conversation_id: int, by: User) -> Conversation:
    """The conversation under a row lock. Raises NotFound, Joined when a colleague has merged it away."""
    found = (
        Conversation.objects.select_for_update()
        .filter(pk=conversation_id, organisation_id=by.organisation_id, merged_into=None)
        .first()
    )
    if found is None:
        raise gone(conversation_id, by)
    return found


def gone(conversation_id: int, by: User) -> OtklikError:
    """Why a conversation cannot be worked on: it is part of another one now, or it is not there (for us)."""
    rows = Conversation.objects.filter(pk=conversation_id, organisation_id=by.organisation_id)
    survivor = rows.values_list("merged_into", flat=True).first()
    return Joined(number=survivor) if survivor else ports.NotFound()


def _require_nothing_newer(conversation: Conversation, answer: Answer) -> None:
    """A robot's letter is no reason to stop; a person's, or a colleague's answer, is."""
    if not answer.seen_message_id:
        return
    newer = (
        conversation.messages.filter(pk__gt=answer.seen_message_id, auto="none")
        .filter(direction__in=(Direction.IN, Direction.OUT))
        .order_by("pk")
        .first()
    )
    if newer is not None:
        raise Newer(name=newer.author_name)


@transaction.atomic
def mark_posted(message_id: int, url: str = "", *, by: User) -> Message:
    """A person has posted the answer on the site; `url` is the proof. Now it counts as an answer.

    Raises NotFound (also when it is not one to post by hand), Invalid for an address that is none.
    """
    conversation, message = _own_way_out(message_id, by)
    policy.require(by, "conversation.reply", conversation)
    if message.delivery_state != outgoing.MANUAL:
        raise ports.NotFound
    url = url.strip()
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
        raise Invalid(
            _("This is not an address of a page. Copy it from the browser, with https://."), field="url"
        )
    message.delivery_state = "sent"
    message.permalink = url[:1000]
    message.save(update_fields=["delivery_state", "permalink"])
    outgoing.answered(conversation, by, close=bool(message.undo.get("close")))
    conversation.save(update_fields=[*summary.STATE, *summary.CLOCKS])
    _record("message.posted", message, by, url=message.permalink)
    _tell(message, "sent")
    return message


def decide(message_id: int, *, arrived: bool, by: User) -> bool:
    """A person says what became of an uncertain answer: it is there, or it must go again. False: decided already."""
    with transaction.atomic():
        conversation, message = _own_way_out(message_id, by)
        policy.require(by, "delivery.resolve", conversation)
        done = delivery.decide(channels.delivery_of(by.organisation_id, message.pk), arrived=arrived)
        if done:
            _record("delivery.decided", message, by, arrived="yes" if arrived else "no")
        return done


def retry(message_id: int, *, by: User) -> bool:
    """Send a failed answer again; False when it is no longer failed."""
    with transaction.atomic():
        conversation, message = _own_way_out(message_id, by)
        policy.require(by, "delivery.resolve", conversation)
        done = delivery.retry(channels.delivery_of(by.organisation_id, message.pk))
        if done:
            _record("delivery.retried", message, by)
        return done


def _own_way_out(message_id: int, by: User) -> tuple[Conversation, Message]:
    found = Message.objects.filter(
        pk=message_id, organisation_id=by.organisation_id, direction=Direction.OUT
    ).first()
    if found is None:
        raise ports.NotFound
    conversation = lock(found.conversation_id, by)
    return conversation, Message.objects.select_for_update().get(pk=message_id)


def _tell(message: Message, state: str) -> None:
    events.publish(
        TOPIC_MESSAGE_CHANGED,
        message.organisation_id,
        conversation_id=message.conversation_id,
        message_id=message.pk,
        delivery=state,
    )
    events.publish(
        TOPIC_CONVERSATION,
        message.organisation_id,
        conversation_id=message.conversation_id,
        change="answered",
    )
