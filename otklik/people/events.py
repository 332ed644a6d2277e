"""What customers announce; `web/wiring.py` says who listens. Topics of the durable stream stand here too."""

from __future__ import annotations

from dataclasses import dataclass, field

TOPIC_CUSTOMER = "customer.changed"
TOPIC_MERGED = "customer.merged"
TOPIC_UNMERGED = "customer.unmerged"
TOPIC_ORDERS = "orders.imported"

TOPICS = {
    TOPIC_CUSTOMER: "profile, identities or contact wishes of a customer changed",
    TOPIC_MERGED: "two customers became one",
    TOPIC_UNMERGED: "a merge was taken back",
    TOPIC_ORDERS: "orders were created or updated",
}

IdentityKey = tuple[str, str, str]  # kind, scope, external id


@dataclass(frozen=True, slots=True)
class CustomersMerged:
    """`merged_id` now stands for `survivor_id`; announced inside the transaction.

    A handler moves what it holds and calls `people.services.merging.remember(merge_id, kind, ids)` with what
    it moved: the same ids come back in `CustomersUnmerged.moved[kind]`.
    """

    organisation_id: int
    merge_id: int
    survivor_id: int
    merged_id: int
    survivor_name: str


@dataclass(frozen=True, slots=True)
class CustomersUnmerged:
    """The merge is taken back. `moved`: kind → ids remembered by handlers.

    `identities` belong to `merged_id` again: what arrived through them since the merge is theirs, too.
    """

    organisation_id: int
    merge_id: int
    survivor_id: int
    merged_id: int
    merged_name: str
    moved: dict[str, list[int]] = field(default_factory=dict)
    identities: tuple[IdentityKey, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentitySplit:
    """One identity was not this person: it is a customer of its own now; its conversations follow."""

    organisation_id: int
    customer_id: int
    new_customer_id: int
    new_customer_name: str
    identity: IdentityKey


@dataclass(frozen=True, slots=True)
class CustomerRenamed:
    """For lists that keep a copy of the name."""

    organisation_id: int
    customer_id: int
    name: str


@dataclass(frozen=True, slots=True)
class ContactStopped:
    """The customer asked not to be written to: what was planned for them must not leave by itself."""

    organisation_id: int
    customer_id: int
