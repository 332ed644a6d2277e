"""Many independent rows at once: what `receive` does for each, in a fixed number of statements.

Only rows that open a conversation of their own go together; everything else (a known thread, an edit, an answer of
the old help desk) takes the usual path behind them. A test holds both paths to the same result.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from otklik.channels.events import InboundBatch, InboundParsed
from otklik.channels.protocol import Inbound, InboundKind
from otklik.inbox.models import Conversation, Message, ParkedChange, Participant, ThreadKey
from otklik.inbox.services import imported, receive
from otklik.inbox.services.imported import Arrival
from otklik.inbox.services.text import fit, search_text
from otklik.kernel import textindex
from otklik.people.services.resolving_many import Wanted, resolve_many


def receive_many(batch: InboundBatch) -> None:
    """Handler of InboundBatch: one transaction, all or nothing; the caller goes row by row when it fails."""
    events = [replace(event, inbound=receive.cleaned(event.inbound)) for event in batch.events]
    together = _independent(events)
    if together:
        _store(together)
    taken = {id(event) for event in together}
    for event in events:
        if id(event) not in taken:
            receive.receive(event)


def _independent(events: list[InboundParsed]) -> list[InboundParsed]:
    plain = [event for event in events if _is_plain(event.inbound)]
    if not plain:
        return []
    account_id = plain[0].account_id
    ids = [fit(event.inbound.external_id) for event in plain]
    keys = [key for event in plain for key in set(event.inbound.thread_keys)]
    often = Counter(keys)
    stored = set(
        Message.objects.filter(account_id=account_id, external_id__in=ids).values_list(
            "external_id", flat=True
        )
    )
    taken = set(ThreadKey.objects.filter(account_id=account_id, key__in=keys).values_list("key", flat=True))
    taken |= set(
        ParkedChange.objects.filter(account_id=account_id, target_id__in=keys).values_list(
            "target_id", flat=True
        )
    )
    return [
        event
        for event in plain
        if fit(event.inbound.external_id) not in stored
        and not any(key in taken or often[key] > 1 for key in event.inbound.thread_keys)
    ]


def _is_plain(inbound: Inbound) -> bool:
    special = (
        inbound.files or inbound.our_message_ids or inbound.participants or inbound.extra.get("direction")
    )
    return inbound.kind == InboundKind.MESSAGE and bool(inbound.thread_keys) and not special


def _store(events: list[InboundParsed]) -> None:
    arrivals = _with_people(events)
    conversations = [receive.new_conversation(one) for one in arrivals]
    messages = [
        receive.new_message(arrival, conversation, ())
        for arrival, conversation in zip(arrivals, conversations, strict=True)
    ]
    for arrival, conversation, message in zip(arrivals, conversations, messages, strict=True):
        receive.moved(conversation, message, is_new=True)
        # the numbers of messages are known only after they are stored
        conversation.last_message_id = conversation.last_inbound_id = 0
        imported.settled(conversation, arrival.event)
    Conversation.objects.bulk_create(conversations)
    for conversation, message in zip(conversations, messages, strict=True):
        message.conversation = conversation
    Message.objects.bulk_create(messages)
    for conversation, message in zip(conversations, messages, strict=True):
        conversation.last_message_id = conversation.last_inbound_id = message.pk
    Conversation.objects.bulk_update(conversations, ["last_message_id", "last_inbound_id"])
    _remember(arrivals, conversations)
    textindex.add(
        textindex.Entry(
            message.organisation_id,
            receive.SEARCH_KIND,
            message.pk,
            message.conversation_id,
            search_text(message),
        )
        for message in messages
    )
    for arrival, conversation, message in zip(arrivals, conversations, messages, strict=True):
        receive.announce(arrival, conversation, message, is_new=True)


def _with_people(events: list[InboundParsed]) -> list[Arrival]:
    moments = [receive.moment(event.inbound) for event in events]
    wanted = [
        Wanted(
            kind=event.inbound.extra.get("channel_kind") or event.account_kind,
            scope=event.account_scope,
            external_id=event.inbound.author.external_id,
            name=event.inbound.author.name,
            handle=event.inbound.author.handle,
            url=event.inbound.author.url,
            seen_at=moment,
        )
        for event, moment in zip(events, moments, strict=True)
    ]
    persons = resolve_many(events[0].organisation_id, wanted)
    return [
        Arrival(event, event.inbound, person, moment)
        for event, person, moment in zip(events, persons, moments, strict=True)
    ]


def _remember(arrivals: list[Arrival], conversations: list[Conversation]) -> None:
    keys, people = [], []
    for arrival, conversation in zip(arrivals, conversations, strict=True):
        inbound = arrival.inbound
        own = inbound.thread_keys[0]
        account_id = arrival.event.account_id
        keys += [
            ThreadKey(account_id=account_id, key=key, conversation=conversation, own=key == own)
            for key in dict.fromkeys(inbound.thread_keys)
        ]
        if inbound.author.external_id:
            people.append(
                Participant(conversation=conversation, address=fit(inbound.author.external_id.lower()))
            )
    # a clash means that a parallel process opened the same thread: the batch starts over, row by row
    ThreadKey.objects.bulk_create(sorted(keys, key=lambda row: row.key))
    Participant.objects.bulk_create(people)
