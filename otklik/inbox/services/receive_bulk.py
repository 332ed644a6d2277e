"""Many independent rows at once: what `receive` does for each, in a fixed number of statements.

Only rows that open a conversation of their own go together; everything else (a known thread, an edit, an answer of
the old help desk) takes the usual path behind them. A test holds both paths to the same result.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from django.db.models import OuterRef, Subquery

from otklik.channels.events import InboundBatch, InboundParsed
from otklik.channels.ports import BatchPlan
from otklik.channels.protocol import Inbound, InboundKind
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE
from otklik.inbox.models import Attachment, Conversation, Message, ParkedChange, Participant, ThreadKey
from otklik.inbox.services import automatic, imported, receive, threading
from otklik.inbox.services.imported import Arrival
from otklik.inbox.services.text import fit, search_text, search_words
from otklik.kernel import bulk, events, textindex
from otklik.people.services.resolving_many import Wanted, resolve_many


@dataclass(frozen=True, slots=True)
class Prepared:
    """What needs no database: the event without unusable signs, its search text and the words of it."""

    event: InboundParsed
    searched: str
    words: str


def plan(events: tuple[InboundParsed, ...]) -> BatchPlan:
    """Port of channels: the slow, pure part of the work, before the transaction; and which events cannot go together.

    What is looked up here may change until then: `receive_many` looks again.
    """
    work = {(event.raw_id, event.inbound.external_id): _prepared(event) for event in events}
    ready = [one.event for one in work.values()]
    together = {event.raw_id for event in _independent(ready)}
    return BatchPlan(frozenset(event.raw_id for event in ready) - together, work)


def _prepared(event: InboundParsed) -> Prepared:
    clean = replace(event, inbound=receive.cleaned(event.inbound))
    inbound = clean.inbound
    searched = search_words(
        inbound.subject[:500], inbound.author.name[:200], inbound.author.external_id, inbound.text
    )
    return Prepared(clean, searched, textindex.ready(searched))


def receive_many(batch: InboundBatch) -> None:
    """Handler of InboundBatch: one transaction, all or nothing; the caller goes row by row when it fails."""
    ready = [
        batch.work.get((event.raw_id, event.inbound.external_id)) or _prepared(event)
        for event in batch.events
    ]
    together = {id(event) for event in _independent([one.event for one in ready])}
    plain = [one for one in ready if id(one.event) in together]
    if plain:
        _store(plain)
    for one in ready:
        if id(one.event) not in together:
            receive.receive(one.event)


def _independent(arrived: list[InboundParsed]) -> list[InboundParsed]:
    plain = [event for event in arrived if _is_plain(event.inbound)]
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
    special = inbound.our_message_ids or inbound.extra.get("direction")
    return inbound.kind == InboundKind.MESSAGE and bool(inbound.thread_keys) and not special


def _store(ready: list[Prepared]) -> None:
    arrivals = _with_people([one.event for one in ready])
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
    bulk.insert(conversations)
    for conversation, message in zip(conversations, messages, strict=True):
        message.conversation = conversation
    bulk.insert(messages)
    for conversation, message in zip(conversations, messages, strict=True):
        conversation.last_message_id = conversation.last_inbound_id = message.pk
    only = Message.objects.filter(conversation=OuterRef("pk")).values("pk")[:1]
    Conversation.objects.filter(pk__in=[one.pk for one in conversations]).update(
        last_message_id=Subquery(only), last_inbound_id=Subquery(only)
    )
    Attachment.objects.bulk_create(
        row
        for arrival, message in zip(arrivals, messages, strict=True)
        for row in receive.attachments(arrival.inbound, message)
    )
    _remember(arrivals, conversations)
    _index(ready, messages)
    automatic.note_pace(arrivals[0].event.account_kind, messages)
    _announce(arrivals, conversations, messages)


def _index(ready: list[Prepared], messages: list[Message]) -> None:
    textindex.add(
        textindex.Entry(
            message.organisation_id,
            receive.SEARCH_KIND,
            message.pk,
            message.conversation_id,
            text,
            one.words if text == one.searched else "",  # a name learnt from the customer's card changes it
        )
        for one, message in zip(ready, messages, strict=True)
        for text in (search_text(message),)
    )


def _announce(arrivals: list[Arrival], conversations: list[Conversation], messages: list[Message]) -> None:
    organisation_id = arrivals[0].event.organisation_id
    triples = list(zip(arrivals, conversations, messages, strict=True))
    events.publish_many(
        TOPIC_MESSAGE, organisation_id, [receive.message_news(talk, said) for _, talk, said in triples]
    )
    events.publish_many(
        TOPIC_CONVERSATION, organisation_id, [receive.created_news(talk) for talk in conversations]
    )
    for arrival, talk, said in triples:
        events.announce(receive.received(arrival, talk, said, is_new=True))


def _with_people(arrived: list[InboundParsed]) -> list[Arrival]:
    moments = [receive.moment(event.inbound) for event in arrived]
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
        for event, moment in zip(arrived, moments, strict=True)
    ]
    persons = resolve_many(arrived[0].organisation_id, wanted)
    return [
        Arrival(event, event.inbound, person, moment)
        for event, person, moment in zip(arrived, persons, moments, strict=True)
    ]


def _remember(arrivals: list[Arrival], conversations: list[Conversation]) -> None:
    keys, people = [], []
    for arrival, conversation in zip(arrivals, conversations, strict=True):
        inbound = arrival.inbound
        own = inbound.thread_keys[0]
        account_id = arrival.event.account_id
        keys += [
            ThreadKey(account_id=account_id, key=key, conversation=conversation, own=key == own)
            for key in threading.own_keys(inbound)
        ]
        people += [
            Participant(conversation=conversation, address=address)
            for address in threading.addresses(inbound)
        ]
    # a clash means that a parallel process opened the same thread: the batch starts over, row by row
    keys.sort(key=lambda row: row.key)
    bulk.insert(keys)
    bulk.insert(people)
