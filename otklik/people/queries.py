"""Reads of customers, within one organisation."""

from __future__ import annotations

from django.db.models import QuerySet

from otklik.kernel import textindex
from otklik.kernel.errors import NotFound
from otklik.people.models import Customer, Order

SEARCH_KIND = "customer"


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


def find(organisation_id: int, query: str, *, limit: int = 50) -> QuerySet[Customer]:
    """Customers by any word of name, address, phone or handle."""
    ids = textindex.search(organisation_id, SEARCH_KIND, query, limit=limit)
    rows = customers(organisation_id)
    return rows if ids is None else rows.filter(pk__in=ids)


def orders(organisation_id: int, customer_id: int) -> QuerySet[Order]:
    return Order.objects.filter(organisation_id=organisation_id, customer_id=customer_id).order_by("-ordered_at", "-id")
