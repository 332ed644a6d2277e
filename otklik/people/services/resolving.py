"""Who writes: an identity leads to a customer.

`resolve` is on the path of every incoming message: one query when the person is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from otklik.kernel import clock, textindex
from otklik.people.engine.values import parse_email, parse_phone
from otklik.people.models import Customer, Identity
from otklik.people.queries import SEARCH_KIND

GLOBAL_KINDS = frozenset({"mail", "phone"})  # the same id means the same person in every account


@dataclass(frozen=True, slots=True)
class Person:
    """What other domains need to know of a customer."""

    id: int
    name: str


def resolve(  # noqa: PLR0913 a person arrives with these facts
    organisation_id: int,
    *,
    kind: str,
    scope: str,
    external_id: str,
    name: str = "",
    handle: str = "",
    url: str = "",
    seen_at: datetime | None = None,
) -> Person:
    """The customer behind an identity; created when new. Two processes may meet the same person."""
    key = {
        "organisation_id": organisation_id,
        "kind": kind,
        "scope": "" if kind in GLOBAL_KINDS else scope,
        "external_id": same_everywhere(kind, external_id),
    }
    known = _known(key)
    if known is None:
        made = _create(key, name=_clean_name(name), handle=handle, url=url, seen_at=seen_at or clock.now())
        known = made or _known(key)
    if known is None:  # it went away in the moment in which it stood in our way
        raise IntegrityError("identity_once")
    return _learn_name(known, name) if name and not known.name else known


def _known(key: dict[str, object]) -> Person | None:
    found = Identity.objects.filter(**key).values_list("customer_id", "customer__name")[:1]
    return next((Person(*row) for row in found), None)


def _learn_name(person: Person, name: str) -> Person:
    customer = Customer.objects.get(pk=person.id)
    customer.name = _clean_name(name)
    customer.save(update_fields=["name"])
    index(customer)
    return Person(customer.pk, customer.name)


def _create(key: dict[str, object], *, name: str, handle: str, url: str, seen_at: datetime) -> Person | None:
    """None when somebody else met this person in the same moment."""
    try:
        return _insert(key, name=name, handle=handle, url=url, seen_at=seen_at)
    except IntegrityError:
        return None


@transaction.atomic
def _insert(key: dict[str, object], *, name: str, handle: str, url: str, seen_at: datetime) -> Person:
    external_id = str(key["external_id"])
    customer = Customer.objects.create(
        organisation_id=int(str(key["organisation_id"])),
        name=name,
        email=external_id if key["kind"] == "mail" else "",
        phone=external_id if key["kind"] == "phone" else "",
        first_seen_at=seen_at,
        created_at=clock.now(),
    )
    face = Identity.objects.create(
        **key,
        customer=customer,
        name=name,
        handle=handle[:100],
        url=url[:500],
        created_at=clock.now(),
    )
    textindex.add([_entry(customer, [face])])
    return Person(customer.pk, customer.name)


def same_everywhere(kind: str, external_id: str) -> str:
    """One form of an id: mail addresses in lower case, phones in E.164; what is neither stays as it is."""
    text = external_id.strip()
    if kind == "mail":
        text = parse_email(text) or text
    elif kind == "phone":
        text = parse_phone(text) or text
    return text[:254]


def _clean_name(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip()[:200]


def index(customer: Customer, *, extra: str = "") -> None:
    """Make the customer findable by name, addresses and city."""
    textindex.index([_entry(customer, customer.identities.all(), extra)])


def _entry(customer: Customer, identities: Iterable[Identity], extra: str = "") -> textindex.Entry:
    faces = " ".join(f"{face.external_id} {face.handle} {face.name}" for face in identities)
    text = f"{customer.name} {customer.email} {customer.phone} {customer.city} {faces} {extra}"
    return textindex.Entry(customer.organisation_id, SEARCH_KIND, customer.pk, customer.pk, text)
