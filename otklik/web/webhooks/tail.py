"""From the stream of events to deliveries: rows and the cursor commit together, so nothing is lost or skipped."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from otklik.kernel import clock, events, outbox, secrets
from otklik.kernel.events import Cursor
from otklik.kernel.models import Event
from otklik.web.models import WebhookCursor, WebhookDelivery, WebhookState, WebhookSubscription
from otklik.web.webhooks.topics import TEST, TOPICS

TOPIC = "webhooks.deliver"
BATCH = 200
MAX_BATCHES = 20  # of one run, so that it ends
MAX_REPLAY = 1000
KEPT = 30 * 86400.0  # seconds: as long as the stream itself


def follow() -> int:
    """Periodic: plan deliveries of everything new; returns how many."""
    planned = 0
    for _round in range(MAX_BATCHES):
        read, made = _batch()
        planned += made
        if read < BATCH:
            break
    return planned


@transaction.atomic
def _batch() -> tuple[int, int]:
    cursor = lock_cursor()
    found = events.after(Cursor(cursor.txid, cursor.event_id), limit=BATCH)
    if not found:
        return 0, 0
    made = plan(_wanted(found))
    here = events.position(found[-1])
    cursor.txid, cursor.event_id = here.txid, here.id
    cursor.save(update_fields=["txid", "event_id"])
    return len(found), len(made)


def lock_cursor() -> WebhookCursor:
    """The tailer's place under a lock; made at the present end of the stream by the first subscription."""
    found = WebhookCursor.objects.select_for_update().filter(pk=1).first()
    if found is None:
        here = events.latest()
        WebhookCursor.objects.get_or_create(pk=1, defaults={"txid": here.txid, "event_id": here.id})
        found = WebhookCursor.objects.select_for_update().get(pk=1)
    return found


Pair = tuple[WebhookSubscription, Event]


def _wanted(found: Sequence[Event]) -> list[Pair]:
    organisations = {one.organisation_id for one in found if one.topic in TOPICS}
    listeners: dict[int, list[WebhookSubscription]] = defaultdict(list)
    rows = WebhookSubscription.objects.filter(organisation_id__in=organisations, active=True, deleted_at=None)
    for one in rows.order_by("id"):
        listeners[one.organisation_id].append(one)
    return [
        (listener, event)
        for event in found
        for listener in listeners[event.organisation_id]
        if wants(listener, event) and events.position(event) > Cursor(listener.since_txid, listener.since_id)
    ]


def wants(subscription: WebhookSubscription, event: Event) -> bool:
    return event.topic in TOPICS and (not subscription.topics or event.topic in subscription.topics)


def message_id(event: Event) -> str:
    return f"evt_{event.pk}"


def body(topic: str, happened_at: datetime, data: dict[str, Any]) -> str:
    """The payload as it is signed and sent: {type, timestamp, data}. Data hold ids and codes, never texts."""
    return json.dumps(
        {"type": topic, "timestamp": happened_at.isoformat(), "data": data},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def plan(pairs: Iterable[Pair]) -> list[WebhookDelivery]:
    """Rows and wake-ups for events not planned yet, in the caller's transaction, which holds the cursor's lock."""
    wanted = list(pairs)
    known = set(
        WebhookDelivery.objects.filter(
            subscription__in={one.pk for one, _event in wanted},
            message_id__in=[message_id(one) for _sub, one in wanted],
        ).values_list("subscription_id", "message_id")
    )
    rows = [
        _row(subscription, message_id(event), event.topic, event.at, event.payload)
        for subscription, event in wanted
        if (subscription.pk, message_id(event)) not in known
    ]
    WebhookDelivery.objects.bulk_create(rows)
    for row in rows:
        wake(row)
    return rows


def _row(
    subscription: WebhookSubscription, name: str, topic: str, happened_at: datetime, data: dict[str, Any]
) -> WebhookDelivery:
    now = clock.now()
    return WebhookDelivery(
        organisation_id=subscription.organisation_id,
        subscription=subscription,
        message_id=name,
        topic=topic,
        body=body(topic, happened_at, data),
        due_at=now,
        happened_at=happened_at,
        created_at=now,
    )


def wake(row: WebhookDelivery) -> None:
    outbox.put(
        TOPIC,
        f"webhook:{row.pk}:{row.rounds}",
        {"delivery_id": row.pk, "round": row.rounds},
        organisation_id=row.organisation_id,
    )


def test(subscription: WebhookSubscription) -> WebhookDelivery:
    """A harmless event for one address, in the caller's transaction."""
    row = _row(
        subscription,
        f"test_{secrets.new_token(12)}",
        TEST,
        clock.now(),
        {"subscription_id": subscription.pk, "name": subscription.name},
    )
    row.save()
    wake(row)
    return row


def again(row: WebhookDelivery) -> bool:
    """Put a finished delivery on its way once more under its old id; False while it is on its way."""
    won = WebhookDelivery.objects.filter(
        pk=row.pk, rounds=row.rounds, state__in=(WebhookState.DELIVERED, WebhookState.FAILED)
    ).update(
        state=WebhookState.WAITING, attempts=0, rounds=row.rounds + 1, due_at=clock.now(), finished_at=None
    )
    if won:
        row.refresh_from_db()
        wake(row)
    return bool(won)


def of_time(subscription: WebhookSubscription, since: datetime, until: datetime, *, all_of_them: bool) -> int:
    """Send what happened between two moments: what was missed or failed, or everything again. At most 1000."""
    lock_cursor()  # the tailer must not plan the same events meanwhile
    wanted = Event.objects.filter(organisation_id=subscription.organisation_id, at__gte=since, at__lt=until)
    wanted = wanted.filter(topic__in=subscription.topics or list(TOPICS)).order_by("txid", "id")
    found = list(wanted[:MAX_REPLAY])
    rows = WebhookDelivery.objects.filter(
        subscription=subscription, message_id__in=[message_id(one) for one in found]
    )
    known = {row.message_id: row for row in rows}
    planned = len(plan((subscription, one) for one in found))
    for row in known.values():
        if all_of_them or row.state == WebhookState.FAILED:
            planned += again(row)
    return planned


def forget(limit: int = 2000) -> int:
    """Periodic: the log of a month ago."""
    old = WebhookDelivery.objects.filter(created_at__lt=clock.ago(KEPT)).exclude(
        Q(state=WebhookState.WAITING) | Q(state=WebhookState.SENDING)
    )
    deleted, _rows = WebhookDelivery.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:limit])
    ).delete()
    return deleted
