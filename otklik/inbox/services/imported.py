"""What comes only from files: answers given in another help desk, its owners and closed states, corrected facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from otklik.accounts import queries as accounts
from otklik.channels.events import InboundParsed
from otklik.channels.protocol import Inbound
from otklik.inbox.events import TOPIC_CONVERSATION
from otklik.inbox.models import Conversation, ConversationState, Direction, Message
from otklik.inbox.services import summary, threading
from otklik.inbox.services.text import fit, search_text, shorten, usable, web_address
from otklik.kernel import clock, events, textindex
from otklik.people import services as people
from otklik.people.services import Person

KIND = "message"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An inbound event with what we know about where and when it arrived."""

    event: InboundParsed
    inbound: Inbound
    person: Person
    at: datetime


def line_of_ours(event: InboundParsed, new_conversation: Callable[[Arrival], Conversation]) -> None:
    """An answer or a line of the old help desk: kept in the thread as a note with the name of who wrote it.

    An outgoing message of ours always has an author among our staff and a delivery; this one has neither.
    """
    inbound = event.inbound
    if Message.objects.filter(account_id=event.account_id, external_id=fit(inbound.external_id)).exists():
        return
    at = min(inbound.occurred_at or clock.now(), clock.now())
    found = threading.find(event.account_id, inbound)
    conversation = found.conversation or _opened(event, at, new_conversation)
    agent = usable(str(inbound.extra.get("agent", "")))
    answered = inbound.extra["direction"] == "out"
    note = Message.objects.create(
        organisation_id=event.organisation_id,
        conversation=conversation,
        account_id=event.account_id,
        direction=Direction.NOTE,
        author_name=agent[:200],
        text=usable(inbound.text),
        external_id=fit(inbound.external_id),
        wire_id=fit(inbound.thread_keys[0] if inbound.thread_keys else inbound.external_id),
        raw_event_id=event.raw_id,
        event={"code": summary.IMPORTED_ANSWER if answered else "imported.line", "agent": agent},
        occurred_at=at,
        created_at=clock.now(),
    )
    entry = textindex.Entry(event.organisation_id, KIND, note.pk, conversation.pk, search_text(note))
    textindex.add([entry])
    threading.remember(conversation, event.account_id, inbound, found)
    fields = _answered(conversation, note) if answered else []
    conversation.save(update_fields=fields)
    settle(conversation, event)


def _answered(conversation: Conversation, note: Message) -> list[str]:
    """The customer was answered there, whatever the order of the rows; names of fields, the caller saves."""
    at = note.occurred_at
    conversation.message_count += 1
    conversation.first_response_at = min(conversation.first_response_at or at, at)
    fields = ["message_count", "first_response_at"]
    if at >= conversation.last_message_at:
        conversation.last_message_at, conversation.last_message_id = at, note.pk
        conversation.preview, conversation.preview_by_us = shorten(note.text, 200), True
        fields += ["last_message_at", "last_message_id", "preview", "preview_by_us"]
    if conversation.waiting_since is not None and conversation.waiting_since <= at:
        conversation.waiting_since = summary.waiting_since(conversation)
        fields.append("waiting_since")
    return fields


def answered_already(conversation: Conversation, event: InboundParsed) -> None:
    """A message of another help desk that stands behind its answer in the file: nobody waits for one."""
    if event.inbound.extra.get("imported") and conversation.first_response_at is not None:
        conversation.waiting_since = summary.waiting_since(conversation)
        conversation.save(update_fields=["waiting_since"])


def _opened(
    event: InboundParsed, at: datetime, new_conversation: Callable[[Arrival], Conversation]
) -> Conversation:
    """Our line stands before the customer's first: the customer is named when they write."""
    inbound = event.inbound
    person = people.resolve(
        event.organisation_id,
        kind=event.account_kind,
        scope=event.account_scope,
        external_id=inbound.author.external_id,
        name=inbound.author.name,
        seen_at=at,
    )
    conversation = new_conversation(Arrival(event, inbound, person, at))
    conversation.save(force_insert=True)
    return conversation


def settle(conversation: Conversation, event: InboundParsed) -> None:
    """Owner and closed state as the old help desk knew them."""
    if changed := settled(conversation, event):
        conversation.save(update_fields=changed)


def settled(conversation: Conversation, event: InboundParsed) -> list[str]:
    """Names of changed fields; the caller saves."""
    extra = event.inbound.extra
    if not extra.get("imported"):
        return []
    changed = []
    if extra.get("agent") and conversation.assignee_id is None:
        name = str(extra["agent"])
        rows = accounts.staff(event.organisation_id)
        owner = rows.filter(email__iexact=name).first() or rows.filter(name__iexact=name).first()
        if owner is not None:
            conversation.assignee = owner
            changed.append("assignee")
    if extra.get("closed") and conversation.state != ConversationState.CLOSED:
        conversation.state, conversation.closed_at = ConversationState.CLOSED, conversation.last_message_at
        conversation.waiting_since, conversation.snoozed_until = None, None
        changed += ["state", "closed_at", "waiting_since", "snoozed_until"]
    return changed


def refresh(event: InboundParsed) -> None:
    """An edit may bring another rating, reach or link besides the text; only the conversation's first message may."""
    inbound = event.inbound
    facts = {
        "rating": inbound.rating,
        "reach": inbound.reach,
        "permalink": web_address(inbound.permalink)[:1000],
        "source": inbound.source[:100],
        "root_title": inbound.root_title[:300],
    }
    given = {name: value for name, value in facts.items() if value}
    if not given:
        return
    target = (
        Message.objects.filter(
            account_id=event.account_id, wire_id=fit(inbound.target_id), direction=Direction.IN
        )
        .exclude(wire_id="")  # the condition of the index, which SQLite wants to read in the query
        .first()
    )
    if target is None:
        return
    conversation = Conversation.objects.select_for_update().get(pk=target.conversation_id)
    first = (
        conversation.messages.filter(direction=Direction.IN)
        .order_by("pk")
        .values_list("pk", flat=True)
        .first()
    )
    changed = [name for name, value in given.items() if getattr(conversation, name) != value]
    if first != target.pk or not changed:
        return
    for name in changed:
        setattr(conversation, name, given[name])
    conversation.save(update_fields=changed)
    events.publish(TOPIC_CONVERSATION, event.organisation_id, conversation_id=conversation.pk, change="facts")
