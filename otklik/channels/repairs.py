"""What a person does where the machine stopped: answers nobody knows the fate of, events nobody understood."""

from __future__ import annotations

from django.db import transaction

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels import delivery, intake
from otklik.channels.models import Delivery, RawEvent
from otklik.kernel import outbox
from otklik.kernel.errors import Conflict, NotFound

REPLAYED_AT_ONCE = 2000


def _delivery(delivery_id: int, by: User) -> Delivery:
    policy.require(by, "delivery.resolve")
    found = (
        Delivery.objects.select_related("account")
        .filter(pk=delivery_id, organisation_id=by.organisation_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def decide(delivery_id: int, *, arrived: bool, by: User) -> Delivery:
    """A person looked: the answer is there, or it goes once more. Raises Conflict when somebody was faster."""
    found = _delivery(delivery_id, by)
    if not delivery.decide(found, arrived=arrived):
        raise Conflict
    _record("delivery.arrived" if arrived else "delivery.resend", found, by)
    return found


@transaction.atomic
def retry(delivery_id: int, *, by: User) -> Delivery:
    """Send a refused answer again after its reason was removed. Raises Conflict when it is no longer refused."""
    found = _delivery(delivery_id, by)
    if not delivery.retry(found):
        raise Conflict
    _record("delivery.retried", found, by)
    return found


def _record(action: str, found: Delivery, by: User) -> None:
    audit.record(
        action,
        organisation_id=found.organisation_id,
        by=by,
        kind="message",
        object_id=found.message_id,
        delivery=found.pk,
        channel=found.account.name,
    )


@transaction.atomic
def replay(raw_id: int, *, by: User) -> None:
    """Try to understand a stored event again."""
    policy.require(by, "operations.act")
    row = (
        RawEvent.objects.select_related("account")
        .filter(pk=raw_id, account__organisation_id=by.organisation_id)
        .first()
    )
    if row is None:
        raise NotFound
    intake.replay(row)
    _replayed(1, by, raw_id)


@transaction.atomic
def replay_all(*, by: User, account_id: int = 0) -> int:
    """The same for everything not understood, at most REPLAYED_AT_ONCE; returns how many."""
    policy.require(by, "operations.act")
    rows = RawEvent.objects.select_related("account").filter(
        account__organisation_id=by.organisation_id, state=RawEvent.State.FAILED
    )
    if account_id:
        rows = rows.filter(account_id=account_id)
    found = list(rows.order_by("id")[:REPLAYED_AT_ONCE])
    for row in found:
        intake.replay(row)
    if found:
        _replayed(len(found), by)
    return len(found)


def _replayed(number: int, by: User, raw_id: int | None = None) -> None:
    audit.record(
        "raw.replayed", organisation_id=by.organisation_id, by=by, kind="raw", object_id=raw_id, number=number
    )


@transaction.atomic
def revive(work_id: int, *, by: User) -> None:
    """Give work that failed too often another life. Raises NotFound, also for work that is not given up."""
    policy.require(by, "operations.act")
    topic = outbox.revive(work_id, by.organisation_id)
    if topic is None:
        raise NotFound
    audit.record(
        "outbox.revived",
        organisation_id=by.organisation_id,
        by=by,
        kind="outbox",
        object_id=work_id,
        topic=topic,
    )
