"""Answers being written: they survive everything, and come back when a sent answer is taken back in time."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels import delivery
from otklik.inbox import ports
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE_CHANGED, TOPIC_PERSONAL
from otklik.inbox.models import Attachment, Conversation, Direction, Draft, Message, Participant, ThreadKey
from otklik.inbox.services import summary
from otklik.inbox.services.receive import SEARCH_KIND
from otklik.inbox.services.reply import gone, lock
from otklik.kernel import clock, events, textindex
from otklik.kernel.errors import Conflict, Invalid

MODES = ("public", "private", "note")
MAX_TEXT = 200_000


class TooLate(Conflict):
    code = "too_late"
    text = _("The answer has already left and cannot be taken back. Write once more if something is wrong.")


@transaction.atomic
def save(  # noqa: PLR0913 a draft has these parts
    conversation_id: int,
    mode: str,
    text: str,
    *,
    by: User,
    recipients: dict[str, Any] | None = None,
    seen_message_id: int = 0,
) -> Draft:
    """Keep what is being written. `recipients` None leaves them as they are. Raises NotFound, Invalid."""
    _require_mode(mode)
    if len(text) > MAX_TEXT:
        raise Invalid(
            _("The text has %(length)s characters, at most %(limit)s can be kept."),
            length=len(text),
            limit=MAX_TEXT,
        )
    conversation = _mine(conversation_id, by)
    draft, created = Draft.objects.select_for_update().get_or_create(
        conversation=conversation,
        user=by,
        mode=mode,
        defaults={
            "text": text,
            "recipients": recipients or {},
            "based_on_message_id": seen_message_id,
            "updated_at": clock.now(),
        },
    )
    was_empty = created or not draft.text
    if not created:
        draft.text = text
        draft.updated_at = clock.now()
        draft.based_on_message_id = seen_message_id or draft.based_on_message_id
        if recipients is not None:
            draft.recipients = recipients
        draft.save(update_fields=["text", "updated_at", "based_on_message_id", "recipients"])
    if was_empty != (not text):
        _tell(by, conversation.pk)
    return draft


@transaction.atomic
def discard(conversation_id: int, mode: str, *, by: User) -> None:
    """Throw a draft away with its files; nothing happens when there is none."""
    _require_mode(mode)
    conversation = _mine(conversation_id, by)
    deleted, _rows = Draft.objects.filter(conversation=conversation, user=by, mode=mode).delete()
    if deleted:
        _tell(by, conversation.pk)


def _require_mode(mode: str) -> None:
    if mode not in MODES:
        raise Invalid(_("A draft is public, private or a note."), field="mode")


def _mine(conversation_id: int, by: User) -> Conversation:
    """The conversation, read without a lock: drafts of one person do not disturb another."""
    policy.require(by, "conversation.read")
    found = Conversation.objects.filter(
        pk=conversation_id, organisation_id=by.organisation_id, merged_into=None
    ).first()
    if found is None:
        raise gone(conversation_id, by)
    return found


def _tell(by: User, conversation_id: int) -> None:
    events.publish(
        TOPIC_PERSONAL, by.organisation_id, user_id=by.pk, kind="draft", conversation_id=conversation_id
    )


@transaction.atomic
def from_cancelled(message_id: int, *, by: User) -> Draft:
    """Undo of send: nothing leaves, the answer is a draft again, the conversation is as it was before.

    Only the author, only while the answer has not started to leave. Raises NotFound, TooLate.
    """
    found = Message.objects.filter(
        pk=message_id, organisation_id=by.organisation_id, direction=Direction.OUT, author_user=by
    ).first()
    if found is None:
        raise ports.NotFound
    conversation = lock(found.conversation_id, by)
    policy.require(by, "conversation.reply", conversation)
    return take_back(conversation, message_id, by=by)


def take_back(conversation: Conversation, message_id: int, *, by: audit.Actor) -> Draft:
    """An answer that has not begun to leave is a draft of its author again; `conversation` is locked.

    Raises TooLate when it is on its way.
    """
    message = Message.objects.select_for_update(of=("self",)).get(pk=message_id)
    if message.delivery_state != "manual" and not delivery.cancel(message.pk):
        raise TooLate
    draft = _restore_draft(message)
    _take_out(message)
    _restore_conversation(conversation, message)
    audit.record(
        "message.cancelled",
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        message_id=message_id,
    )
    events.publish(
        TOPIC_MESSAGE_CHANGED,
        conversation.organisation_id,
        conversation_id=conversation.pk,
        message_id=message_id,
        change="taken_back",
    )
    events.publish(
        TOPIC_CONVERSATION, conversation.organisation_id, conversation_id=conversation.pk, change="taken_back"
    )
    return draft


def _restore_draft(message: Message) -> Draft:
    draft, created = Draft.objects.get_or_create(
        conversation_id=message.conversation_id,
        user_id=message.author_user_id or 0,  # never 0: an answer has an author (a constraint of the table)
        mode=message.visibility,
        defaults={
            "text": message.text,
            "recipients": message.recipients,
            "based_on_message_id": message.undo.get("seen", 0),
            "updated_at": clock.now(),
        },
    )
    if not created:  # something was begun in these seconds: both are kept
        draft.text = f"{message.text}\n\n{draft.text}" if draft.text.strip() else message.text
        draft.updated_at = clock.now()
        draft.save(update_fields=["text", "updated_at"])
    Attachment.objects.filter(message=message).update(message=None, draft=draft)
    return draft


def _take_out(message: Message) -> None:
    """As if it had never been written; the audit and the cancelled delivery remember it."""
    ThreadKey.objects.filter(
        account_id=message.account_id, key=message.wire_id, conversation_id=message.conversation_id
    ).delete()
    Participant.objects.filter(
        conversation_id=message.conversation_id, address__in=message.undo.get("participants", [])
    ).delete()
    textindex.forget(SEARCH_KIND, [message.pk])
    Message.objects.filter(pk=message.pk).delete()


def _restore_conversation(conversation: Conversation, message: Message) -> None:
    before, after = message.undo.get("before", {}), message.undo.get("after", {})
    newer = conversation.messages.filter(
        pk__gt=message.pk, direction__in=(Direction.IN, Direction.OUT)
    ).exists()
    fields = summary.restore(conversation, before, after)
    if newer or not before:
        fields |= summary.recount(conversation)
    conversation.save(update_fields=sorted(fields))
