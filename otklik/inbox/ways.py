"""Where a customer can be written to from here: connected accounts and the customer's addresses in them."""

from __future__ import annotations

from dataclasses import dataclass

from otklik.channels import queries as channels
from otklik.people import kinds
from otklik.people import queries as people

ALIASES = {"tg": "telegram", "chat": "webchat"}
ANYBODY = ("mail", "demo")  # accounts from which an address can be written to that never wrote here


def same_kind(one: str, other: str) -> bool:
    """Whether two names of a channel mean the same one."""
    return ALIASES.get(one, one) == ALIASES.get(other, other)


@dataclass(frozen=True, slots=True)
class Way:
    """An account of ours and an address of the customer in it; `preferred`: it is the channel they like best."""

    account_id: int
    account_name: str
    kind: str
    address: str
    title: str  # the address as people read it
    preferred: bool

    @property
    def kind_name(self) -> str:
        return kinds.title(self.kind)


def ways(organisation_id: int, customer_id: int) -> list[Way]:
    """Every way to a customer, the preferred ones first; in a channel the address of the card first."""
    customer = people.customer(organisation_id, customer_id)
    faces = list(people.identities(organisation_id, customer.pk))
    found = [
        Way(
            account.pk,
            account.name,
            account.shown_kind,
            face.external_id,
            face.handle or face.external_id,
            same_kind(account.shown_kind, customer.preferred_channel),
        )
        for account in channels.writing(organisation_id)
        for face in faces
        if face.kind in (account.kind, account.shown_kind) and face.scope in ("", account.public_id.hex)
    ]
    return sorted(found, key=lambda way: (not way.preferred, way.address != customer.email))


def reachable(organisation_id: int, customer_id: int) -> bool:
    """Whether the channel that the customer prefers can be used from here at all; by phone a person can call."""
    customer = people.customer(organisation_id, customer_id)
    if customer.preferred_channel == "phone":
        return bool(customer.phone) and not customer.do_not_call
    return any(way.preferred for way in ways(organisation_id, customer_id))
