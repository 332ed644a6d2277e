"""Two cards of one person become one, and back again exactly. Only a person decides to merge."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.kernel import clock, events, textindex
from otklik.kernel.errors import Conflict, Invalid
from otklik.people import queries
from otklik.people.events import (
    TOPIC_MERGED,
    TOPIC_UNMERGED,
    ContactStopped,
    CustomersMerged,
    CustomersUnmerged,
)
from otklik.people.models import Customer, CustomerMerge, Identity, KeptApart, Order
from otklik.people.queries import ORDER_KIND, SEARCH_KIND
from otklik.people.services.base import Doer, lock, record
from otklik.people.services.resolving import index

FILLED = (
    "name",
    "city",
    "phone",
    "email",
    "preferred_channel",
    "language",
    "address_form",
    "contact_time",
    "time_zone",
)
HOURS = ("contact_since", "contact_until", "contact_days")  # one wish: taken whole or not at all
STOPS = ("do_not_contact", "do_not_call")
OURS = frozenset({"identities", "orders", "fields"})  # keys of `moved` that handlers may not use


@transaction.atomic
def merge(survivor_id: int, other_id: int, *, by: Doer) -> CustomerMerge:
    """Join two customers. The older one stays, whichever was named first: links and history lead to it.

    Identities and orders move here, conversations through CustomersMerged. Empty fields are filled, notes are
    joined, a wish not to be contacted wins. Raises NotFound, Forbidden, Invalid for a customer and itself.
    """
    policy.require(by, "customer.merge")
    for customer_id in sorted(
        {survivor_id, other_id}
    ):  # one order of locks, so that two people never wait in a ring
        lock(customer_id, by)
    one, other = lock(survivor_id, by), lock(other_id, by)
    policy.require(by, "customer.merge", one, other)
    if one.pk == other.pk:
        raise Invalid(_("This is the same customer: choose another one."), field="other_id")
    survivor, merged = sorted((one, other), key=lambda each: (each.first_seen_at, each.pk))
    stopped = one.do_not_contact != other.do_not_contact  # one of them asked, now it holds for both
    moved: dict[str, Any] = {
        "identities": _move(Identity.objects.filter(customer=merged), survivor),
        "orders": _move(Order.objects.filter(customer=merged), survivor),
        "fields": _join(survivor, merged),
    }
    merged.merged_into = survivor
    merged.save(update_fields=["merged_into"])
    done = CustomerMerge.objects.create(
        organisation_id=survivor.organisation_id,
        survivor=survivor,
        merged=merged,
        moved=moved,
        by_id=by.audit_id if by.audit_kind == "staff" else None,
        at=clock.now(),
    )
    textindex.forget(SEARCH_KIND, [merged.pk])
    textindex.regroup(ORDER_KIND, moved["orders"], survivor.pk)
    index(survivor)
    record("customer.merged", survivor, by, merged_id=merged.pk, merge_id=done.pk, name=str(merged))
    org = survivor.organisation_id
    events.publish(TOPIC_MERGED, org, survivor_id=survivor.pk, merged_id=merged.pk, merge_id=done.pk)
    events.announce(CustomersMerged(org, done.pk, survivor.pk, merged.pk, survivor.name))
    if stopped:
        events.announce(ContactStopped(org, survivor.pk))
    done.refresh_from_db()
    return done


def remember(merge_id: int, kind: str, ids: list[int]) -> None:
    """For handlers of CustomersMerged: what they moved; it comes back in CustomersUnmerged.moved[kind]."""
    if kind in OURS:
        raise ValueError(kind)
    done = CustomerMerge.objects.select_for_update().get(pk=merge_id)
    done.moved[kind] = ids
    done.save(update_fields=["moved"])


@transaction.atomic
def unmerge(merge_id: int, *, by: Doer) -> CustomerMerge:
    """Take a merge back. What was moved returns, unless a person has since given it to somebody else.

    Merges of one customer are taken back latest first; raises Conflict with the name of the later one.
    """
    policy.require(by, "customer.merge")
    done = queries.merge(by.organisation_id, merge_id)
    Customer.objects.select_for_update().filter(pk__in=sorted((done.survivor_id, done.merged_id))).count()
    done = (
        CustomerMerge.objects.select_for_update(of=("self",))
        .select_related("survivor", "merged")
        .get(pk=merge_id)
    )
    survivor, merged = done.survivor, done.merged
    policy.require(by, "customer.merge", survivor, merged)
    _last_one(done)
    faces = Identity.objects.filter(pk__in=done.moved["identities"], customer=survivor)
    keys = tuple(faces.order_by("pk").values_list("kind", "scope", "external_id"))
    _move(faces, merged)
    orders = _move(Order.objects.filter(pk__in=done.moved["orders"], customer=survivor), merged)
    _restore(survivor, done.moved["fields"])
    merged.merged_into = None
    merged.save(update_fields=["merged_into"])
    done.undone_at = clock.now()
    done.save(update_fields=["undone_at"])
    textindex.regroup(ORDER_KIND, orders, merged.pk)
    index(survivor)
    index(merged)
    record("customer.unmerged", survivor, by, merged_id=merged.pk, merge_id=done.pk, name=str(merged))
    org = survivor.organisation_id
    events.publish(TOPIC_UNMERGED, org, survivor_id=survivor.pk, merged_id=merged.pk, merge_id=done.pk)
    theirs = {kind: ids for kind, ids in done.moved.items() if kind not in OURS}
    events.announce(CustomersUnmerged(org, done.pk, survivor.pk, merged.pk, merged.name, theirs, keys))
    return done


@transaction.atomic
def keep_apart(customer_id: int, other_id: int, *, by: Doer) -> None:
    """They look alike and are two people: never suggest it again."""
    one, other = lock(customer_id, by), lock(other_id, by)
    policy.require(by, "customer.merge", one, other)
    low, high = sorted((one.pk, other.pk))
    if low == high:
        return
    created = KeptApart.objects.get_or_create(
        one_id=low, other_id=high, defaults={"organisation_id": by.organisation_id}
    )[1]
    if created:
        record("customer.kept_apart", one, by, other_id=other.pk, name=str(other))


def _last_one(done: CustomerMerge) -> None:
    if done.undone_at is not None:
        raise Conflict(_("This merge has already been taken back."))
    if done.survivor.merged_into_id is not None:
        raise Conflict(_("This card was itself merged later. Take that merge back first."))
    later = (
        CustomerMerge.objects.filter(survivor=done.survivor, undone_at=None, pk__gt=done.pk)
        .select_related("merged")
        .order_by("-pk")
        .first()
    )
    if later is not None:
        raise Conflict(_("Take back the later merge with %(name)s first."), name=str(later.merged))


def _move(rows: Any, to: Customer) -> list[int]:
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    rows.model.objects.filter(pk__in=ids).update(customer=to)
    return ids


def _join(survivor: Customer, merged: Customer) -> dict[str, list[Any]]:
    """Fill what is empty; returns field → [before, after] of what changed."""
    changed: dict[str, list[Any]] = {}

    def put(field: str, value: Any) -> None:
        before = getattr(survivor, field)
        if before != value:
            changed[field] = [before, value]
            setattr(survivor, field, value)

    for field in FILLED:
        put(field, getattr(survivor, field) or getattr(merged, field))
    if not any(getattr(survivor, field) for field in HOURS):
        for field in HOURS:
            put(field, getattr(merged, field))
    for flag in STOPS:
        reason = f"{flag}_reason"
        put(reason, getattr(survivor, reason) or getattr(merged, reason))
        put(flag, getattr(survivor, flag) or getattr(merged, flag))
    notes = [text for text in (survivor.handling_notes, merged.handling_notes) if text]
    put("handling_notes", "\n".join(dict.fromkeys(notes)))
    if changed:
        survivor.save(update_fields=list(changed))
    return changed


def _restore(survivor: Customer, fields: dict[str, list[Any]]) -> None:
    """Back to the value before, except where a person has written something since."""
    back = [field for field, (_before, after) in fields.items() if getattr(survivor, field) == after]
    for field in back:
        setattr(survivor, field, fields[field][0])
    if back:
        survivor.save(update_fields=back)
