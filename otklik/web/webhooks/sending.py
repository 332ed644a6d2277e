"""The way out of a webhook: signed, tried for about two days, every attempt written down before the call.

At least once: a process that dies between the call and the note sends again, under the same `webhook-id`.
"""

from __future__ import annotations

import logging
import random
import time
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import translation
from standardwebhooks.webhooks import Webhook

from otklik.audit import services as audit
from otklik.channels import transport
from otklik.inbox.events import TOPIC_PERSONAL
from otklik.kernel import clock, events, outbox
from otklik.kernel.errors import OtklikError
from otklik.web.models import WebhookAttempt, WebhookDelivery, WebhookState, WebhookSubscription
from otklik.web.webhooks import subscriptions

log = logging.getLogger(__name__)

# seconds before the next attempt: twelve attempts over about two days
PAUSES = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 43200.0, 72000.0)
JITTER = 0.2
CRASH_AFTER = outbox.LEASE - 5.0  # seconds in `sending` after which the sender is taken for dead
OFF_AFTER = 5 * 86400.0  # seconds of nothing but failure
LONGEST_WAIT = 6 * 3600.0  # seconds a receiver may ask for
ANSWER_LIMIT = 64 * 1024
EXCERPT = 500
GONE = 410


def deliver(payload: dict[str, Any]) -> None:
    """Outbox handler. May be called again after a crash: the state says what has happened."""
    row = WebhookDelivery.objects.select_related("subscription").get(pk=payload["delivery_id"])
    if row.rounds != payload["round"] or row.state in (WebhookState.DELIVERED, WebhookState.FAILED):
        return
    if not row.subscription.active:
        _finish(row, WebhookState.FAILED)
        return
    attempt = _begin(row)
    if attempt is None:
        return
    started = time.monotonic()
    status, excerpt, error, asked = _call(row)
    WebhookAttempt.objects.filter(pk=attempt.pk).update(
        ended_at=clock.now(),
        status=status,
        duration_ms=round((time.monotonic() - started) * 1000),
        excerpt=excerpt,
        error=error,
    )
    _settle(row, status, asked)


def _begin(row: WebhookDelivery) -> WebhookAttempt | None:
    """Take the row and write the attempt before the call; None when somebody else has it."""
    now = clock.now()
    if row.state == WebhookState.SENDING:
        alive_for = CRASH_AFTER - (now - (row.sending_since or now)).total_seconds()
        if alive_for > 0:
            raise outbox.Later(alive_for)
    elif row.due_at > now:
        raise outbox.Later((row.due_at - now).total_seconds())
    with transaction.atomic():
        won = WebhookDelivery.objects.filter(
            pk=row.pk, state=row.state, sending_since=row.sending_since, rounds=row.rounds
        ).update(state=WebhookState.SENDING, sending_since=now, attempts=F("attempts") + 1)
        if not won:
            return None
        row.refresh_from_db(fields=["state", "sending_since", "attempts"])
        return WebhookAttempt.objects.create(delivery=row, started_at=now)


def headers_of(row: WebhookDelivery) -> dict[str, str]:
    """Standard Webhooks: id, time of this attempt, a signature for each secret that is valid now."""
    now = clock.now()
    signatures = [
        Webhook(secret).sign(row.message_id, now, row.body)
        for secret in subscriptions.secrets_of(row.subscription)
    ]
    return {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": row.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _call(row: WebhookDelivery) -> tuple[int | None, str, str, float | None]:
    """One exchange → status, excerpt of the answer, what went wrong, seconds the receiver asks to wait."""
    try:
        answer = transport.request(
            "POST",
            row.subscription.url,
            headers=headers_of(row),
            content=row.body.encode(),
            limit=ANSWER_LIMIT,
            redirects=0,
        )
    except OtklikError as error:
        with translation.override(row.organisation.language):
            return None, "", error.sentence[:EXCERPT], None
    except Exception as error:  # the receiver may send anything
        log.warning("webhook %s: %s", row.pk, type(error).__name__)
        return None, "", f"{type(error).__name__}: {error}"[:EXCERPT], None
    excerpt = answer.content[: EXCERPT * 4].decode("utf-8", "replace").replace("\x00", "")[:EXCERPT]
    return answer.status, excerpt, "", _asked(answer.headers.get("retry-after", ""))


def _asked(header: str) -> float | None:
    """Seconds of a Retry-After; a date is left alone."""
    if not header.isascii() or not header.isdigit():
        return None
    return min(float(header[:9]), LONGEST_WAIT)


def _settle(row: WebhookDelivery, status: int | None, asked: float | None) -> None:
    subscription = row.subscription
    if status is not None and 200 <= status < 300:  # noqa: PLR2004
        _finish(row, WebhookState.DELIVERED)
        WebhookSubscription.objects.filter(pk=subscription.pk).update(
            last_ok_at=clock.now(), failing_since=None
        )
        return
    WebhookSubscription.objects.filter(pk=subscription.pk, failing_since=None).update(
        failing_since=clock.now()
    )
    if status == GONE:
        switch_off(subscription.pk, "gone")
    else:
        _off_when_hopeless(subscription.pk)
    if row.attempts > len(PAUSES) or status == GONE:
        _finish(row, WebhookState.FAILED)
        return
    pause = max(PAUSES[row.attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER), asked or 0.0)  # noqa: S311 no secret
    WebhookDelivery.objects.filter(pk=row.pk, state=WebhookState.SENDING).update(
        state=WebhookState.WAITING, due_at=clock.after(pause), sending_since=None
    )
    raise outbox.Later(pause)


def _finish(row: WebhookDelivery, state: WebhookState) -> None:
    WebhookDelivery.objects.filter(pk=row.pk).exclude(
        state__in=(WebhookState.DELIVERED, WebhookState.FAILED)
    ).update(state=state, finished_at=clock.now(), sending_since=None)


def _off_when_hopeless(subscription_id: int) -> None:
    row = WebhookSubscription.objects.get(pk=subscription_id)
    if row.failing_since is not None and row.failing_since < clock.ago(OFF_AFTER):
        switch_off(subscription_id, "failing")


@transaction.atomic
def switch_off(subscription_id: int, reason: str) -> None:
    """The machine stops calling; whoever added the address is told."""
    row = WebhookSubscription.objects.select_for_update().get(pk=subscription_id)
    if not row.active:
        return
    row.active, row.off_reason = False, reason
    row.save(update_fields=["active", "off_reason"])
    subscriptions.record("webhook.switched_off", row, audit.SYSTEM, why=reason)
    events.publish(
        TOPIC_PERSONAL,
        row.organisation_id,
        user_id=row.created_by_id,
        kind="webhook_off",
        subscription_id=row.pk,
    )
