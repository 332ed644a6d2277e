"""Transactional outbox: the queue engine only carries wake-ups and may lose them; this table does not.

A handler gets the payload of one row. Two kinds:
- `within`: its database effect and `done` are one transaction: exactly once inside our database;
- `outside`: it talks to the world and keeps its own state machine; it may be called again after the lease.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from otklik.kernel import clock, space, wake
from otklik.kernel.models import Outbox, OutboxState

log = logging.getLogger(__name__)

LEASE = 60.0  # seconds a claimed row stays invisible to others
NO_ROOM = 30.0  # seconds until work that a full disk has stopped is tried again
MAX_ATTEMPTS = 12
BACKOFF_BASE = 2.0
BACKOFF_CAP = 3600.0

_INSERT = (
    "INSERT INTO kernel_outbox"
    " (topic, key, organisation_id, payload, state, run_after, created_at, attempts, last_error)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, 0, '') ON CONFLICT (key) DO NOTHING"
)

TOGETHER = 50  # rows worked by one call of a handler that can join them

Handler = Callable[[dict[str, Any]], None]
Join = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True)
class Route:
    handler: Handler
    within: bool
    join: Join | None = None


class Later(Exception):
    """Raised by a handler that wants to be called again at a known moment; not counted as a failure."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds:.0f} s")
        self.seconds = seconds


_routes: dict[str, Route] = {}


def route(topic: str, handler: Handler, *, within: bool, join: Join | None = None) -> None:
    """Connect a topic to its handler; called once from `web/wiring.py`.

    `join` makes one payload of two, or None when that would be too much for one call: what waits behind a row of the
    topic is then worked together with it. Rows that have failed once go alone.
    """
    _routes[topic] = Route(handler, within, join)


def put(
    topic: str,
    key: str,
    payload: dict[str, Any],
    *,
    organisation_id: int | None = None,
    run_after: datetime | None = None,
) -> bool:
    """Write the intent in the caller's transaction; False when `key` is already known. Refuses outside one."""
    if not connection.in_atomic_block:
        raise RuntimeError("outbox.put() needs the transaction of the change that causes it")
    now = clock.now()
    due = run_after or now
    stored = connection.ops.adapt_datetimefield_value
    # plain SQL: on the path of every event; one statement that also says whether the row is new
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                topic,
                key,
                organisation_id,
                json.dumps(payload),
                OutboxState.READY.value,
                stored(due),
                stored(now),
            ],
        )
        is_new = bool(cursor.rowcount > 0)
    if due <= now and is_new:
        transaction.on_commit(lambda: wake.send(key))
    return is_new


def run(key: str) -> bool:
    """Claim and work one row; False when it is not due, done, or somebody else has it."""
    now = clock.now()
    won = Outbox.objects.filter(key=key, state=OutboxState.READY, run_after__lte=now).update(
        run_after=clock.after(LEASE)
    )
    if not won:
        return False
    row = Outbox.objects.get(key=key)
    known = _routes.get(row.topic)
    more = _joined(row, known.join) if known and known.join else []
    _work([row, *more], known)
    return True


def _joined(row: Outbox, join: Join) -> list[Outbox]:
    """Claim what waits behind `row` as far as it fits; `row` gets the payload of all."""
    if row.attempts:
        return []
    due = Outbox.objects.filter(
        state=OutboxState.READY, run_after__lte=clock.now(), topic=row.topic, attempts=0
    )
    if not due.exists():
        return []
    taken: list[Outbox] = []
    with transaction.atomic():
        # a row that somebody else is claiming at this moment is his
        for one in due.select_for_update(skip_locked=True).order_by("run_after", "id")[:TOGETHER]:
            payload = join(row.payload, one.payload)
            if payload is None:
                break
            row.payload = payload
            taken.append(one)
        Outbox.objects.filter(pk__in=[one.pk for one in taken]).update(run_after=clock.after(LEASE))
    return taken


def _work(rows: list[Outbox], known: Route | None) -> None:
    """`rows` are claimed; the payload of the first one stands for all."""
    first, keys = rows[0], [row.pk for row in rows]
    try:
        if known is None:
            raise LookupError(f"no handler for {first.topic}")
        if known.within:
            with transaction.atomic():
                known.handler(first.payload)
                _done(keys)
        else:
            known.handler(first.payload)
            _done(keys)
    except Later as later:
        Outbox.objects.filter(pk__in=keys).update(run_after=clock.after(later.seconds))
    except Exception as error:
        if space.is_refusal(error):
            # no fault of this work: it waits for room however long that takes, and is never given up
            space.refused()
            log.warning("outbox %s waits for room on the disk", first.key)
            Outbox.objects.filter(pk__in=keys).update(run_after=clock.after(NO_ROOM))
            return
        log.exception("outbox %s failed", first.key)
        for row in rows:
            _failed(row, error)


def _done(keys: list[int]) -> None:
    Outbox.objects.filter(pk__in=keys).update(state=OutboxState.DONE, done_at=clock.now(), last_error="")


def _failed(row: Outbox, error: Exception) -> None:
    attempts = row.attempts + 1
    pause = min(BACKOFF_CAP, BACKOFF_BASE**attempts) * random.uniform(0.8, 1.2)  # noqa: S311 jitter, not a secret
    Outbox.objects.filter(pk=row.pk).update(
        attempts=attempts,
        last_error=f"{type(error).__name__}: {error}"[:2000],
        state=OutboxState.DEAD if attempts >= MAX_ATTEMPTS else OutboxState.READY,
        run_after=clock.after(pause),
    )


def sweep(limit: int = 200) -> int:
    """Wake what is due and was not woken: lost wake-ups, expired leases, retries. Returns how many."""
    keys = list(
        Outbox.objects.filter(state=OutboxState.READY, run_after__lte=clock.now())
        .order_by("run_after")
        .values_list("key", flat=True)[:limit]
    )
    for key in keys:
        wake.send(key)
    return len(keys)


def drain(limit: int = 10_000) -> int:
    """Work everything due here and now, in this process: for tests, the command line and import."""
    worked = 0
    while worked < limit:
        keys = list(
            Outbox.objects.filter(state=OutboxState.READY, run_after__lte=clock.now())
            .order_by("run_after", "id")
            .values_list("key", flat=True)[:200]
        )
        if not any([run(key) for key in keys]):
            return worked
        worked += len(keys)
    return worked


def revive(row_id: int, organisation_id: int | None) -> str | None:
    """Give a dead row of an organisation another life (operations page); its topic, None when there is none."""
    dead = Outbox.objects.filter(pk=row_id, organisation_id=organisation_id, state=OutboxState.DEAD)
    topic: str | None = dead.values_list("topic", flat=True).first()
    revived = dead.update(state=OutboxState.READY, attempts=0, run_after=clock.now())
    return topic if revived else None


def forget_done(*, older_than_seconds: float = 7 * 86400.0, limit: int = 5000) -> int:
    """Delete finished rows after a week, so that the table stays small."""
    old = Outbox.objects.filter(state=OutboxState.DONE, done_at__lt=clock.ago(older_than_seconds))
    deleted, _ = Outbox.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return deleted
