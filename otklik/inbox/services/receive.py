"""An understood event of a channel becomes a message of a conversation, exactly once.

Runs inside the transaction that marks the raw event as parsed (channels/intake.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from otklik.channels.events import InboundParsed
from otklik.channels.protocol import Inbound, InboundKind
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE, MessageReceived
from otklik.inbox.models import Attachment, Conversation, ConversationState, Direction, Message
from otklik.inbox.services import changes, threading
from otklik.inbox.services.text import search_text, shorten
from otklik.kernel import clock, events, media, textindex
from otklik.people import services as people
from otklik.people.services import Person

SEARCH_KIND = "message"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An inbound event with what we know about where and when it arrived."""

    event: InboundParsed
    inbound: Inbound
    person: Person
    at: datetime


def receive(event: InboundParsed) -> None:
    """Handler of InboundParsed; dispatches by kind."""
    kind = event.inbound.kind
    if kind in (InboundKind.EDIT, InboundKind.DELETE):
        changes.apply_or_park(event)
    elif kind != InboundKind.BOUNCE or not changes.bounce(event):
        _message(event)


def _message(event: InboundParsed) -> None:
    inbound = event.inbound
    if Message.objects.filter(account_id=event.account_id, external_id=inbound.external_id[:254]).exists():
        return
    at = inbound.occurred_at or clock.now()
    person = people.resolve(
        event.organisation_id,
        kind=inbound.extra.get("channel_kind") or event.account_kind,
        scope=event.account_scope,
        external_id=inbound.author.external_id,
        name=inbound.author.name,
        handle=inbound.author.handle,
        url=inbound.author.url,
        seen_at=at,
    )
    arrival = Arrival(event, inbound, person, at)
    found = threading.find(event.account_id, inbound)
    is_new = found.conversation is None
    conversation = found.conversation or _open_conversation(arrival)
    message = _store_message(arrival, conversation, found.problems)
    threading.remember(conversation, event.account_id, inbound, found)
    _move_conversation(conversation, message, is_new=is_new)
    _announce(arrival, conversation, message, is_new=is_new)
    changes.apply_parked(message)


def _open_conversation(arrival: Arrival) -> Conversation:
    inbound, event = arrival.inbound, arrival.event
    return Conversation.objects.create(
        organisation_id=event.organisation_id,
        account_id=event.account_id,
        channel_kind=inbound.extra.get("channel_kind") or event.account_kind,
        customer_id=arrival.person.id,
        customer_name=arrival.person.name or inbound.author.name or inbound.author.external_id,
        subject=inbound.subject[:500],
        visibility=inbound.visibility.value,
        team_id=event.team_id,
        last_message_at=arrival.at,
        rating=inbound.rating,
        reach=inbound.reach,
        source=inbound.source[:100],
        root_title=inbound.root_title[:300],
        permalink=inbound.permalink[:1000],
        created_at=arrival.at,
    )


def _store_message(
    arrival: Arrival, conversation: Conversation, problems: tuple[tuple[str, str], ...]
) -> Message:
    inbound, event = arrival.inbound, arrival.event
    message = Message.objects.create(
        organisation_id=event.organisation_id,
        conversation=conversation,
        account_id=event.account_id,
        direction=Direction.IN,
        visibility=inbound.visibility.value,
        author_customer_id=arrival.person.id,
        author_name=(inbound.author.name or arrival.person.name or inbound.author.external_id)[:200],
        author_address=inbound.author.external_id[:254],
        subject=inbound.subject[:500],
        text=inbound.text,
        quoted=inbound.quoted,
        html=inbound.html,
        external_id=inbound.external_id[:254],
        wire_id=(inbound.thread_keys[0] if inbound.thread_keys else inbound.external_id)[:254],
        in_reply_to=inbound.parent_id[:254],
        references=list(inbound.extra.get("references", ())),
        recipients=inbound.extra.get("recipients", {}),
        auto=inbound.extra.get("auto", "none"),
        problems=[list(problem) for problem in (*inbound.problems, *problems)],
        raw_event_id=event.raw_id,
        revision=inbound.revision[:64],
        occurred_at=arrival.at,
        created_at=clock.now(),
        has_files=bool(inbound.files),
    )
    if inbound.files:
        Attachment.objects.bulk_create(
            Attachment(
                organisation_id=event.organisation_id,
                message=message,
                filename=one.filename[:255],
                content_type=one.content_type[:100],
                size=len(one.content),
                digest=media.put(one.content),
                inline=one.inline,
                content_id=one.content_id[:254],
            )
            for one in inbound.files
        )
    textindex.add(
        [
            textindex.Entry(
                event.organisation_id, SEARCH_KIND, message.pk, conversation.pk, search_text(message)
            )
        ]
    )
    return message


def _move_conversation(conversation: Conversation, message: Message, *, is_new: bool) -> None:
    """A person's message opens the conversation and starts the waiting; an automatic one changes nothing."""
    fields = ["message_count"]
    conversation.message_count += 1
    newest = is_new or message.occurred_at >= conversation.last_message_at
    if newest:
        conversation.last_message_at = message.occurred_at
        conversation.last_message_id = message.pk
        conversation.preview = shorten(message.text or message.subject, 200)
        conversation.preview_by_us = False
        fields += ["last_message_at", "last_message_id", "preview", "preview_by_us"]
    if message.auto == "none":
        fields += _reopen(conversation, message)
    conversation.save(update_fields=fields)


def _reopen(conversation: Conversation, message: Message) -> list[str]:
    fields = ["last_inbound_at"]
    conversation.last_inbound_at = max(
        conversation.last_inbound_at or message.occurred_at, message.occurred_at
    )
    if conversation.waiting_since is None:
        conversation.waiting_since = message.occurred_at
        fields.append("waiting_since")
    if conversation.state != ConversationState.OPEN:
        conversation.state = ConversationState.OPEN
        conversation.snoozed_until = None
        conversation.closed_at = None
        fields += ["state", "snoozed_until", "closed_at"]
    return fields


def _announce(arrival: Arrival, conversation: Conversation, message: Message, *, is_new: bool) -> None:
    organisation_id = arrival.event.organisation_id
    events.publish(
        TOPIC_MESSAGE,
        organisation_id,
        conversation_id=conversation.pk,
        message_id=message.pk,
        direction=message.direction,
        assignee_id=conversation.assignee_id,
    )
    if is_new:
        events.publish(TOPIC_CONVERSATION, organisation_id, conversation_id=conversation.pk, change="created")
    events.announce(
        MessageReceived(organisation_id, conversation.pk, message.pk, is_new, arrival.inbound.text)
    )
