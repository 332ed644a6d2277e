"""To whom an answer goes: proposed from the customer's last message, changed by the person, checked.

By default only who wrote gets it (Reply-To, else From). Everybody else of that message is a choice of the person
("answer to all"). Hidden copies are never stored, so none can come back; when the message came to us as a hidden
copy, answering all would give that away and is not offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from otklik.channels import queries as channels
from otklik.channels.ports import AccountFacts
from otklik.inbox.models import Conversation, Direction, Message, Participant
from otklik.inbox.services.text import fit
from otklik.kernel.errors import Conflict, Invalid
from otklik.people import queries as people

MAX_RECIPIENTS = 50
_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\]+@[^@\s,;:<>()\[\]\"\\]+\.[^@\s,;:<>()\[\]\"\\]+")


class DoNotContact(Conflict):
    code = "do_not_contact"
    text = _("%(name)s asked not to be written to: %(why)s. Answer only what comes from this person.")


@dataclass(frozen=True, slots=True)
class Address:
    """One mail address with the name it was written with, or ""."""

    address: str
    name: str = ""

    @property
    def title(self) -> str:
        return self.name or self.address


@dataclass(frozen=True, slots=True)
class Proposal:
    """`to`: who wrote. `everybody`: the others of that message, offered as copies. `hidden`: we got a hidden copy."""

    to: tuple[Address, ...]
    everybody: tuple[Address, ...] = ()
    hidden: bool = False


def last_inbound(conversation: Conversation) -> Message | None:
    """The message an answer is to: the newest of a person, in the channel the answer leaves by."""
    return (
        conversation.messages.filter(direction=Direction.IN, auto="none", account_id=conversation.account_id)
        .order_by("-occurred_at", "-id")
        .first()
    )


def propose(conversation: Conversation, facts: AccountFacts) -> Proposal:
    """What the composer offers for a mail."""
    last_in = last_inbound(conversation)
    if last_in is None:
        return Proposal(tuple(Address(one) for one in default_to(conversation, None) if one))
    known = {one.address: one for one in (*_people(last_in, "to"), *_people(last_in, "cc"))}
    known[last_in.author_address.lower()] = Address(last_in.author_address.lower(), last_in.author_name)
    to = tuple(known.get(one.lower(), Address(one)) for one in default_to(conversation, last_in) if one)
    ours = channels.own_addresses(conversation.organisation_id) | {facts.address}
    visible = [one.address for one in (*_people(last_in, "to"), *_people(last_in, "cc"))]
    if visible and not ours & set(visible):
        return Proposal(to, hidden=True)
    taken = ours | {one.address.lower() for one in to}
    others = dict.fromkeys(one for one in visible if one not in taken)
    return Proposal(to, tuple(known[one] for one in others))


def _people(message: Message, field: str) -> list[Address]:
    """Addresses of a stored message, lower case: {"name", "address"} of what came in, plain texts of our own."""
    found = []
    for one in message.recipients.get(field) or []:
        told: dict[str, Any] = one if isinstance(one, dict) else {"address": one}
        address = str(told.get("address") or "").strip().lower()
        if address:
            found.append(Address(address, str(told.get("name") or "")))
    return found


def titles(message: Message, field: str) -> list[str]:
    """The same for a screen: names, or addresses without one."""
    return [one.title for one in _people(message, field)]


def default_to(conversation: Conversation, last_in: Message | None) -> list[str]:
    """Reply-To of the last message, its author, or the first known address of the customer."""
    if last_in is not None:
        reply_to = [str(one) for one in last_in.recipients.get("reply_to") or [] if one]
        return reply_to or [last_in.author_address]
    sent = conversation.messages.filter(direction=Direction.OUT).order_by("id").first()
    if sent is not None and sent.recipients.get("to"):
        return [str(one) for one in sent.recipients["to"]]
    first = Participant.objects.filter(conversation=conversation).order_by("id").first()
    return [first.address if first else ""]


def settled(to: Sequence[str], cc: Sequence[str], proposed: Sequence[str]) -> dict[str, list[str]]:
    """Both lists without repeats: who is written to gets no copy beside it."""
    first = _once(to or proposed)
    taken = {one.lower() for one in first}
    return {"to": first, "cc": [one for one in _once(cc) if one.lower() not in taken]}


def _once(addresses: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for one in addresses:
        found.setdefault(one.lower(), one)
    return list(found.values())


def require_mail_address(address: str, field: str = "to") -> None:
    """Raises Invalid with the address in the sentence."""
    if not _ADDRESS.fullmatch(address):
        raise Invalid(_("“%(to)s” is not a mail address. Check it."), field=field, to=address)


def require_addresses(to: Sequence[str], cc: Sequence[str]) -> None:
    """Raises Invalid for an address that is none, and for a crowd."""
    for field, addresses in (("to", to), ("cc", cc)):
        for address in addresses:
            require_mail_address(address, field)
    if len(to) + len(cc) > MAX_RECIPIENTS:
        raise Invalid(
            _("At most %(limit)s addresses get one letter. Take some away."), field="to", limit=MAX_RECIPIENTS
        )


def require_may_be_added(conversation: Conversation, addresses: Iterable[str]) -> None:
    """Nobody who asked not to be written to is drawn into somebody else's talk. Raises DoNotContact."""
    wanted = {fit(one.lower()) for one in addresses if one}
    there = Participant.objects.filter(conversation=conversation, address__in=wanted)
    fresh = wanted - set(there.values_list("address", flat=True))
    stopped = people.stopped_behind(conversation.organisation_id, fresh)
    if stopped is not None:
        raise not_to_be_written_to(stopped)


def not_to_be_written_to(customer: Any) -> DoNotContact:
    return DoNotContact(
        name=str(customer), why=customer.do_not_contact_reason or _("the reason is not written down")
    )


def add_participants(conversation: Conversation, addresses: Iterable[str]) -> list[str]:
    """Whoever gets our letter takes part from now on; returns those who are new."""
    wanted = {fit(one.lower()) for one in addresses if one}
    if not wanted:
        return []
    there = Participant.objects.filter(conversation=conversation, address__in=wanted)
    fresh = sorted(wanted - set(there.values_list("address", flat=True)))
    Participant.objects.bulk_create(
        [Participant(conversation=conversation, address=address) for address in fresh], ignore_conflicts=True
    )
    return fresh
