"""Which conversation does an incoming message belong to?

1. Our own signed Message-ID in its headers: proof; a writer unknown there is pointed out.
2. A known id in References, either way round, **and** the sender takes part in that conversation.
3. Otherwise a new conversation; when it names a message of another one, a link "looks related" to that.
A number in the subject never threads: anyone can write one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from otklik.channels.protocol import Inbound
from otklik.inbox.models import Conversation, ConversationLink, Message, Participant, ThreadKey
from otklik.inbox.services.text import fit
from otklik.kernel import clock

Known = dict[str, ThreadKey]
MAX_KEYS = 100  # of one message; longer chains are cut in the middle, keeping root and nearest


@dataclass(frozen=True, slots=True)
class Match:
    """`related` look related but are not proved; `problems` are notices for the message: (code, detail).

    `known`: the keys met on the way; `taking_part`: the author is known to take part in `conversation`.
    """

    conversation: Conversation | None
    related: tuple[int, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    known: Known = field(default_factory=dict)
    taking_part: bool = False


def known_keys(account_id: int, inbound: Inbound) -> Known:
    """The names of an inbound message that conversations of this account are known under."""
    keys = [fit(key) for key in inbound.our_message_ids] + own_keys(inbound)
    if not keys:
        return {}
    return {row.key: row for row in ThreadKey.objects.filter(account_id=account_id, key__in=keys)}


def find(account_id: int, inbound: Inbound, known: Known | None = None) -> Match:
    """The conversation of an inbound message, locked, and what else it looks related to."""
    keys = own_keys(inbound)
    ours = [fit(key) for key in inbound.our_message_ids]
    if known is None:
        known = known_keys(account_id, inbound)
    if not known:
        return Match(None)
    problems = _twice(account_id, keys, known)
    for key in ours:
        if key in known:
            chosen = known[key].conversation_id
            takes_part = _takes_part(chosen, inbound)
            stranger = () if takes_part else (("new_participant", _author(inbound)),)
            locked = _lock(chosen)
            return Match(locked, (), (*problems, *stranger), known, takes_part and locked.pk == chosen)
    candidates = list(dict.fromkeys(known[key].conversation_id for key in keys if key in known))
    proved = [one for one in candidates if _takes_part(one, inbound)]
    if proved:
        # a message that joins two pieces of a broken chain goes to the nearest; the other is linked
        locked = _lock(proved[0])
        return Match(locked, tuple(proved[1:]), problems, known, locked.pk == proved[0])
    # an id that is only referred to proves nothing: a newsletter is named by all who answer it
    named = [known[key].conversation_id for key in keys if key in known and known[key].own]
    return Match(None, tuple(named[:1]), problems, known)


def own_keys(inbound: Inbound) -> list[str]:
    """The names a message goes under and refers to, its own first."""
    keys = list(dict.fromkeys(fit(key) for key in inbound.thread_keys if key))
    return keys if len(keys) <= MAX_KEYS else [*keys[: MAX_KEYS - 1], keys[-1]]


def _lock(conversation_id: int) -> Conversation:
    conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
    while conversation.merged_into_id is not None:
        conversation = Conversation.objects.select_for_update().get(pk=conversation.merged_into_id)
    return conversation


def _author(inbound: Inbound) -> str:
    return fit(inbound.author.external_id.lower())


def _takes_part(conversation_id: int, inbound: Inbound) -> bool:
    if not inbound.participants:  # channels without addresses: the thread key is the proof
        return True
    return Participant.objects.filter(conversation_id=conversation_id, address=_author(inbound)).exists()


def _twice(account_id: int, keys: list[str], known: Known) -> tuple[tuple[str, str], ...]:
    """Another body under a known Message-ID is a message of its own, with a notice."""
    # every stored message has its id among the keys: one that is not there needs no look at the messages
    if not keys or keys[0] not in known:
        return ()
    if not Message.objects.filter(account_id=account_id, wire_id=keys[0]).exclude(wire_id="").exists():
        return ()
    return (("same_id_other_body", keys[0]),)


def remember(conversation: Conversation, account_id: int, inbound: Inbound, match: Match) -> None:
    """Store the names and addresses by which later, or earlier, messages will find this conversation."""
    keys = own_keys(inbound)
    known = match.known
    own = known.get(keys[0]) if keys else None
    if own is not None and not own.own:
        # until now others only spoke of this message; here it is, and its conversation is its home
        ThreadKey.objects.filter(pk=own.pk, own=False).update(own=True, conversation=conversation)
    # in one order in every process, so that two of them never wait for each other; for a new conversation a clash
    # means that a parallel process opened the same thread: the caller starts over and finds it
    fresh = [
        ThreadKey(account_id=account_id, key=key, conversation=conversation, own=key == keys[0])
        for key in sorted(set(keys) - set(known))
    ]
    ThreadKey.objects.bulk_create(fresh, ignore_conflicts=match.conversation is not None)
    known_author = {_author(inbound)} if match.taking_part and inbound.participants else set()
    Participant.objects.bulk_create(
        [
            Participant(conversation=conversation, address=address)
            for address in addresses(inbound)
            if address not in known_author
        ],
        ignore_conflicts=True,
    )
    for other in match.related:
        link(conversation.pk, other, "references")


def addresses(inbound: Inbound) -> list[str]:
    """Who takes part by this message, each once, in one order in every process."""
    return sorted({fit(one.lower()) for one in (*inbound.participants, inbound.author.external_id) if one})


def link(one: int, other: int, reason: str) -> None:
    """Record that two conversations look or are related; a second time changes nothing."""
    if one == other:
        return
    first, second = sorted((one, other))
    ConversationLink.objects.bulk_create(
        [ConversationLink(first_id=first, second_id=second, reason=reason, created_at=clock.now())],
        ignore_conflicts=True,
    )
