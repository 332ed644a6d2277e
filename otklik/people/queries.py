"""Reads of customers, within one organisation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from otklik.accounts import queries as accounts
from otklik.kernel import clock, textindex
from otklik.kernel.errors import NotFound
from otklik.people.engine.hours import Hours
from otklik.people.engine.mapping import RowProblem
from otklik.people.engine.values import parse_email, parse_phone
from otklik.people.models import (
    Customer,
    CustomerMerge,
    Identity,
    IdentityRemoval,
    KeptApart,
    Order,
    OrderImport,
    OrderImportProblem,
)

SEARCH_KIND = "customer"
ORDER_KIND = "order"
_LOOK_ALIKE = str.maketrans("АВЕКМНОРСТХавекмнорстх", "ABEKMHOPCTXabekmhopctx")
_MAX_DUPLICATES = 5


def customers(organisation_id: int) -> QuerySet[Customer]:
    """Live customers (merged ones are reached through their survivor)."""
    return Customer.objects.filter(organisation_id=organisation_id, merged_into=None)


def customer(organisation_id: int, customer_id: int) -> Customer:
    """The customer, or the one it was merged into; raises NotFound."""
    found = Customer.objects.filter(organisation_id=organisation_id, pk=customer_id).first()
    while found is not None and found.merged_into_id is not None:
        found = found.merged_into
    if found is None:
        raise NotFound
    return found


def hours(one: Customer) -> Hours | None:
    """When the customer likes to be written to; None when nothing was said."""
    if not (one.contact_since or one.contact_until or one.contact_days):
        return None
    zone = one.time_zone or accounts.organisation(one.organisation_id).time_zone
    return Hours(one.contact_since, one.contact_until, one.contact_days, ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list shows; values are as in the address of the page: `?q=лаптева&kind=vk&late=1`."""

    query: str = ""
    kind: str = ""  # has an identity of this kind
    late: bool = False  # waits for an order beyond the promised moment
    stop: bool = False  # must not be written to, or not called
    noted: bool = False  # has handling notes

    def with_(self, **changes: Any) -> Filters:
        return replace(self, **changes)

    @property
    def any(self) -> bool:
        return bool(self.query.strip() or self.kind or self.late or self.stop or self.noted)


def filtered(organisation_id: int, filters: Filters) -> QuerySet[Customer]:
    """The list, newest customers first; not yet cut into pages."""
    rows = find(organisation_id, filters.query) if filters.query.strip() else customers(organisation_id)
    if filters.kind:
        rows = rows.filter(Exists(Identity.objects.filter(customer=OuterRef("pk"), kind=filters.kind)))
    if filters.late:
        rows = rows.filter(Exists(late_orders(organisation_id).filter(customer=OuterRef("pk"))))
    if filters.stop:
        rows = rows.filter(Q(do_not_contact=True) | Q(do_not_call=True))
    if filters.noted:
        rows = rows.exclude(handling_notes="")
    return rows.order_by("-first_seen_at", "-id")


def late_orders(organisation_id: int) -> QuerySet[Order]:
    """Not delivered, not returned, and the promised moment has passed."""
    return Order.objects.filter(
        organisation_id=organisation_id, delivered_at=None, returned_at=None, promised_at__lt=clock.now()
    )


def find(organisation_id: int, query: str, *, limit: int = 500) -> QuerySet[Customer]:
    """Customers by any word form of name or city, mail, handle, phone in any notation, or order number."""
    rows = customers(organisation_id)
    ids = textindex.search(organisation_id, SEARCH_KIND, query, limit=limit)
    if ids is None:
        return rows
    found = set(ids) | set(
        textindex.search(organisation_id, ORDER_KIND, same_letters(query), limit=limit) or ()
    )
    match = Q(pk__in=found)
    phone, email = parse_phone(query), parse_email(query)
    if phone:
        match |= Q(phone=phone) | Q(pk__in=_behind(organisation_id, "phone", phone))
    if email:
        match |= Q(email=email) | Q(pk__in=_behind(organisation_id, "mail", email))
    return rows.filter(match)


def same_letters(text: str) -> str:
    """Order numbers are typed with «С» and with "C": both become Latin, in the index and in the query."""
    return text.translate(_LOOK_ALIKE)


def _behind(organisation_id: int, kind: str, external_id: str) -> QuerySet[Identity, int]:
    rows = Identity.objects.filter(organisation_id=organisation_id, kind=kind, external_id=external_id)
    return rows.values_list("customer_id", flat=True)


def identities(organisation_id: int, customer_id: int) -> QuerySet[Identity]:
    return Identity.objects.filter(organisation_id=organisation_id, customer_id=customer_id).order_by(
        "created_at", "id"
    )


def identity(organisation_id: int, identity_id: int) -> Identity:
    found = (
        Identity.objects.select_related("customer")
        .filter(organisation_id=organisation_id, pk=identity_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def removal(organisation_id: int, removal_id: int) -> IdentityRemoval:
    found = IdentityRemoval.objects.filter(organisation_id=organisation_id, pk=removal_id).first()
    if found is None:
        raise NotFound
    return found


def stopped_behind(organisation_id: int, addresses: Iterable[str]) -> Customer | None:
    """Somebody who asked not to be written to and has one of these mail addresses."""
    wanted = list(addresses)
    rows = customers(organisation_id).filter(do_not_contact=True)
    return (
        rows.filter(identities__kind="mail", identities__external_id__in=wanted).first() if wanted else None
    )


def orders(organisation_id: int, customer_id: int) -> QuerySet[Order]:
    """Newest first; orders without a date last."""
    rows = Order.objects.filter(organisation_id=organisation_id, customer_id=customer_id)
    return rows.order_by(F("ordered_at").desc(nulls_last=True), "-id")


def merges(organisation_id: int, customer_id: int) -> QuerySet[CustomerMerge]:
    """Merges that can be taken back, the latest first."""
    rows = CustomerMerge.objects.filter(
        organisation_id=organisation_id, survivor_id=customer_id, undone_at=None
    )
    return rows.select_related("merged", "by").order_by("-id")


def merge(organisation_id: int, merge_id: int) -> CustomerMerge:
    found = CustomerMerge.objects.filter(organisation_id=organisation_id, pk=merge_id).first()
    if found is None:
        raise NotFound
    return found


def all_numbers(organisation_id: int, customer_id: int) -> list[int]:
    """The customer and everyone merged into it, over any number of steps."""
    known, front = [customer_id], [customer_id]
    while front:
        rows = Customer.objects.filter(organisation_id=organisation_id, merged_into_id__in=front)
        front = list(rows.values_list("pk", flat=True))
        known += front
    return known


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Somebody who is probably the same person. `reasons`: phone, email, name_city."""

    customer: Customer
    reasons: tuple[str, ...]


def duplicates(organisation_id: int, customer_id: int) -> list[Duplicate]:
    """Probable duplicates of a customer: same phone or mail, or same name in the same city."""
    one = customer(organisation_id, customer_id)
    phones, emails = _addresses(one)
    apart = KeptApart.objects.filter(Q(one=one) | Q(other=one)).values_list("one_id", "other_id")
    ignored = {one.pk, *(pk for pair in apart for pk in pair)}
    match = Q(phone__in=phones) | Q(email__in=emails)
    match |= Q(identities__kind="phone", identities__external_id__in=phones)
    match |= Q(identities__kind="mail", identities__external_id__in=emails)
    if one.name and one.city:
        match |= Q(
            pk__in=textindex.search(organisation_id, SEARCH_KIND, f"{one.name} {one.city}", limit=50) or []
        )
    rows = (
        customers(organisation_id)
        .filter(match)
        .exclude(pk__in=ignored)
        .distinct()
        .prefetch_related("identities")
    )
    found = [Duplicate(other, _reasons(one, other, phones, emails)) for other in rows.order_by("id")[:50]]
    return [each for each in found if each.reasons][:_MAX_DUPLICATES]


def _addresses(one: Customer) -> tuple[set[str], set[str]]:
    faces = list(one.identities.all())
    phones = {face.external_id for face in faces if face.kind == "phone"} | {one.phone}
    emails = {face.external_id for face in faces if face.kind == "mail"} | {one.email}
    return phones - {""}, emails - {""}


def _reasons(one: Customer, other: Customer, phones: set[str], emails: set[str]) -> tuple[str, ...]:
    other_phones, other_emails = _addresses(other)
    same_name = bool(one.name and one.city) and _folded(one.name) == _folded(other.name)
    checks = (
        ("phone", bool(phones & other_phones)),
        ("email", bool(emails & other_emails)),
        ("name_city", same_name and _folded(one.city) == _folded(other.city)),
    )
    return tuple(name for name, holds in checks if holds)


def _folded(text: str) -> list[str]:
    """«Лаптева Ирина» and «ирина лаптёва» are one name."""
    return sorted(text.casefold().replace("ё", "е").split())


def order_imports(organisation_id: int) -> QuerySet[OrderImport]:
    """Runs of files of orders, newest first."""
    return OrderImport.objects.filter(organisation_id=organisation_id).order_by("-id")


def order_import(organisation_id: int, job_id: int) -> OrderImport:
    """Raises NotFound."""
    found = order_imports(organisation_id).filter(pk=job_id).first()
    if found is None:
        raise NotFound
    return found


def order_problems(job: OrderImport) -> Iterator[RowProblem]:
    """Rows that were not taken, in the order of the file."""
    for one in OrderImportProblem.objects.filter(job=job).order_by("row", "id").iterator():
        yield RowProblem(one.row, one.code, one.data)
