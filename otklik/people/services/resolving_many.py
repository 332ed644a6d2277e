"""`resolve` for a batch of an import: the same customers in four statements instead of eight for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from otklik.kernel import bulk, clock, textindex
from otklik.people.models import Customer, Identity
from otklik.people.queries import SEARCH_KIND
from otklik.people.services.resolving import GLOBAL_KINDS, Person, resolve, same_everywhere

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is looked for, in the words of `resolve`."""

    kind: str
    scope: str
    external_id: str
    name: str
    handle: str
    url: str
    seen_at: datetime


def resolve_many(organisation_id: int, wanted: list[Wanted]) -> list[Person]:
    """Customers in the order asked for; a new identity named twice is one customer. Needs a transaction.

    Raises IntegrityError when another process meets one of them in the same moment: start over.
    """
    keys = [_key(one) for one in wanted]
    known = _known(organisation_id, keys)
    fresh = {key: one for key, one in zip(reversed(keys), reversed(wanted), strict=True) if key not in known}
    known |= _create(organisation_id, fresh)
    found = []
    for key, one in zip(keys, wanted, strict=True):
        person = known[key]
        if not person.name and one.name:  # learnt now
            person = known[key] = resolve(
                organisation_id, kind=one.kind, scope=one.scope, external_id=one.external_id, name=one.name
            )
        found.append(person)
    return found


def _key(one: Wanted) -> Key:
    scope = "" if one.kind in GLOBAL_KINDS else one.scope
    return one.kind, scope, same_everywhere(one.kind, one.external_id)


def _known(organisation_id: int, keys: list[Key]) -> dict[Key, Person]:
    rows = Identity.objects.select_related("customer").filter(
        organisation_id=organisation_id,
        kind__in={kind for kind, _scope, _id in keys},
        scope__in={scope for _kind, scope, _id in keys},  # named, so that the unique index answers
        external_id__in=[external_id for _kind, _scope, external_id in keys],
    )
    return {
        (row.kind, row.scope, row.external_id): Person(row.customer_id, row.customer.name) for row in rows
    }


def _create(organisation_id: int, fresh: dict[Key, Wanted]) -> dict[Key, Person]:
    now = clock.now()
    customers = {
        key: Customer(
            organisation_id=organisation_id,
            name=" ".join(one.name.split())[:200],
            email=key[2] if key[0] == "mail" else "",
            phone=key[2] if key[0] == "phone" else "",
            first_seen_at=one.seen_at,
            created_at=now,
        )
        for key, one in fresh.items()
    }
    bulk.insert(list(customers.values()))
    faces = [
        Identity(
            organisation_id=organisation_id,
            kind=kind,
            scope=scope,
            external_id=external_id,
            customer=customer,
            name=customer.name,
            handle=fresh[kind, scope, external_id].handle[:100],
            url=fresh[kind, scope, external_id].url[:500],
            created_at=now,
        )
        for (kind, scope, external_id), customer in customers.items()
    ]
    bulk.insert(faces)
    textindex.add(
        textindex.Entry(
            organisation_id,
            SEARCH_KIND,
            customer.pk,
            customer.pk,
            f"{customer.name} {customer.email} {customer.phone} {key[2]} {fresh[key].handle}",
        )
        for key, customer in customers.items()
    )
    return {key: Person(customer.pk, customer.name) for key, customer in customers.items()}
