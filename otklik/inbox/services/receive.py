"""An understood event of a channel becomes a message of a conversation, exactly once.

Runs inside the transaction that marks the raw event as parsed (channels/intake.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from otklik.channels.events import InboundParsed
from otklik.channels.protocol import Inbound, InboundKind
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE, MessageReceived
from otklik.inbox.models import Attachment, Conversation, ConversationState, Direction, Message
from otklik.inbox.services import automatic, changes, imported, threading
from otklik.inbox.services.imported import Arrival
from otklik.inbox.services.text import fit, search_text, shorten, usable, web_address
from otklik.kernel import clock, events, media, textindex
from otklik.people import services as people

SEARCH_KIND = "message"
# what a robot sends never wakes anybody; a list is a robot only when nobody has answered here before
ROBOTS = ("auto_reply", "bounce")
AUTO_OF_KIND = {InboundKind.AUTO_REPLY: "auto_reply", InboundKind.BOUNCE: "bounce"}


def receive(event: InboundParsed) -> None:
    """Handler of InboundParsed; dispatches by kind."""
    # MENTION of an account whose texts are conversations is a message like any other (rule 13 of DESIGN)
    kind = event.inbound.kind
    if kind in (InboundKind.EDIT, InboundKind.DELETE):
        changes.apply_or_park(event)
        imported.refresh(event)
    elif event.inbound.extra.get("direction"):
        imported.line_of_ours(event, new_conversation)
    elif kind != InboundKind.BOUNCE or not changes.bounce(event):
        _message(event)


def _message(event: InboundParsed) -> None:
    inbound = cleaned(event.inbound)
    event = replace(event, inbound=inbound)
    known = threading.known_keys(event.account_id, inbound)
    if _is_stored(event.account_id, inbound, known):
        return
    at = moment(inbound)
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
    found = threading.find(event.account_id, inbound, known)
    is_new = found.conversation is None
    conversation = found.conversation or new_conversation(arrival)
    if is_new:
        conversation.save(force_insert=True)
    message = _store_message(arrival, conversation, found.problems)
    threading.remember(conversation, event.account_id, inbound, found)
    _move_conversation(conversation, message, is_new=is_new)
    imported.answered_already(conversation, event)
    imported.settle(conversation, event)
    changes.apply_parked(conversation, message)
    automatic.note_pace(event.account_kind, [message])
    announce(arrival, conversation, message, is_new=is_new)


def _is_stored(account_id: int, inbound: Inbound, known: threading.Known) -> bool:
    """Whether this message is here already. Its first thread key came with it: unknown means new, without a look."""
    if inbound.thread_keys and fit(inbound.thread_keys[0]) not in known:
        return False
    return Message.objects.filter(account_id=account_id, external_id=fit(inbound.external_id)).exists()


def cleaned(inbound: Inbound) -> Inbound:
    """Without signs that a database refuses: one NUL must not cost a message."""
    author = inbound.author
    return replace(
        inbound,
        author=replace(
            author,
            external_id=fit(author.external_id),
            name=usable(author.name),
            handle=usable(author.handle),
            url=web_address(author.url),
        ),
        text=usable(inbound.text),
        quoted=usable(inbound.quoted),
        html=usable(inbound.html),
        subject=usable(inbound.subject),
        source=usable(inbound.source),
        root_title=usable(inbound.root_title),
        permalink=web_address(inbound.permalink),
        thread_keys=tuple(fit(key) for key in inbound.thread_keys if key),
        participants=tuple(fit(one) for one in inbound.participants if one),
    )


def moment(inbound: Inbound) -> datetime:
    """When it was written. A clock that runs ahead must not keep a conversation on top of the list for years."""
    now = clock.now()
    at = inbound.occurred_at or now
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now)


def new_conversation(arrival: Arrival) -> Conversation:
    """Not saved yet."""
    inbound, event = arrival.inbound, arrival.event
    return Conversation(
        organisation_id=event.organisation_id,
        account_id=event.account_id,
        channel_kind=inbound.extra.get("channel_kind") or event.account_kind,
        customer_id=arrival.person.id,
        customer_name=(arrival.person.name or inbound.author.name or inbound.author.external_id)[:200],
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


def new_message(
    arrival: Arrival, conversation: Conversation, problems: tuple[tuple[str, str], ...]
) -> Message:
    """Not saved yet."""
    inbound, event = arrival.inbound, arrival.event
    return Message(
        organisation_id=event.organisation_id,
        conversation=conversation,
        account_id=event.account_id,
        direction=Direction.IN,
        visibility=inbound.visibility.value,
        author_customer_id=arrival.person.id,
        author_name=(inbound.author.name or arrival.person.name or inbound.author.external_id)[:200],
        author_address=inbound.author.external_id,
        subject=inbound.subject[:500],
        text=inbound.text,
        quoted=inbound.quoted,
        html=inbound.html,
        external_id=fit(inbound.external_id),
        wire_id=fit(inbound.thread_keys[0] if inbound.thread_keys else inbound.external_id),
        in_reply_to=fit(inbound.parent_id),
        references=list(inbound.extra.get("references", ())),
        recipients=inbound.extra.get("recipients", {}),
        auto=inbound.extra.get("auto") or AUTO_OF_KIND.get(inbound.kind, "none"),
        problems=[list(problem) for problem in (*inbound.problems, *problems)],
        permalink=inbound.permalink[:1000],
        raw_event_id=event.raw_id,
        revision=inbound.revision[:64],
        occurred_at=arrival.at,
        created_at=clock.now(),
        has_files=bool(inbound.files),
    )


def _store_message(
    arrival: Arrival, conversation: Conversation, problems: tuple[tuple[str, str], ...]
) -> Message:
    message = new_message(arrival, conversation, problems)
    message.save(force_insert=True)
    if arrival.inbound.files:
        Attachment.objects.bulk_create(attachments(arrival.inbound, message))
    textindex.add(
        [
            textindex.Entry(
                message.organisation_id, SEARCH_KIND, message.pk, conversation.pk, search_text(message)
            )
        ]
    )
    return message


def attachments(inbound: Inbound, message: Message) -> list[Attachment]:
    """Not saved yet; their contents are in media."""
    return [
        Attachment(
            organisation_id=message.organisation_id,
            message=message,
            filename=usable(one.filename)[:255],
            content_type=one.content_type[:100],
            size=len(one.content),
            digest=media.put(one.content),
            inline=one.inline,
            content_id=one.content_id[:254],
        )
        for one in inbound.files
    ]


def _move_conversation(conversation: Conversation, message: Message, *, is_new: bool) -> None:
    conversation.save(update_fields=moved(conversation, message, is_new=is_new))


def moved(conversation: Conversation, message: Message, *, is_new: bool) -> list[str]:
    """A person's message opens the conversation and starts the waiting; a robot's changes nothing but the line."""
    fields = ["message_count", "last_inbound_id"]
    conversation.message_count += 1
    conversation.last_inbound_id = message.pk
    newest = is_new or message.occurred_at >= conversation.last_message_at
    if newest:
        conversation.last_message_at = message.occurred_at
        conversation.last_message_id = message.pk
        conversation.preview = shorten(message.text or message.subject, 200)
        conversation.preview_by_us = False
        fields += ["last_message_at", "last_message_id", "preview", "preview_by_us"]
    if message.auto == "none" or (not is_new and message.auto not in ROBOTS):
        fields += _reopen(conversation, message)
    return fields


def _reopen(conversation: Conversation, message: Message) -> list[str]:
    fields = ["last_inbound_at", "waiting_since"]
    at = message.occurred_at
    conversation.last_inbound_at = max(conversation.last_inbound_at or at, at)
    conversation.waiting_since = min(conversation.waiting_since or at, at)  # messages may come out of order
    if conversation.state != ConversationState.OPEN:
        conversation.state = ConversationState.OPEN
        conversation.snoozed_until = None
        conversation.closed_at = None
        fields += ["state", "snoozed_until", "closed_at"]
    return fields


def announce(arrival: Arrival, conversation: Conversation, message: Message, *, is_new: bool) -> None:
    organisation_id = arrival.event.organisation_id
    events.publish(TOPIC_MESSAGE, organisation_id, **message_news(conversation, message))
    if is_new:
        events.publish(TOPIC_CONVERSATION, organisation_id, **created_news(conversation))
    events.announce(received(arrival, conversation, message, is_new=is_new))


def message_news(conversation: Conversation, message: Message) -> dict[str, Any]:
    return {
        "conversation_id": conversation.pk,
        "message_id": message.pk,
        "direction": message.direction,
        "assignee_id": conversation.assignee_id,
    }


def created_news(conversation: Conversation) -> dict[str, Any]:
    return {"conversation_id": conversation.pk, "change": "created"}


def received(
    arrival: Arrival, conversation: Conversation, message: Message, *, is_new: bool
) -> MessageReceived:
    ownerless = conversation.team_id is not None and conversation.assignee_id is None
    return MessageReceived(
        arrival.event.organisation_id,
        conversation.pk,
        message.pk,
        is_new,
        arrival.inbound.text,
        ownerless=ownerless,
    )
