"""The way in: store raw events once, together with the cursor; understand them afterwards, each exactly once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F

from otklik.channels import ports, registry
from otklik.channels.events import InboundBatch, InboundParsed
from otklik.channels.models import ChannelAccount, RawEvent
from otklik.channels.protocol import Inbound
from otklik.channels.protocol import RawEvent as Raw
from otklik.kernel import bulk, clock, events, media, outbox, space
from otklik.kernel.batches import BatchSize
from otklik.kernel.database import is_postgresql
from otklik.kernel.errors import Conflict, OtklikError

log = logging.getLogger(__name__)

PARSE_TOPIC = "channels.parse"
PARSE_BATCH = 50
GROUP_BYTES = 8 * 1024 * 1024  # of raw events understood together
BULK_BATCH = 200  # of an adapter whose rows go together
RACES = 3  # lost races against another process before the event is put aside
KEY_LENGTH = 200
NOTED_FOR = 1.0  # seconds: how exact "last event" of an account is
INLINE_PAYLOAD = 64 * 1024  # bytes kept in the row; larger ones go to media
_together = BatchSize(25)  # independent rows of one transaction


def store(
    account: ChannelAccount, arrived: tuple[Raw, ...] | list[Raw], *, cursor: dict[str, Any] | None = None
) -> int:
    """Store events and cursor in one transaction; known keys are left alone. Returns how many are new.

    When this returns, the far end may be told that we have them. Raises DiskFull with nothing half-written.
    """
    return store_together([(account, arrived)], cursor=cursor)


def store_together(
    parts: Sequence[tuple[ChannelAccount, Sequence[Raw]]],
    *,
    cursor: dict[str, Any] | None = None,
    begin: Callable[[], AbstractContextManager[Any]] = transaction.atomic,
) -> int:
    """`store` for several accounts in one transaction: all of it or nothing; `cursor` goes with a single one."""
    for _ in range(RACES):
        try:
            return _store_once(parts, cursor, begin)
        except OperationalError as error:
            # two processes that store the same events in different order: PostgreSQL sends one of them back
            if "deadlock" not in str(error).lower():
                raise
    return _store_once(parts, cursor, begin)


def _store_once(
    parts: Sequence[tuple[ChannelAccount, Sequence[Raw]]],
    cursor: dict[str, Any] | None,
    begin: Callable[[], AbstractContextManager[Any]],
) -> int:
    try:
        digests = {
            id(raw): media.put(raw.payload)
            for _, arrived in parts
            for raw in arrived
            if len(raw.payload) > INLINE_PAYLOAD
        }
        with begin():
            stored = sum(_store(account, arrived, digests, cursor) for account, arrived in parts)
    except (media.DiskFull, OperationalError) as error:
        if not space.is_refusal(error):
            raise
        space.refused()
        raise media.DiskFull from error
    if stored:
        space.granted()
    return stored


def _store(
    account: ChannelAccount, arrived: Sequence[Raw], digests: dict[int, str], cursor: dict[str, Any] | None
) -> int:
    fresh = _insert(account, arrived, digests)
    now = clock.now()
    changes: dict[str, Any] = {"last_ok_at": now}
    if cursor is not None:
        changes["cursor"] = cursor
    if fresh:
        changes["last_event_at"] = now
    if cursor is not None or not _noted(account, now):
        ChannelAccount.objects.filter(pk=account.pk).update(**changes)
    size = BULK_BATCH if is_bulk(account) else PARSE_BATCH
    for start in range(0, len(fresh), size):
        _plan_parse(account, fresh[start : start + size])
    return len(fresh)


def _noted(account: ChannelAccount, now: datetime) -> bool:
    """Whether the account's row says already that something came just now: parallel webhooks must not queue for it."""
    newest = account.last_event_at
    return (
        newest is not None
        and account.last_ok_at is not None
        and 0 <= (now - newest).total_seconds() < NOTED_FOR
    )


def _insert(account: ChannelAccount, arrived: Sequence[Raw], digests: dict[int, str]) -> list[int]:
    """Numbers of the rows that were not known before."""
    by_key = {_fit(raw.key): raw for raw in arrived}
    now = clock.now()
    rows = [
        RawEvent(
            account=account,
            key=key,
            stream=raw.stream[:200],
            content_type=raw.content_type[:100],
            payload=b"" if id(raw) in digests else raw.payload,
            payload_digest=digests.get(id(raw), ""),
            size=len(raw.payload),
            meta=raw.meta,
            received_at=now,
        )
        for key, raw in by_key.items()
    ]
    if is_postgresql():  # a parallel process may insert the same key at this moment: the constraint decides
        return bulk.insert_new(rows)
    known = set(RawEvent.objects.filter(account=account, key__in=list(by_key)).values_list("key", flat=True))
    fresh = [row for row in rows if row.key not in known]
    bulk.insert(fresh)  # one writer: nobody stores between the look and the write
    return [row.pk for row in fresh]


def _fit(key: str) -> str:
    """A key that fits its column; two long ones with the same beginning stay two."""
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[:130]}#{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _plan_parse(account: ChannelAccount, ids: list[int]) -> None:
    # two processes that store overlapping events may plan sets with the same ends: the key names the whole set
    digest = hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:24]
    outbox.put(
        PARSE_TOPIC,
        f"parse:{account.pk}:{ids[0]}-{ids[-1]}:{digest}",
        {"ids": ids},
        organisation_id=account.organisation_id,
    )


def joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any] | None:
    """Outbox: two sets of events understood by one call, as long as they fit into a batch."""
    ids = [*one["ids"], *other["ids"]]
    return {"ids": ids} if len(ids) <= BULK_BATCH else None


def parse(payload: dict[str, Any]) -> None:
    """Outbox handler: understand a batch; each event is a transaction of its own, so a crash repeats nothing.

    Independent rows (adapters with `bulk`) share one transaction; when that fails they go one by one.
    """
    new = RawEvent.objects.filter(pk__in=payload["ids"], state=RawEvent.State.NEW)
    accounts: dict[int, list[RawEvent]] = {}
    for row in new.select_related("account").order_by("id"):
        accounts.setdefault(row.account_id, []).append(row)
    for waiting in accounts.values():
        together = len(waiting) > 1 and is_bulk(waiting[0].account)
        for row in _parse_together(waiting) if together else waiting:
            _parse_one(row)


def is_bulk(account: ChannelAccount) -> bool:
    return bool(getattr(registry.adapter(account.kind), "bulk", False))


Understood = tuple[RawEvent, list[Inbound]]


def _parse_together(rows: list[RawEvent]) -> list[RawEvent]:
    """Understand rows of one account at once; returns those that must go one by one."""
    account = rows[0].account
    adapter, config = registry.adapter(account.kind), account.config
    left = []
    for group in _groups(rows):
        understood: list[Understood] = []
        for row in group:
            try:
                understood.append((row, adapter.parse(config, to_protocol(row))))
            except Exception:  # alone it gets its own error
                left.append(row)
        # before the next group: an answer there must find the message it answers
        for row, inbound in _group(understood):
            _settle(row, inbound)
    return left


def _groups(rows: list[RawEvent]) -> Iterator[list[RawEvent]]:
    """As many rows as one transaction takes at the moment, and never many large ones in memory."""
    group: list[RawEvent] = []
    for row in rows:
        if group and (
            len(group) >= _together.size or sum(one.size for one in group) + row.size > GROUP_BYTES
        ):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _group(understood: list[Understood]) -> list[Understood]:
    """One transaction of many rows; what can be worked out before it is. Returns what goes one by one, in order."""
    plan = ports.BatchPlan()
    for planner in ports.batch_plan:
        plan = planner(tuple(_parsed(row, one) for row, inbound in understood for one in inbound))
    alone = [one for one in understood if one[0].pk in plan.alone]
    together = [one for one in understood if one[0].pk not in plan.alone]
    if not together:
        return alone
    try:
        with _together.timed(len(together)):
            _apply_together(together, plan)
    except (OperationalError, InterfaceError) as error:
        if "deadlock" not in str(error).lower():
            raise
        return understood  # two batches met: alone each row locks one thread only
    except Conflict:
        return _still_new(understood)
    except Exception as error:
        log.info("a batch of %s goes row by row: %s", len(understood), type(error).__name__)
        return understood
    return alone


def _still_new(understood: list[Understood]) -> list[Understood]:
    """What another process has not understood meanwhile."""
    new = RawEvent.objects.filter(pk__in=[row.pk for row, _ in understood], state=RawEvent.State.NEW)
    waiting = set(new.values_list("pk", flat=True))
    return [one for one in understood if one[0].pk in waiting]


@transaction.atomic
def _apply_together(understood: list[Understood], plan: ports.BatchPlan) -> None:
    """All events become what they are, or none."""
    won = RawEvent.objects.filter(pk__in=[row.pk for row, _ in understood], state=RawEvent.State.NEW).update(
        state=RawEvent.State.PARSED, parsed_at=clock.now(), attempts=F("attempts") + 1, error=""
    )
    if won != len(understood):
        raise Conflict  # another process has some of them
    nothing = [row.pk for row, inbound in understood if not inbound]
    if nothing:
        RawEvent.objects.filter(pk__in=nothing).update(state=RawEvent.State.IGNORED)
    batch = tuple(_parsed(row, one) for row, inbound in understood for one in inbound)
    events.announce(InboundBatch(batch, plan.work))


def _parsed(row: RawEvent, inbound: Inbound) -> InboundParsed:
    account = row.account
    return InboundParsed(
        organisation_id=account.organisation_id,
        account_id=account.pk,
        account_kind=account.kind,
        account_scope=account.public_id.hex,
        team_id=account.team_id,
        raw_id=row.pk,
        inbound=inbound,
    )


def _parse_one(row: RawEvent) -> None:
    try:
        inbound = registry.adapter(row.account.kind).parse(row.account.config, to_protocol(row))
    except (OperationalError, InterfaceError, media.DiskFull):
        raise  # the database is away or busy, or the disk is full: the whole batch comes again
    except Exception as error:  # whatever is wrong with this one must not hold up the others
        _failed(row, error)
    else:
        _settle(row, inbound)


def _settle(row: RawEvent, inbound: list[Inbound]) -> None:
    """An understood event becomes what it is, in a transaction of its own; faults as in `_parse_one`."""
    try:
        _apply_with_retry(row, inbound)
    except (OperationalError, InterfaceError, media.DiskFull):
        raise
    except Exception as error:
        _failed(row, error)


def _apply_with_retry(row: RawEvent, inbound: list[Inbound]) -> None:
    for _ in range(RACES):
        try:
            _apply(row, inbound)
            return
        except IntegrityError:
            # another process has just created the same customer or thread: look again and find it
            continue
    _apply(row, inbound)


@transaction.atomic
def _apply(row: RawEvent, inbound: list[Inbound]) -> None:
    """The event becomes what it is and is marked as parsed, or neither."""
    won = RawEvent.objects.filter(pk=row.pk, state=RawEvent.State.NEW).update(
        state=RawEvent.State.PARSED if inbound else RawEvent.State.IGNORED,
        parsed_at=clock.now(),
        attempts=row.attempts + 1,
        error="",
    )
    if not won:
        return
    for one in inbound:
        events.announce(_parsed(row, one))


def waits(account: ChannelAccount) -> bool:
    """Something of this account is stored and not understood yet."""
    return RawEvent.objects.filter(account=account, state=RawEvent.State.NEW).exists()


def parse_waiting(account: ChannelAccount, *, progress: Callable[[int], None] = lambda done: None) -> int:
    """Understand everything of an account that waits, in this process (command line). Returns how many."""
    done = 0
    while ids := list(
        RawEvent.objects.filter(account=account, state=RawEvent.State.NEW)
        .order_by("id")
        .values_list("id", flat=True)[:BULK_BATCH]
    ):
        parse({"ids": ids})
        done += len(ids)
        progress(done)
    return done


def _failed(row: RawEvent, error: Exception) -> None:
    log.warning("raw event %s cannot be understood: %s", row.pk, type(error).__name__)
    text = error.sentence if isinstance(error, OtklikError) else f"{type(error).__name__}: {error}"
    # only what nobody has understood meanwhile; a NUL in the complaint must not stop the complaint
    RawEvent.objects.filter(pk=row.pk, state=RawEvent.State.NEW).update(
        state=RawEvent.State.FAILED, attempts=row.attempts + 1, error=text.replace("\x00", "\ufffd")[:2000]
    )


def to_protocol(row: RawEvent) -> Raw:
    payload = media.get(row.payload_digest) if row.payload_digest else bytes(row.payload)
    return Raw(row.key, payload, row.content_type, row.stream, row.meta)


def replay(row: RawEvent) -> None:
    """Try to understand a failed event again, e.g. after an update (operations page)."""
    with transaction.atomic():
        RawEvent.objects.filter(pk=row.pk, state=RawEvent.State.FAILED).update(state=RawEvent.State.NEW)
        outbox.put(
            PARSE_TOPIC,
            f"replay:{row.pk}:{row.attempts}",
            {"ids": [row.pk]},
            organisation_id=row.account.organisation_id,
        )
