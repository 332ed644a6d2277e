"""What happened, readable by any number of readers without losing a row.

On PostgreSQL ids are taken before the commit: a reader that goes by id alone skips a row that commits late.
Readers therefore go by (transaction, id) and stop below the oldest transaction still running.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Q

from otklik.kernel import clock
from otklik.kernel.database import VisibleFloor, is_postgresql
from otklik.kernel.models import Event

E = TypeVar("E")
LARGEST = 2**63 - 1  # what a column of the database holds


@dataclass(frozen=True, order=True)
class Cursor:
    """Position in the stream of events; `str()` is the form given to browsers and API clients."""

    txid: int = 0
    id: int = 0

    def __str__(self) -> str:
        return f"{self.txid}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Tolerant: anything unreadable is the beginning."""
        left, _, right = text[:64].partition(".")
        if not (left.isdecimal() and right.isdecimal()):
            return cls()
        return cls(min(int(left), LARGEST), min(int(right), LARGEST))


_handlers: dict[type, list[Callable[[Any], None]]] = {}


def on(kind: type[E], handler: Callable[[E], None]) -> None:
    """React to an announcement inside the announcer's transaction; called once from `web/wiring.py`.

    A handler may only write to the database or the outbox.
    """
    _handlers.setdefault(kind, []).append(handler)


def announce(event: object) -> None:
    """Tell the domains to the left what happened; `web/wiring.py` lists who listens."""
    for handler in _handlers.get(type(event), ()):
        handler(event)


def publish(topic: str, organisation_id: int, **payload: Any) -> None:
    """Record what happened for screens, API clients and webhooks, in the caller's transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("events.publish() needs the transaction of the change")
    # on the path of every message: plain SQL costs a tenth of what the ORM takes
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_event (organisation_id, topic, payload, at) VALUES (%s, %s, %s, %s)",
            [
                organisation_id,
                topic,
                json.dumps(payload),
                connection.ops.adapt_datetimefield_value(clock.now()),
            ],
        )


def publish_many(topic: str, organisation_id: int, payloads: Iterable[dict[str, Any]]) -> None:
    """`publish` for many changes of one kind, in one statement."""
    if not connection.in_atomic_block:
        raise RuntimeError("events.publish_many() needs the transaction of the changes")
    at = connection.ops.adapt_datetimefield_value(clock.now())
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO kernel_event (organisation_id, topic, payload, at) VALUES (%s, %s, %s, %s)",
            [(organisation_id, topic, json.dumps(payload), at) for payload in payloads],
        )


def after(cursor: Cursor, *, organisation_id: int | None = None, limit: int = 500) -> list[Event]:
    """Events behind `cursor` that can no longer be overtaken, in order."""
    rows = Event.objects.filter(txid__lt=VisibleFloor())
    if is_postgresql():
        # the first condition follows from the second; it lets the index begin at the cursor, not at the beginning
        rows = rows.filter(txid__gte=cursor.txid)
        rows = rows.filter(Q(txid__gt=cursor.txid) | Q(txid=cursor.txid, id__gt=cursor.id))
    else:
        rows = rows.filter(txid=0, id__gt=cursor.id)
    if organisation_id is not None:
        rows = rows.filter(organisation_id=organisation_id)
    return list(rows.order_by("txid", "id")[:limit])


def position(event: Event) -> Cursor:
    return Cursor(event.txid, event.pk)


def latest() -> Cursor:
    """Where the stream ends now, for a reader that wants only what comes next."""
    last = Event.objects.filter(txid__lt=VisibleFloor()).order_by("-txid", "-id").first()
    return position(last) if last else Cursor()


def forget(*, older_than_seconds: float = 30 * 86400.0, limit: int = 5000) -> int:
    """Delete events a month old; readers that slept longer start from the API's lists."""
    old = Event.objects.filter(at__lt=clock.ago(older_than_seconds)).values_list("pk", flat=True)[:limit]
    deleted, _ = Event.objects.filter(pk__in=list(old)).delete()
    return deleted
