"""Which conversation does an incoming message belong to?

1. Our own signed Message-ID in its headers: proof.
2. A known id in References, either way round, **and** the sender takes part in that conversation.
3. Otherwise a new conversation; when only the headers matched, a link "looks related" to the old one.
A number in the subject never threads: anyone can write one.
"""

from __future__ import annotations

from dataclasses import dataclass

from otklik.channels.protocol import Inbound
from otklik.inbox.models import Conversation, ConversationLink, Message, Participant, ThreadKey
from otklik.kernel import clock

MAX_KEYS = 100  # of one message; longer chains are cut in the middle, keeping root and nearest


@dataclass(frozen=True, slots=True)
class Match:
    """`related` looks related but is not proved; `problems` are notices for the message."""

    conversation: Conversation | None
    related: Conversation | None = None
    problems: tuple[tuple[str, str], ...] = ()


def find(account_id: int, inbound: Inbound) -> Match:
    """The conversation of an inbound message, locked, or what it looks related to."""
    keys = _keys(inbound)
    if not keys and not inbound.our_message_ids:
        return Match(None)
    known = {
        row.key: row
        for row in ThreadKey.objects.filter(account_id=account_id, key__in=[*inbound.our_message_ids, *keys])
    }
    for key in inbound.our_message_ids:
        if key in known:
            return Match(_lock(known[key].conversation_id), problems=_twice(account_id, inbound))
    candidates = list(dict.fromkeys(known[key].conversation_id for key in keys if key in known))
    for conversation_id in candidates:
        if _takes_part(conversation_id, inbound):
            return Match(_lock(conversation_id), problems=_twice(account_id, inbound))
    related = Conversation.objects.filter(pk=candidates[0]).first() if candidates else None
    return Match(None, related=related)


def _keys(inbound: Inbound) -> list[str]:
    keys = [key[:254] for key in inbound.thread_keys]
    if len(keys) > MAX_KEYS:
        keys = [*keys[: MAX_KEYS - 1], keys[-1]]
    return list(dict.fromkeys(keys))


def _lock(conversation_id: int) -> Conversation:
    conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
    while conversation.merged_into_id is not None:
        conversation = Conversation.objects.select_for_update().get(pk=conversation.merged_into_id)
    return conversation


def _takes_part(conversation_id: int, inbound: Inbound) -> bool:
    if not inbound.participants:  # channels without addresses: the thread key is the proof
        return True
    author = inbound.author.external_id.lower()
    return Participant.objects.filter(conversation_id=conversation_id, address=author).exists()


def _twice(account_id: int, inbound: Inbound) -> tuple[tuple[str, str], ...]:
    """Another body under a known Message-ID is a message of its own, with a notice."""
    if not inbound.thread_keys:
        return ()
    wire_id = inbound.thread_keys[0][:254]
    if not Message.objects.filter(account_id=account_id, wire_id=wire_id).exists():
        return ()
    return (("same_id_other_body", wire_id),)


def remember(conversation: Conversation, account_id: int, inbound: Inbound, match: Match) -> None:
    """Store the names and addresses by which later, or earlier, messages will find this conversation."""
    keys = _keys(inbound)
    own = keys[:1]
    ThreadKey.objects.filter(account_id=account_id, key__in=own, own=False).update(own=True)
    if match.conversation is None:
        # a clash here means that a parallel process opened the same thread: the caller starts over and finds it
        taken = set(
            ThreadKey.objects.filter(account_id=account_id, key__in=keys).values_list("key", flat=True)
        )
        fresh = [key for key in keys if key not in taken]
        ThreadKey.objects.bulk_create(_key_rows(conversation, account_id, fresh, own))
    else:
        ThreadKey.objects.bulk_create(_key_rows(conversation, account_id, keys, own), ignore_conflicts=True)
    addresses = {address.lower()[:254] for address in (*inbound.participants, inbound.author.external_id)}
    Participant.objects.bulk_create(
        [Participant(conversation=conversation, address=address) for address in sorted(addresses)],
        ignore_conflicts=True,
    )
    if match.related is not None:
        link(conversation.pk, match.related.pk, "references")


def _key_rows(
    conversation: Conversation, account_id: int, keys: list[str], own: list[str]
) -> list[ThreadKey]:
    return [
        ThreadKey(account_id=account_id, key=key, conversation=conversation, own=key in own) for key in keys
    ]


def link(one: int, other: int, reason: str) -> None:
    """Record that two conversations look or are related; a second time changes nothing."""
    if one == other:
        return
    first, second = sorted((one, other))
    ConversationLink.objects.bulk_create(
        [ConversationLink(first_id=first, second_id=second, reason=reason, created_at=clock.now())],
        ignore_conflicts=True,
    )
