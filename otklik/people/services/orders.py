"""Orders come in by file and by API: the same number updates, the buyer is found or created."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Q

from otklik.accounts import policy
from otklik.audit import services as audit
from otklik.kernel import clock, events, textindex
from otklik.people.engine.mapping import YES_OR_DATE, Contact, OrderRow, RowProblem
from otklik.people.events import TOPIC_ORDERS
from otklik.people.models import Customer, Identity, Order
from otklik.people.queries import ORDER_KIND, SEARCH_KIND, same_letters
from otklik.people.services.base import Doer
from otklik.people.services.resolving import GLOBAL_KINDS, index

BATCH = 100  # a transaction of one batch stays near 50 ms on SQLite
_RACES = 3
_FIELDS = (
    "customer_id", "ordered_at", "items", "total", "outlet_key",
    "promised_at", "delivered_at", "paid_at", "returned_at",
)  # fmt: skip
T = TypeVar("T")
Face = tuple[str, str, str]


@dataclass(slots=True)
class ImportResult:
    """What became of the rows. `errors` holds every row that was not taken, with its number."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[RowProblem] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + len(self.errors)


def upsert(
    rows: Iterable[OrderRow | RowProblem], *, by: Doer, progress: Callable[[int], None] | None = None
) -> ImportResult:
    """Create or update orders by number. Fields a row does not have stay as they are; None empties one.

    Batches of `BATCH` rows, each its own transaction: a second run after an interruption finishes the work.
    A new order needs a buyer (mail, phone or a known account); a known order does not.
    """
    policy.require(by, "order.import")
    result = ImportResult()
    for batch in _batches(rows, BATCH):
        result.errors += [row for row in batch if isinstance(row, RowProblem)]
        good = [row for row in batch if isinstance(row, OrderRow)]
        if good:
            _with_races(good, by, result)
        if progress:
            progress(result.rows)
    audit.record(
        "orders.imported",
        organisation_id=by.organisation_id,
        by=by,
        kind="order",
        created=result.created,
        updated=result.updated,
        unchanged=result.unchanged,
        errors=len(result.errors),
    )
    return result


def _with_races(rows: list[OrderRow], by: Doer, result: ImportResult) -> None:
    """Another import may create the same number or person first: then the batch is worked again."""
    for attempt in range(1, _RACES + 1):
        try:
            part = take_batch(rows, by.organisation_id)
            break
        except IntegrityError:
            if attempt == _RACES:
                raise
    result.created += part.created
    result.updated += part.updated
    result.unchanged += part.unchanged
    result.errors += part.errors


@transaction.atomic
def take_batch(rows: list[OrderRow], org: int) -> ImportResult:
    """Some rows in one transaction. Raises IntegrityError when another import creates the same: start over."""
    result = ImportResult()
    numbers = {row.number for row in rows}
    known = {
        order.number: order
        for order in Order.objects.select_for_update().filter(organisation_id=org, number__in=numbers)
    }
    buyers = _Buyers(org, [row.contact for row in rows])
    before = {number: _state(order) for number, order in known.items()}
    touched: dict[str, Order] = {}
    bought: dict[str, Customer] = {}
    for row in rows:
        buyer = buyers.of(row.contact)
        order = known.get(row.number)
        if order is None and buyer is None:
            result.errors.append(_nobody(row))
            continue
        if order is None:
            order = known[row.number] = Order(organisation_id=org, number=row.number)
        elif row.number in touched:
            result.unchanged += 1  # the same number twice in one batch: the later row completes the earlier
        _apply(order, row)
        touched[row.number] = order
        if buyer is not None:
            bought[row.number] = buyer
    buyers.save()
    for number, person in bought.items():
        touched[number].customer = person
    new = [order for order in touched.values() if order.pk is None]
    changed = [
        order for order in touched.values() if order.pk is not None and _state(order) != before[order.number]
    ]
    _store(new, changed)
    result.created, result.updated = len(new), len(changed)
    result.unchanged += len(touched) - len(new) - len(changed)
    if new or changed:
        events.publish(TOPIC_ORDERS, org, created=len(new), updated=len(changed))
    return result


def _store(new: list[Order], changed: list[Order]) -> None:
    now = clock.now()
    for order in (*new, *changed):
        order.updated_at = now
    Order.objects.bulk_create(new)
    Order.objects.bulk_update(changed, [*[name.removesuffix("_id") for name in _FIELDS], "updated_at"])
    textindex.index(
        textindex.Entry(
            order.organisation_id, ORDER_KIND, order.pk, order.customer_id, same_letters(order.number)
        )
        for order in (*new, *changed)
        if order.customer_id is not None
    )


def _state(order: Order) -> tuple[object, ...]:
    return tuple(getattr(order, name) for name in _FIELDS)  # items are replaced, never changed in place


def _apply(order: Order, row: OrderRow) -> None:
    for name, value in row.values.items():
        if name in YES_OR_DATE and value is True:  # it happened, but when: keep what is known
            known = getattr(order, name) or row.values.get("ordered_at") or order.ordered_at
            setattr(order, name, known or clock.now())
        else:
            setattr(order, name, value)


def _nobody(row: OrderRow) -> RowProblem:
    if row.contact.identity:
        return RowProblem(
            row.row, "unknown_identity", {"value": ":".join(filter(None, row.contact.identity))}
        )
    return RowProblem(row.row, "no_customer", {"number": row.number})


class _Buyers:
    """The people behind a batch, found in three queries; new ones are created together at the end."""

    def __init__(self, organisation_id: int, contacts: Sequence[Contact]) -> None:
        self.org = organisation_id
        self.by_face: dict[Face, Customer] = {}
        self.anywhere: dict[tuple[str, str], list[Customer]] = {}  # an account of whatever scope
        self.new: list[Customer] = []
        self.new_faces: dict[Face, Customer] = {}
        self.enriched: dict[int, Customer] = {}
        self._load(contacts)

    def _load(self, contacts: Sequence[Contact]) -> None:
        emails = {one.email for one in contacts if one.email}
        phones = {one.phone for one in contacts if one.phone}
        accounts = {one.identity for one in contacts if one.identity}
        # the empty scope is named so that the unique index (kind, scope, id) answers
        match = Q(kind="mail", scope="", external_id__in=emails) | Q(
            kind="phone", scope="", external_id__in=phones
        )
        for kind in {each[0] for each in accounts}:
            match |= Q(kind=kind, external_id__in=[each[2] for each in accounts if each[0] == kind])
        rows = Identity.objects.select_related("customer").filter(match, organisation_id=self.org)
        people: dict[int, Customer] = {}  # one object a person, so that two rows do not write over each other
        for face in rows:
            person = people.setdefault(face.customer_id, face.customer)
            self.by_face[(face.kind, face.scope, face.external_id)] = person
            self.anywhere.setdefault((face.kind, face.external_id), []).append(person)
        live = Customer.objects.filter(organisation_id=self.org, merged_into=None)
        for person in live.filter(Q(email__in=emails) | Q(phone__in=phones)).order_by(
            "-first_seen_at", "-id"
        ):
            same = people.setdefault(person.pk, person)
            for face_key in (("mail", "", person.email), ("phone", "", person.phone)):
                if face_key[2]:
                    self.by_face.setdefault(face_key, same)

    def of(self, contact: Contact) -> Customer | None:
        """By account, then mail, then phone; created when there is an address and nobody has it."""
        faces = _faces(contact)
        person = self._account(contact.identity)
        person = person or next((self.by_face[face] for face in faces if face in self.by_face), None)
        if person is None and faces:
            person = Customer(organisation_id=self.org, name=contact.name, city=contact.city)
            self.new.append(person)
        if person is not None:
            self._enrich(person, contact, faces)
        return person

    def _account(self, identity: Face | None) -> Customer | None:
        if identity is None:
            return None
        kind, scope, external_id = identity
        if scope or kind in GLOBAL_KINDS:
            return self.by_face.get((kind, "" if kind in GLOBAL_KINDS else scope, external_id))
        found = {id(person): person for person in self.anywhere.get((kind, external_id), [])}
        return next(iter(found.values())) if len(found) == 1 else None

    def _enrich(self, person: Customer, contact: Contact, faces: list[Face]) -> None:
        """What is known is never written over; what is missing is filled in."""
        for name in ("name", "city", "email", "phone"):
            value = getattr(contact, name)
            if value and not getattr(person, name):
                setattr(person, name, value)
                self._note(person)
        for face in faces:
            if face not in self.by_face:
                self.by_face[face] = person
                self.new_faces[face] = person
                self._note(person)

    def _note(self, person: Customer) -> None:
        if person.pk is not None:
            self.enriched[person.pk] = person

    def save(self) -> None:
        now = clock.now()
        for person in self.new:
            person.first_seen_at = person.created_at = now
        Customer.objects.bulk_create(self.new)
        Customer.objects.bulk_update(self.enriched.values(), ["name", "city", "email", "phone"])
        Identity.objects.bulk_create(
            Identity(
                organisation_id=self.org,
                customer=person,
                kind=kind,
                scope=scope,
                external_id=external_id,
                created_at=now,
            )
            for (kind, scope, external_id), person in self.new_faces.items()
        )
        textindex.add(
            textindex.Entry(
                self.org, SEARCH_KIND, one.pk, one.pk, f"{one.name} {one.email} {one.phone} {one.city}"
            )
            for one in self.new
        )
        for person in self.enriched.values():
            index(person)


def _faces(contact: Contact) -> list[Face]:
    faces = [("mail", "", contact.email), ("phone", "", contact.phone)]
    if contact.identity and contact.identity[1] and contact.identity[0] not in GLOBAL_KINDS:
        faces.insert(0, contact.identity)
    return [face for face in faces if face[2]]


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    stream = iter(rows)
    while batch := list(islice(stream, size)):
        yield batch


def as_dict(result: ImportResult, sentence: Callable[[RowProblem], str]) -> dict[str, Any]:
    """For the API."""
    return {
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "errors": [{"row": one.row, "code": one.code, "message": sentence(one)} for one in result.errors],
    }
