"""Customers and orders over the API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from ninja import Query, Router, Schema
from pydantic import Field

from otklik.accounts.principals import User
from otklik.kernel.rest import Call, Done, Given, Id, Limit, Page, Window, cut, operation
from otklik.people import history, queries, sentences
from otklik.people.engine import mapping
from otklik.people.models import Customer, CustomerMerge, Identity, IdentityRemoval, Order
from otklik.people.queries import Filters
from otklik.people.services import identities, merging, orders, profile

router = Router(tags=["Customers"])
order_router = Router(tags=["Orders"])
MAX_ORDERS = 1000


class IdentityOut(Schema):
    id: int
    kind: str
    scope: str
    external_id: str
    name: str
    handle: str
    url: str


class CustomerOut(Schema):
    id: int
    name: str
    city: str
    phone: str
    email: str
    preferred_channel: str
    language: str
    address_form: str
    contact_time: str
    contact_since: str
    contact_until: str
    contact_days: str
    time_zone: str
    handling_notes: str
    do_not_contact: bool
    do_not_contact_reason: str
    do_not_call: bool
    do_not_call_reason: str
    first_seen_at: datetime
    version: str = Field(description="send it back as `seen` to notice a colleague's change")

    @staticmethod
    def resolve_version(one: Customer) -> str:
        return profile.version(one)


class CustomerIn(Given):
    """Only the fields that are sent change."""

    name: str | None = Field(None, max_length=1000)
    city: str | None = Field(None, max_length=1000)
    phone: str | None = Field(None, max_length=1000)
    email: str | None = Field(None, max_length=1000)
    preferred_channel: str | None = Field(None, max_length=32)
    language: str | None = Field(None, max_length=8)
    address_form: Literal["", "vy", "ty"] | None = None
    contact_time: str | None = Field(None, max_length=1000, description="in the customer's words")
    contact_since: str | None = Field(None, max_length=8, description="best hours begin, as 10:00")
    contact_until: str | None = Field(None, max_length=8, description="best hours end, as 18:00")
    contact_days: str | None = Field(None, max_length=7, description="digits, 0 is Monday; empty: every day")
    time_zone: str | None = Field(None, max_length=64, description="empty: the organisation's")
    handling_notes: str | None = Field(None, max_length=10_000)
    do_not_contact: bool | None = None
    do_not_contact_reason: str | None = Field(None, max_length=1000)
    do_not_call: bool | None = None
    do_not_call_reason: str | None = Field(None, max_length=1000)


class CustomerChange(CustomerIn):
    seen: str = Field("", max_length=64, description="`version` the change is based on; empty: do not check")


class CustomerSearch(Window):
    q: str = Field("", max_length=200, description="name, mail, phone, city or order number")
    kind: str = Field("", max_length=32, description="has an address of this kind, e.g. vk")
    late: bool = Field(False, description="waits for a late order")
    stop: bool = Field(False, description="must not be written to, or called")
    noted: bool = Field(False, description="has handling notes")


@operation(router, "GET", "/customers", right="customer.read", answer=Page[CustomerOut])
def list_customers(request: Call, search: Query[CustomerSearch]) -> Any:
    """Find customers, newest first."""
    filters = Filters(
        query=search.q, kind=search.kind, late=search.late, stop=search.stop, noted=search.noted
    )
    rows = queries.filtered(request.auth.organisation_id, filters)
    items, following = cut(rows, ("-first_seen_at", "-id"), cursor=search.cursor, limit=search.limit)
    return {"items": items, "next": following}


@operation(
    router,
    "POST",
    "/customers",
    right="customer.write",
    answer=CustomerOut,
    status=201,
    example={"name": "Ирина Лаптева", "phone": "+7 916 123-45-67"},
)
def create_customer(request: Call, data: CustomerIn) -> Customer:
    """A customer known from elsewhere.

    Needs a name, a phone or a mail address.
    """
    return profile.create(_given(data), by=request.auth)


@operation(router, "GET", "/customers/{customer_id}", right="customer.read", answer=CustomerOut)
def get_customer(request: Call, customer_id: Id) -> Customer:
    """One customer. The number of a merged card leads to the card that stayed."""
    return queries.customer(request.auth.organisation_id, customer_id)


@operation(
    router,
    "PATCH",
    "/customers/{customer_id}",
    right="customer.write",
    answer=CustomerOut,
    example={"city": "Казань", "seen": "0f3a…"},
)
def update_customer(request: Call, customer_id: Id, data: CustomerChange) -> Customer:
    """Change a card."""
    changes = _given(data)
    changes.pop("seen", None)
    return profile.update(customer_id, changes, by=request.auth, seen=data.seen)


def _given(data: CustomerIn) -> dict[str, Any]:
    return {name: value for name, value in data.dict(exclude_unset=True).items() if value is not None}


class MergeIn(Given):
    other_id: Id


class CustomerMergeOut(Schema):
    """`survivor_id` is the older card: links and history lead to it."""

    id: int
    survivor_id: int
    merged_id: int
    at: datetime
    undone_at: datetime | None


@operation(
    router,
    "POST",
    "/customers/{customer_id}/merge",
    right="customer.merge",
    answer=CustomerMergeOut,
    status=201,
)
def merge_customers(request: Call, customer_id: Id, data: MergeIn) -> CustomerMerge:
    """Two cards are one person. Can be taken back."""
    return merging.merge(customer_id, data.other_id, by=request.auth)


@operation(router, "POST", "/customers/{customer_id}/apart", right="customer.merge", answer=Done)
def keep_customers_apart(request: Call, customer_id: Id, data: MergeIn) -> Done:
    """They look alike and are two people: never suggest it again."""
    merging.keep_apart(customer_id, data.other_id, by=request.auth)
    return Done()


@operation(
    router, "POST", "/customer-merges/{merge_id}/undo", right="customer.merge", answer=CustomerMergeOut
)
def unmerge_customers(request: Call, merge_id: Id) -> CustomerMerge:
    """Take a merge back."""
    return merging.unmerge(merge_id, by=request.auth)


class DuplicateOut(Schema):
    customer: CustomerOut
    reasons: list[str]


@operation(
    router, "GET", "/customers/{customer_id}/duplicates", right="customer.read", answer=list[DuplicateOut]
)
def list_duplicates(request: Call, customer_id: Id) -> Any:
    """Cards that are probably the same person, with reasons."""
    return queries.duplicates(request.auth.organisation_id, customer_id)


@operation(
    router, "GET", "/customers/{customer_id}/identities", right="customer.read", answer=list[IdentityOut]
)
def list_identities(request: Call, customer_id: Id) -> Any:
    """Addresses and accounts of a customer."""
    one = queries.customer(request.auth.organisation_id, customer_id)
    return queries.identities(one.organisation_id, one.pk)


class IdentityIn(Given):
    kind: str = Field(min_length=1, max_length=32, description="mail, phone, vk, telegram …")
    external_id: str = Field(min_length=1, max_length=254)
    scope: str = Field("", max_length=64)
    handle: str = Field("", max_length=100)


@operation(
    router,
    "POST",
    "/customers/{customer_id}/identities",
    right="customer.write",
    answer=IdentityOut,
    status=201,
    example={"kind": "phone", "external_id": "+79161234567"},
)
def add_identity(request: Call, customer_id: Id, data: IdentityIn) -> Identity:
    """One more address of a customer."""
    return identities.add(
        customer_id, data.kind, data.external_id, by=request.auth, scope=data.scope, handle=data.handle
    )


class RemovedOut(Schema):
    """`removal_id` takes it back within a day."""

    removal_id: int = Field(alias="pk", serialization_alias="removal_id")
    customer_id: int


@operation(router, "DELETE", "/identities/{identity_id}", right="customer.write", answer=RemovedOut)
def remove_identity(request: Call, identity_id: Id) -> IdentityRemoval:
    """Forget an address."""
    return identities.remove(identity_id, by=request.auth)


@operation(router, "POST", "/identity-removals/{removal_id}/undo", right="customer.write", answer=CustomerOut)
def restore_identity(request: Call, removal_id: Id) -> Customer:
    """Take a removal back, exactly."""
    return identities.restore(removal_id, by=request.auth)


@operation(
    router, "POST", "/identities/{identity_id}/split", right="customer.merge", answer=CustomerOut, status=201
)
def split_identity(request: Call, identity_id: Id) -> Customer:
    """The address is another person: it becomes a customer of its own."""
    return identities.split(identity_id, by=request.auth)


class TimelineOut(Schema):
    at: datetime
    kind: str
    text: str
    note: str
    url: str


class TimelineWindow(Schema):
    limit: Limit = 50


@operation(
    router, "GET", "/customers/{customer_id}/timeline", right="customer.read", answer=list[TimelineOut]
)
def get_timeline(request: Call, customer_id: Id, window: Query[TimelineWindow]) -> Any:
    """Everything that happened with a customer, newest first."""
    one = queries.customer(request.auth.organisation_id, customer_id)
    return history.timeline(one.organisation_id, one.pk, limit=window.limit)


class OrderOut(Schema):
    id: int
    number: str
    customer_id: int | None
    ordered_at: datetime | None
    items: list[Any]
    total: Decimal | None
    outlet_key: str
    promised_at: datetime | None
    delivered_at: datetime | None
    paid_at: datetime | None
    returned_at: datetime | None


@operation(router, "GET", "/customers/{customer_id}/orders", right="customer.read", answer=list[OrderOut])
def list_orders(request: Call, customer_id: Id, window: Query[TimelineWindow]) -> Any:
    """The newest orders of a customer."""
    one = queries.customer(request.auth.organisation_id, customer_id)
    rows: list[Order] = list(queries.orders(one.organisation_id, one.pk)[: window.limit])
    return rows


class OrdersIn(Given):
    """Each order: `number` and any of ordered_at, items, total, outlet_key, promised_at, delivered_at, paid_at,
    returned_at; the buyer by email, phone or identity, with name and city."""

    orders: list[dict[str, Any]] = Field(min_length=1, max_length=MAX_ORDERS)


class OrderProblem(Schema):
    row: int
    code: str
    message: str


class OrdersOut(Schema):
    created: int
    updated: int
    unchanged: int
    errors: list[OrderProblem]


ORDERS = {
    "orders": [
        {
            "number": "С-100245",
            "email": "irina@example.ru",
            "name": "Ирина Лаптева",
            "ordered_at": "2026-11-10",
            "items": [{"name": "Холодильник Север 300", "quantity": 1, "price": "54990"}],
            "total": "54990",
            "promised_at": "2026-11-14",
        }
    ]
}


@operation(
    order_router, "POST", "/orders", right="order.import", answer=OrdersOut, within=False, example=ORDERS
)
def upsert_orders(request: Call, data: OrdersIn) -> dict[str, Any]:
    """Create or update orders by number.

    Up to 1000 at once. Fields that are not sent keep their values; rows that could not be taken are named.
    """
    by: User = request.auth
    rows = mapping.from_json(data.orders, history.zone_of(by.organisation_id))
    done = orders.upsert(rows, by=by)
    return orders.as_dict(done, sentences.row_sentence)
