"""An answer: stored and queued in one transaction, leaves after the undo time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels import delivery
from otklik.channels import queries as channels
from otklik.channels.ports import AccountFacts
from otklik.channels.protocol import Outbound, OutboundFile
from otklik.inbox import ports
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE
from otklik.inbox.models import (
    Attachment,
    Conversation,
    ConversationState,
    Direction,
    Draft,
    Message,
    Participant,
    ThreadKey,
)
from otklik.inbox.services.receive import SEARCH_KIND
from otklik.inbox.services.text import search_text, shorten
from otklik.kernel import clock, events, ids, media, textindex
from otklik.kernel.errors import Conflict, Invalid, OtklikError


class CannotAnswer(OtklikError):
    code = "cannot_answer_here"
    status = 409
    text = _("The channel “%(channel)s” does not take answers from here. Answer on the site and note it here.")


class Newer(Conflict):
    code = "newer_message"
    text = _("%(name)s wrote after you began. Read it first; your text is kept as a draft.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operator sends. `client_key` makes a repeated click or request harmless.

    `seen_message_id`: newest message on the operator's screen; a newer one stops the answer (0 = do not check).
    """

    text: str
    visibility: str = "private"
    client_key: str = ""
    cc: tuple[str, ...] = ()
    attachment_ids: tuple[int, ...] = ()
    seen_message_id: int = 0
    close: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def reply(conversation_id: int, answer: Answer, *, by: User) -> Message:
    """Store the answer and queue its delivery; returns the message, also when `client_key` was used before.

    Raises Forbidden, NotFound, Invalid (empty text), CannotAnswer, Newer.
    """
    if not answer.text.strip() and not answer.attachment_ids:
        raise Invalid(_("The answer is empty: write something or attach a file."), field="text")
    try:
        with transaction.atomic():
            return _reply(conversation_id, answer, by)
    except IntegrityError:
        # the same click, a moment earlier, in another process
        known = _by_client_key(by.organisation_id, answer.client_key)
        if known is None:
            raise
        return known


def _by_client_key(organisation_id: int, client_key: str) -> Message | None:
    if not client_key:
        return None
    return Message.objects.filter(organisation_id=organisation_id, client_key=client_key).first()


def _reply(conversation_id: int, answer: Answer, by: User) -> Message:
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.reply", conversation)
    known = _by_client_key(by.organisation_id, answer.client_key)
    if known is not None:
        return known
    facts = channels.facts(conversation.account_id)
    _require_way_out(facts, answer)
    _require_nothing_newer(conversation, answer)
    ports.require_gates(conversation.pk, answer.text, by.pk)
    last_in = (
        conversation.messages.filter(direction=Direction.IN, auto="none").order_by("-occurred_at", "-id").first()
    )
    message = _store(conversation, answer, by, facts, last_in)
    files = _take_files(message, answer.attachment_ids, by)
    outbound = _outbound(conversation, message, answer, facts, files)
    delivery.queue(
        organisation_id=conversation.organisation_id,
        account_id=conversation.account_id,
        message_id=message.pk,
        thread_id=conversation.pk,
        outbound=outbound,
        due_at=clock.after(settings.UNDO_SECONDS),
    )
    _move(conversation, message, by, close=answer.close)
    Draft.objects.filter(conversation=conversation, user=by, mode=answer.visibility).delete()
    audit.record(
        "message.sent",
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        message_id=message.pk,
        visibility=message.visibility,
        text=message.text,
    )
    return message


def lock(conversation_id: int, by: User) -> Conversation:
    """The conversation under a row lock; missing, foreign and merged-away look the same."""
    found = (
        Conversation.objects.select_for_update()
        .filter(pk=conversation_id, organisation_id=by.organisation_id, merged_into=None)
        .first()
    )
    if found is None:
        raise ports.NotFound
    return found


def _require_way_out(facts: AccountFacts, answer: Answer) -> None:
    able = facts.capabilities
    public = answer.visibility == "public"
    allowed = able.reply_public if public else able.reply_private
    if not (allowed or able.reply_manual):
        raise CannotAnswer(channel=facts.name)
    if not facts.active:
        raise CannotAnswer(
            _("The channel “%(channel)s” is switched off. Ask an administrator to switch it on."), channel=facts.name
        )
    if able.max_length is not None and len(answer.text) > able.max_length:
        raise Invalid(
            _("The answer has %(length)s characters, this channel takes %(limit)s. Shorten it."),
            length=len(answer.text),
            limit=able.max_length,
        )


def _require_nothing_newer(conversation: Conversation, answer: Answer) -> None:
    if not answer.seen_message_id:
        return
    newer = (
        conversation.messages.filter(pk__gt=answer.seen_message_id)
        .exclude(direction__in=(Direction.NOTE, Direction.SYSTEM))
        .order_by("pk")
        .first()
    )
    if newer is not None:
        raise Newer(name=newer.author_name)


def _store(
    conversation: Conversation, answer: Answer, by: User, facts: AccountFacts, last_in: Message | None
) -> Message:
    now = clock.now()
    wire_id = ids.message_id(facts.domain)
    message = Message.objects.create(
        organisation_id=conversation.organisation_id,
        conversation=conversation,
        account_id=conversation.account_id,
        direction=Direction.OUT,
        visibility=answer.visibility,
        author_user=by,
        author_name=by.name,
        author_address=facts.address,
        subject=_subject(conversation, last_in),
        text=answer.text.strip(),
        external_id=wire_id,
        wire_id=wire_id,
        in_reply_to=last_in.wire_id if last_in else "",
        references=[*last_in.references, last_in.wire_id] if last_in else [],
        recipients={"to": [_recipient(conversation, last_in)], "cc": list(answer.cc)},
        client_key=answer.client_key or None,
        delivery_state="queued",
        occurred_at=now,
        created_at=now,
    )
    ThreadKey.objects.bulk_create(
        [ThreadKey(account_id=conversation.account_id, key=wire_id, conversation=conversation)],
        ignore_conflicts=True,
    )
    Participant.objects.bulk_create(
        [Participant(conversation=conversation, address=address.lower()[:254]) for address in answer.cc],
        ignore_conflicts=True,
    )
    textindex.add(
        [
            textindex.Entry(
                conversation.organisation_id, SEARCH_KIND, message.pk, conversation.pk, search_text(message)
            )
        ]
    )
    return message


def _subject(conversation: Conversation, last_in: Message | None) -> str:
    subject = (last_in.subject if last_in else "") or conversation.subject
    return subject if subject.lower().startswith("re:") or not subject else f"Re: {subject}"


def _recipient(conversation: Conversation, last_in: Message | None) -> str:
    """Reply-To of the last message, its author, or the newest known address of the customer."""
    if last_in is not None:
        reply_to = last_in.recipients.get("reply_to") or []
        return str(reply_to[0]) if reply_to else last_in.author_address
    first = Participant.objects.filter(conversation=conversation).order_by("id").first()
    return first.address if first else ""


def _take_files(message: Message, attachment_ids: Sequence[int], by: User) -> tuple[OutboundFile, ...]:
    rows = list(Attachment.objects.filter(pk__in=attachment_ids, message=None, uploaded_by=by))
    if len(rows) != len(set(attachment_ids)):
        raise Invalid(_("One of the files is no longer there. Attach it again."), field="attachments")
    if rows:
        Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(message=message, draft=None)
        message.has_files = True
        message.save(update_fields=["has_files"])
    return tuple(OutboundFile(row.filename, row.content_type, media.get(row.digest)) for row in rows)


def _outbound(
    conversation: Conversation,
    message: Message,
    answer: Answer,
    facts: AccountFacts,
    files: tuple[OutboundFile, ...],
) -> Outbound:
    return Outbound(
        idempotency_key=message.wire_id,
        to=message.recipients["to"][0],
        text=message.text,
        subject=message.subject,
        in_reply_to=message.in_reply_to,
        references=tuple(message.references),
        cc=answer.cc,
        sender_name=message.author_name,
        files=files,
        extra={"visibility": message.visibility, "conversation": conversation.pk, **answer.extra},
    )


def _move(conversation: Conversation, message: Message, by: User, *, close: bool) -> None:
    """After an answer we wait for the customer, or close; whoever answers first owns an ownerless conversation."""
    now = clock.now()
    conversation.state = ConversationState.CLOSED if close else ConversationState.WAITING
    conversation.closed_at = now if close else None
    conversation.snoozed_until = None
    conversation.returned_from_snooze = False
    conversation.waiting_since = None
    conversation.first_response_at = conversation.first_response_at or now
    conversation.assignee_id = conversation.assignee_id or by.pk
    conversation.last_message_at = now
    conversation.last_message_id = message.pk
    conversation.preview = shorten(message.text, 200)
    conversation.preview_by_us = True
    conversation.message_count += 1
    conversation.save(
        update_fields=[
            "state",
            "closed_at",
            "snoozed_until",
            "returned_from_snooze",
            "waiting_since",
            "first_response_at",
            "assignee",
            "last_message_at",
            "last_message_id",
            "preview",
            "preview_by_us",
            "message_count",
        ]
    )
    organisation_id = conversation.organisation_id
    events.publish(
        TOPIC_MESSAGE,
        organisation_id,
        conversation_id=conversation.pk,
        message_id=message.pk,
        direction=message.direction,
        assignee_id=conversation.assignee_id,
    )
    events.publish(TOPIC_CONVERSATION, organisation_id, conversation_id=conversation.pk, change="answered")
