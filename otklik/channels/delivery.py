"""The way out: one state machine for every channel.

queued → sending → sent; a refusal is `failed`, a wait is `throttled`, a lost answer is `uncertain`: then the far
end is asked (reconcile), and where it cannot tell, a person decides. Nothing is sent twice by itself.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from otklik.channels import credentials, registry
from otklik.channels.events import DeliveryChanged
from otklik.channels.models import Delivery, DeliveryAttempt, DeliveryState
from otklik.channels.protocol import Adapter, Found, Outbound, OutboundFile, SendResult, SendState
from otklik.kernel import clock, events, media, outbox
from otklik.kernel.errors import OtklikError

log = logging.getLogger(__name__)

TOPIC = "channels.deliver"
STARTABLE = (DeliveryState.QUEUED, DeliveryState.THROTTLED, DeliveryState.RESEND_APPROVED)
OPEN = (*STARTABLE, DeliveryState.SENDING)
MAX_ATTEMPTS = 10
BACKOFF = (5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
ACCESS_PAUSE = 600.0  # seconds an answer waits when its account has no access
CRASH_AFTER = outbox.LEASE - 5.0  # seconds in `sending` after which the sender is taken for dead


def queue(  # noqa: PLR0913 a delivery is fixed completely when queued
    *,
    organisation_id: int,
    account_id: int,
    message_id: int,
    thread_id: int,
    outbound: Outbound,
    due_at: datetime,
) -> Delivery:
    """Fix content and key of an answer in the caller's transaction; it leaves after the commit, at `due_at`."""
    delivery = Delivery.objects.create(
        organisation_id=organisation_id,
        account_id=account_id,
        message_id=message_id,
        thread_id=thread_id,
        idempotency_key=outbound.idempotency_key,
        content=_freeze(outbound),
        due_at=due_at,
        queued_at=clock.now(),
    )
    _plan(delivery, due_at)
    return delivery


def _plan(delivery: Delivery, due_at: datetime, note: str = "") -> None:
    outbox.put(
        TOPIC,
        f"deliver:{delivery.pk}{note}",
        {"delivery_id": delivery.pk},
        organisation_id=delivery.organisation_id,
        run_after=due_at,
    )


def _plan_anew(delivery: Delivery) -> None:
    """Another row in the outbox; its key is new whatever was planned before."""
    _plan(delivery, clock.now(), f":{secrets.token_hex(6)}")


def rescue(*, overdue: float = 600.0, limit: int = 100) -> int:
    """Periodic: deliveries that should have moved long ago are planned again; planned twice does no harm."""
    stuck = Delivery.objects.filter(state__in=OPEN, due_at__lt=clock.ago(overdue), account__active=True)
    stuck = stuck.exclude(state=DeliveryState.SENDING, sending_since__gte=clock.ago(overdue))
    rows = list(stuck.order_by("due_at")[:limit])
    for delivery in rows:
        with transaction.atomic():
            _plan_anew(delivery)
    return len(rows)


def _freeze(outbound: Outbound) -> dict[str, Any]:
    content = asdict(outbound)
    content["files"] = [
        {"filename": one.filename, "content_type": one.content_type, "digest": media.put(one.content)}
        for one in outbound.files
    ]
    return content


def thaw(delivery: Delivery) -> Outbound:
    """The answer exactly as it was fixed."""
    content = dict(delivery.content)
    content["files"] = tuple(
        OutboundFile(one["filename"], one["content_type"], media.get(one["digest"]))
        for one in content["files"]
    )
    content["references"] = tuple(content["references"])
    content["cc"] = tuple(content["cc"])
    content["also_to"] = tuple(content.get("also_to", ()))
    return Outbound(**content)


def deliver(payload: dict[str, Any]) -> None:
    """Outbox handler. May be called again after a crash: the state says what has happened."""
    delivery = Delivery.objects.select_related("account").get(pk=payload["delivery_id"])
    if delivery.state == DeliveryState.SENDING:
        _after_crash(delivery)
        return
    if delivery.state not in STARTABLE:
        return
    _wait_for_turn(delivery)
    # a slow renewal must not look like a sender that died; what is wrong with it is said when sending
    with contextlib.suppress(OtklikError):
        credentials.config_of(delivery.account)
    attempt = _begin(delivery)
    if attempt is not None:
        _end(delivery, attempt, _send(delivery))


def _send(delivery: Delivery) -> SendResult:
    """The one call to the far end, with an honest answer whatever happens."""
    try:
        outbound, config = thaw(delivery), delivery.account.config
        adapter = registry.adapter(delivery.account.kind)
    except (
        Exception
    ) as error:  # nothing has left yet: a file is gone, a key does not fit, the kind is unknown
        log.exception("delivery %s cannot be prepared", delivery.pk)
        return SendResult(SendState.REJECTED, code="not_prepared", detail=f"{type(error).__name__}: {error}")
    try:
        return _send_signed_in(adapter, config, outbound)
    except Exception as error:  # the call may have gone through: that is what uncertain means
        log.exception("delivery %s: the adapter failed", delivery.pk)
        return SendResult(
            SendState.UNCERTAIN, code="adapter_failed", detail=f"{type(error).__name__}: {error}"
        )


def _send_signed_in(adapter: Adapter, config: dict[str, Any], outbound: Outbound) -> SendResult:
    """With access that is renewed when its time has come, or once more when the far end refuses it before."""
    for again in (True, False):
        try:
            ready = credentials.ready(config)
        except OtklikError as error:  # nothing has left; it waits until the account has access again
            return SendResult(
                SendState.THROTTLED, code=error.code, detail=error.sentence, retry_after=ACCESS_PAUSE
            )
        result = adapter.send(ready, outbound)
        if not (again and result.code == "token_expired" and credentials.spoil(ready)):
            break
    return result


def _wait_for_turn(delivery: Delivery) -> None:
    wait = (delivery.due_at - clock.now()).total_seconds()
    if wait > 0:
        raise outbox.Later(wait)
    if not delivery.account.active:  # switched off since: it waits, nothing is lost
        raise outbox.Later(60.0)
    earlier = Delivery.objects.filter(thread_id=delivery.thread_id, pk__lt=delivery.pk, state__in=OPEN)
    # what was put off to a later moment than this one does not hold it up
    earlier = earlier.exclude(state=DeliveryState.QUEUED, attempts=0, due_at__gt=delivery.due_at)
    if earlier.exists():
        raise outbox.Later(2.0)


def _begin(delivery: Delivery) -> DeliveryAttempt | None:
    """Take the delivery and write the attempt before the call; None when somebody else was faster."""
    with transaction.atomic():
        won = Delivery.objects.filter(pk=delivery.pk, state__in=STARTABLE, due_at__lte=clock.now()).update(
            state=DeliveryState.SENDING, sending_since=clock.now(), attempts=F("attempts") + 1
        )
        if not won:
            return None
        delivery.refresh_from_db(fields=["state", "attempts", "sending_since"])
        return DeliveryAttempt.objects.create(
            delivery=delivery, number=delivery.attempts, started_at=clock.now()
        )


def _end(delivery: Delivery, attempt: DeliveryAttempt, result: SendResult) -> None:
    DeliveryAttempt.objects.filter(pk=attempt.pk).update(
        ended_at=clock.now(), outcome=result.state.value, detail=result.detail[:2000]
    )
    if result.state == SendState.SENT:
        _settle(delivery, DeliveryState.SENT, result)
    elif result.state == SendState.REJECTED:
        _settle(delivery, DeliveryState.FAILED, result)
    elif result.state == SendState.UNCERTAIN:
        _uncertain(delivery, result)
    else:
        _again(delivery, result)


def _again(delivery: Delivery, result: SendResult) -> None:
    """Certainly not accepted: wait and try again, until the attempts are used up."""
    if delivery.attempts >= MAX_ATTEMPTS:
        _settle(delivery, DeliveryState.FAILED, result)
        return
    pause = result.retry_after or BACKOFF[min(delivery.attempts, len(BACKOFF)) - 1]
    throttled = result.state == SendState.THROTTLED
    _settle(
        delivery,
        DeliveryState.THROTTLED if throttled else DeliveryState.QUEUED,
        result,
        due_at=clock.after(pause),
    )
    raise outbox.Later(pause)


def _after_crash(delivery: Delivery) -> None:
    """The sender died between the attempt and the answer: nobody knows, so the far end is asked."""
    since = delivery.sending_since or delivery.queued_at
    alive_for = CRASH_AFTER - (clock.now() - since).total_seconds()
    if alive_for > 0:
        raise outbox.Later(alive_for)
    result = SendResult(
        SendState.UNCERTAIN, code="sender_died", detail="the sending process ended before the answer"
    )
    delivery.tries.filter(ended_at=None).update(
        ended_at=clock.now(), outcome=result.state.value, detail=result.detail
    )
    _uncertain(delivery, result)


def _uncertain(delivery: Delivery, result: SendResult) -> None:
    """Sent again by itself only where the platform drops a second copy by our key; else asked, else decided."""
    if _deduplicates(delivery) and delivery.attempts < MAX_ATTEMPTS:
        _again(delivery, SendResult(SendState.RETRY, code=result.code, detail=result.detail))
        return
    if _settle(delivery, DeliveryState.UNCERTAIN, result):
        delivery.refresh_from_db()
        ask_far_end(delivery)


def _deduplicates(delivery: Delivery) -> bool:
    account = delivery.account
    return (
        registry.has(account.kind)
        and registry.adapter(account.kind).capabilities(account.settings).idempotent_send
    )


def ask_far_end(delivery: Delivery) -> Found:
    """Look whether an uncertain answer is there. Found → reconciled; otherwise a person decides."""
    try:
        config = credentials.config_of(delivery.account)
        found = registry.adapter(delivery.account.kind).reconcile(config, thaw(delivery))
    except Exception as error:
        log.warning("delivery %s cannot be reconciled: %s", delivery.pk, type(error).__name__)
        found = Found.CANNOT_TELL
    if found == Found.FOUND:
        _settle(delivery, DeliveryState.RECONCILED, SendResult(SendState.SENT))
    return found


def _settle(
    delivery: Delivery, state: DeliveryState, result: SendResult, *, due_at: datetime | None = None
) -> bool:
    """Move to `state` and tell the inbox, in one transaction; False when another process already did."""
    finished = None if state in OPEN or state == DeliveryState.UNCERTAIN else clock.now()
    with transaction.atomic():
        changes: dict[str, Any] = {
            "state": state,
            "error_code": "" if finished and state != DeliveryState.FAILED else result.code[:64],
            "error": "" if state in (DeliveryState.SENT, DeliveryState.RECONCILED) else result.detail[:2000],
            "finished_at": finished,
        }
        if result.external_id:
            changes["external_id"] = result.external_id[:254]
        if result.url:
            changes["url"] = result.url[:500]
        if due_at is not None:
            changes["due_at"] = due_at
        won = Delivery.objects.filter(
            pk=delivery.pk, state__in=(DeliveryState.SENDING, DeliveryState.UNCERTAIN)
        ).update(**changes)
        if won:
            _announce(delivery, state, external_id=result.external_id, error=result.detail)
    return bool(won)


def _announce(delivery: Delivery, state: DeliveryState, *, external_id: str = "", error: str = "") -> None:
    events.announce(
        DeliveryChanged(
            organisation_id=delivery.organisation_id,
            delivery_id=delivery.pk,
            message_id=delivery.message_id,
            state=state.value,
            external_id=external_id,
            error=error,
        )
    )


@transaction.atomic
def cancel(message_id: int) -> bool:
    """Take an answer back while it has not started to leave (undo); False when it is too late."""
    won = Delivery.objects.filter(
        message_id=message_id, state__in=(DeliveryState.QUEUED, DeliveryState.THROTTLED), attempts=0
    ).update(state=DeliveryState.CANCELLED, finished_at=clock.now())
    if won:
        _announce(Delivery.objects.get(message_id=message_id), DeliveryState.CANCELLED)
    return bool(won)


@transaction.atomic
def hasten(message_id: int) -> bool:
    """Let an answer that waits for its moment leave at once; False when it has begun to leave or was taken back."""
    won = Delivery.objects.filter(message_id=message_id, state=DeliveryState.QUEUED, attempts=0).update(
        due_at=clock.now()
    )
    if won:
        _plan_anew(Delivery.objects.get(message_id=message_id))
    return bool(won)


@transaction.atomic
def decide(delivery: Delivery, *, arrived: bool) -> bool:
    """A person says what happened to an uncertain answer: it is there, or send it again."""
    state = DeliveryState.RECONCILED if arrived else DeliveryState.RESEND_APPROVED
    won = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.UNCERTAIN).update(
        state=state,
        due_at=clock.now(),
        finished_at=clock.now() if arrived else None,
        error_code="",
        error="",
    )
    if won:
        _announce(delivery, state)
        if not arrived:
            _plan_anew(delivery)
    return bool(won)


@transaction.atomic
def retry(delivery: Delivery) -> bool:
    """Send a failed answer again after its reason was removed; it was certainly not accepted before."""
    won = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED).update(
        state=DeliveryState.QUEUED, due_at=clock.now(), finished_at=None, error_code="", error=""
    )
    if won:
        _announce(delivery, DeliveryState.QUEUED)
        _plan_anew(delivery)
    return bool(won)


@transaction.atomic
def bounced(account_id: int, idempotency_key: str, *, detail: str, code: str) -> Delivery | None:
    """A bounce names the answer that did not arrive; None when it is not ours."""
    delivery = Delivery.objects.filter(account_id=account_id, idempotency_key=idempotency_key).first()
    if delivery is None:
        return None
    # what has not left, or was taken back, cannot have bounced: the report is stored, nothing else happens
    won = (
        Delivery.objects.filter(pk=delivery.pk, attempts__gt=0)
        .exclude(state__in=(DeliveryState.FAILED, DeliveryState.CANCELLED))
        .update(
            state=DeliveryState.FAILED, error_code=code[:64], error=detail[:2000], finished_at=clock.now()
        )
    )
    if won:
        _announce(delivery, DeliveryState.FAILED, error=detail)
    return delivery


RECEIPTS = {
    DeliveryState.DELIVERED: (DeliveryState.SENT, DeliveryState.RECONCILED, DeliveryState.UNCERTAIN),
    DeliveryState.READ: (
        DeliveryState.SENT,
        DeliveryState.RECONCILED,
        DeliveryState.UNCERTAIN,
        DeliveryState.DELIVERED,
    ),
}


@transaction.atomic
def receipt(account_id: int, name: str, state: DeliveryState) -> bool:
    """The platform says that an answer was delivered or read; `name`: our key or its id. Never goes back.

    False for an answer that is not ours or is further already.
    """
    named = Delivery.objects.filter(account_id=account_id)
    delivery = named.filter(idempotency_key=name).first() or named.filter(external_id=name).first()
    if delivery is None or not name:
        return False
    won = Delivery.objects.filter(pk=delivery.pk, state__in=RECEIPTS[state]).update(
        state=state, finished_at=clock.now(), error_code="", error=""
    )
    if won:
        _announce(delivery, state)
    return bool(won)
