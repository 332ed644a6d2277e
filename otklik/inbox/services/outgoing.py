"""How an answer is made: checks, the stored message, its files, what leaves, what it does to the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.channels.ports import AccountFacts
from otklik.channels.protocol import Outbound, OutboundFile
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE
from otklik.inbox.models import (
    Attachment,
    Conversation,
    ConversationState,
    Direction,
    Message,
    ThreadKey,
)
from otklik.inbox.services import recipients, summary, templates
from otklik.inbox.services.receive import SEARCH_KIND
from otklik.inbox.services.text import search_text
from otklik.kernel import clock, events, ids, media, textindex
from otklik.kernel.errors import Invalid, OtklikError

MANUAL = "manual"  # stored, to be posted on the site by a person; has no delivery until then
MAX_REFERENCES = 100
MAX_AHEAD = 90 * 86400.0  # seconds; a letter for next year is forgotten by everybody


class CannotAnswer(OtklikError):
    code = "cannot_answer_here"
    status = 409
    text = _(
        "The channel “%(channel)s” does not take answers from here. Answer on the site and note it here."
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operator sends. `client_key` makes a repeated click or request harmless.

    `seen_message_id`: newest message on the operator's screen; a newer one stops the answer (0 = do not check).
    `to`: others than the last writer, `cc`: copies (mail).
    `reason`: why it does otherwise than the customer asked: a code of `wishes.REASONS`, or words.
    `send_at`: leaves then instead of after the undo time.
    """

    text: str
    visibility: str = "private"
    client_key: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    attachment_ids: tuple[int, ...] = ()
    seen_message_id: int = 0
    close: bool = False
    reason: str = ""
    send_at: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def require_sendable(answer: Answer) -> None:
    """Raises Invalid for an empty answer and for one with blanks that were meant to be filled."""
    if not answer.text.strip() and not answer.attachment_ids:
        raise Invalid(_("The answer is empty: write something or attach a file."), field="text")
    blanks = templates.unfilled(answer.text)
    if blanks:
        raise Invalid(
            _("The text still has blanks: %(blanks)s. Fill them in or remove them."),
            code="unfilled",
            field="text",
            blanks=", ".join(blanks),
        )


def require_way_out(facts: AccountFacts, answer: Answer) -> bool:
    """Whether a person has to post the answer by hand. Raises CannotAnswer, Invalid (too long, bad address)."""
    able = facts.capabilities
    allowed = able.reply_public if answer.visibility == "public" else able.reply_private
    if not (allowed or able.reply_manual):
        raise CannotAnswer(channel=facts.name)
    if not facts.active:
        raise CannotAnswer(
            _("The channel “%(channel)s” is switched off. Ask an administrator to switch it on."),
            channel=facts.name,
        )
    if able.max_length is not None and len(answer.text) > able.max_length:
        raise Invalid(
            _("The answer has %(length)s characters, this channel takes %(limit)s. Shorten it."),
            field="text",
            length=len(answer.text),
            limit=able.max_length,
        )
    if facts.kind == "mail":
        recipients.require_addresses(answer.to, answer.cc)
    require_moment(answer, manual=not allowed)
    return not allowed


def require_moment(answer: Answer, *, manual: bool) -> None:
    """Raises Invalid for a moment that cannot be kept."""
    if answer.send_at is None:
        return
    if manual:
        raise Invalid(
            _("A person posts the answer there, so it cannot be sent later by itself."), field="send_at"
        )
    if not clock.now() < answer.send_at <= clock.after(MAX_AHEAD):
        raise Invalid(_("Choose a moment that lies ahead, at most 90 days from now."), field="send_at")


def store(  # noqa: PLR0913 an answer has these parts
    conversation: Conversation,
    answer: Answer,
    by: User,
    facts: AccountFacts,
    last_in: Message | None,
    *,
    manual: bool = False,
    subject: str = "",
    deviation: dict[str, Any] | None = None,
) -> Message:
    """The message with its names, addresses and files, findable by search."""
    if facts.kind == "mail":
        recipients.require_may_be_added(conversation, (*answer.to, *answer.cc))
    before = summary.snapshot(conversation)
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
        subject=subject or _subject(conversation, last_in),
        text=answer.text.strip(),
        external_id=wire_id,
        wire_id=wire_id,
        in_reply_to=last_in.wire_id if last_in else "",
        references=_references(last_in),
        recipients=recipients.settled(answer.to, answer.cc, recipients.default_to(conversation, last_in)),
        client_key=answer.client_key or None,
        deviation=deviation or {},
        delivery_state=_first_state(answer, manual=manual),
        due_at=answer.send_at,
        occurred_at=answer.send_at or now,
        created_at=now,
    )
    ThreadKey.objects.bulk_create(
        [ThreadKey(account_id=conversation.account_id, key=wire_id, conversation=conversation)],
        ignore_conflicts=True,
    )
    message.undo = {
        "before": before,
        "participants": recipients.add_participants(conversation, (*answer.to, *answer.cc)),
        "seen": answer.seen_message_id,
        "close": answer.close,
    }
    return message


def _first_state(answer: Answer, *, manual: bool) -> str:
    if manual:
        return MANUAL
    return "queued" if answer.send_at is None else summary.SCHEDULED


def _references(last_in: Message | None) -> list[str]:
    if last_in is None:
        return []
    chain = [*last_in.references, last_in.wire_id]
    return chain if len(chain) <= MAX_REFERENCES else [chain[0], *chain[1 - MAX_REFERENCES :]]


def _subject(conversation: Conversation, last_in: Message | None) -> str:
    subject = (last_in.subject if last_in else "") or conversation.subject
    return subject if subject.lower().startswith("re:") or not subject else f"Re: {subject}"[:500]


def take_files(message: Message, attachment_ids: Sequence[int], by: User) -> tuple[OutboundFile, ...]:
    """Files of the draft become files of the message. Raises Invalid when one is gone."""
    rows = list(
        Attachment.objects.filter(
            pk__in=attachment_ids, organisation_id=by.organisation_id, message=None, uploaded_by=by
        ).order_by("pk")
    )
    if len(rows) != len(set(attachment_ids)):
        raise Invalid(_("One of the files is no longer there. Attach it again."), field="attachments")
    if rows:
        Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(message=message, draft=None)
        message.has_files = True
    return tuple(OutboundFile(row.filename, row.content_type, media.get(row.digest)) for row in rows)


def outbound(
    message: Message, answer: Answer, facts: AccountFacts, by: User, files: tuple[OutboundFile, ...]
) -> Outbound:
    """What leaves. A signature goes out with a mail only: it is no part of the stored text."""
    text = message.text
    if facts.kind == "mail":
        signature = signature_of(by)
        text = f"{text}\n\n-- \n{signature}" if signature else text
    return Outbound(
        idempotency_key=message.wire_id,
        to=message.recipients["to"][0],
        also_to=tuple(message.recipients["to"][1:]),
        text=text,
        subject=message.subject,
        in_reply_to=message.in_reply_to,
        references=tuple(message.references),
        cc=tuple(message.recipients["cc"]),
        sender_name=message.author_name,
        files=files,
        extra={"visibility": message.visibility, "conversation": message.conversation_id, **answer.extra},
    )


def signature_of(by: User) -> str:
    """The person's own signature, else the organisation's, with {{agent.…}} filled."""
    text = by.signature.strip() or accounts.organisation(by.organisation_id).signature.strip()
    return templates.sign(text, by) if text else ""


def finish(conversation: Conversation, message: Message, by: User) -> None:
    """Move the conversation, remember how to take the answer back, make it findable, announce it."""
    if message.delivery_state == summary.SCHEDULED:
        # nothing has been said yet: the customer goes on waiting, whoever planned the answer owns the conversation
        conversation.assignee_id = conversation.assignee_id or by.pk
        conversation.preview = conversation.preview or summary.preview(message)
    else:
        shown(conversation, message)
    if message.delivery_state not in (MANUAL, summary.SCHEDULED):
        answered(conversation, by, close=bool(message.undo.get("close")))
    conversation.save(update_fields=sorted(set(summary.FIELDS)))
    message.undo = {**message.undo, "after": summary.snapshot(conversation)}
    message.save(update_fields=["undo", "has_files"])
    textindex.add(
        [
            textindex.Entry(
                conversation.organisation_id, SEARCH_KIND, message.pk, conversation.pk, search_text(message)
            )
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


def shown(conversation: Conversation, message: Message) -> None:
    """The answer is the newest line of the list."""
    conversation.last_message_at = max(message.occurred_at, conversation.last_message_at)
    conversation.last_message_id = message.pk
    conversation.preview = summary.preview(message)
    conversation.preview_by_us = True
    conversation.message_count += 1


def answered(conversation: Conversation, by: User, *, close: bool) -> None:
    """We wait for the customer now, or close; whoever answers first owns an ownerless conversation."""
    now = clock.now()
    conversation.state = ConversationState.CLOSED if close else ConversationState.WAITING
    conversation.closed_at = now if close else None
    conversation.snoozed_until = None
    conversation.returned_from_snooze = False
    conversation.waiting_since = None
    conversation.first_response_at = conversation.first_response_at or now
    conversation.assignee_id = conversation.assignee_id or by.pk
