"""What every write of customers shares: who acts, the lock, the announcement."""

from __future__ import annotations

from typing import Any, Protocol

from otklik.accounts import policy
from otklik.audit import services as audit
from otklik.kernel import events
from otklik.kernel.errors import Conflict, NotFound
from otklik.people.events import TOPIC_CUSTOMER
from otklik.people.models import Customer


class Doer(policy.Principal, audit.Actor, Protocol):
    """Staff, or an API key with its rights."""


def lock(customer_id: int, by: Doer) -> Customer:
    """The live customer under a row lock, following merges; raises NotFound."""
    found = (
        Customer.objects.select_for_update(of=("self",))
        .filter(organisation_id=by.organisation_id, pk=customer_id)
        .first()
    )
    steps = 0
    while found is not None and found.merged_into_id is not None:
        steps += 1
        if steps > 50:  # noqa: PLR2004 far more than people merge; a circle would never end
            raise Conflict
        found = Customer.objects.select_for_update(of=("self",)).filter(pk=found.merged_into_id).first()
    if found is None:
        raise NotFound
    return found


def record(action: str, customer: Customer, by: Doer, *, reason: str = "", **data: Any) -> None:
    """Audit entry and durable event of one change of a customer."""
    audit.record(
        action,
        organisation_id=customer.organisation_id,
        by=by,
        kind="customer",
        object_id=customer.pk,
        reason=reason,
        **data,
    )
    events.publish(TOPIC_CUSTOMER, customer.organisation_id, customer_id=customer.pk, change=action)
