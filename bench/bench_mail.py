"""Raw mails become messages of conversations, threaded and findable, in one process."""

from __future__ import annotations

import gc
import time
from typing import Any

from bench.row import Row, at_least
from bench.stand import TITLES, databases, measured

NAME = "Mail intake"
BUDGET = (
    "≥ 200 mails/s in one process on SQLite, PostgreSQL ≥ half of it, a loaded inbox ≥ 0.8 of an empty one"
)
TIMEOUT = 300
COUNT = {"small": 1_500, "full": 6_000}
LOADED = {"small": (10_000, 30_000), "full": (100_000, 300_000)}
PAGE = 50  # mails an IMAP pull brings at once
WARM = 200  # dictionary and caches: the first texts of a process are not the measure
LIMITS = {"sqlite": "sqlite_commits", "postgresql": "postgres_commits"}


def run(size: str) -> list[Row]:
    rows: list[Row] = []
    conversations, messages = LOADED[size]
    for kind in databases():
        found = measured(
            "bench.bench_mail",
            "intake",
            kind,
            count=COUNT[size],
            conversations=conversations,
            messages=messages,
        )
        title = TITLES[kind]
        limit_name = LIMITS[kind]
        rows += [
            at_least(f"{title}, empty", found["empty"], "mails/s", budget=200 if kind == "sqlite" else None,
                     limit_name=limit_name),
            at_least(f"{title}, {conversations:,} conversations loaded".replace(",", " "), found["loaded"], "mails/s",
                     limit_name=limit_name),
            at_least(f"{title}, loaded : empty", found["loaded"] / found["empty"], "", budget=0.8),
            Row(f"{title}, empty, per second of processor time", found["processor"], "mails/s"),
            Row(f"{title}, queries a mail", found["queries"], ""),
        ]  # fmt: skip
        if kind == "postgresql":
            rows.append(
                at_least("PostgreSQL : SQLite, empty", found["empty"] / rows[0].value, "", budget=0.5)
            )
    return rows


def intake(count: int, conversations: int, messages: int) -> dict[str, float]:
    """In the child: the rate with nothing there, then with a loaded inbox; every mail is counted at the end."""
    from bench.filling import cast, fill  # noqa: PLC0415 Django is ready only now
    from bench.stand import administrator  # noqa: PLC0415
    from otklik.inbox.models import Message  # noqa: PLC0415

    who = cast(administrator())
    account = who.accounts[0]
    _take_in(account, WARM, seed=1)
    empty, processor = _take_in(account, count, seed=2)
    queries = _queries(account, 100, seed=3)
    fill(who, conversations, messages)
    gc.collect()
    gc.freeze()  # what the filling left behind is not the worker's
    _take_in(account, WARM, seed=4)
    loaded, _ = _take_in(account, count, seed=5)
    stored = Message.objects.filter(account=account, raw_event_id__isnull=False).count()
    expected = 2 * WARM + 2 * count + 100
    if stored != expected:
        raise RuntimeError(f"{stored} messages of {expected} mails")
    return {
        "empty": count / empty,
        "loaded": count / loaded,
        "processor": count / processor,
        "queries": queries,
    }


def _take_in(account: Any, count: int, *, seed: int) -> tuple[float, float]:
    """Seconds from the raw mails to the last searchable message, by the clock and of processor time."""
    from bench.mails import mails  # noqa: PLC0415
    from otklik.channels import intake as channel  # noqa: PLC0415
    from otklik.channels.mail.engine.parse import raw_key  # noqa: PLC0415
    from otklik.channels.protocol import RawEvent  # noqa: PLC0415
    from otklik.kernel import outbox  # noqa: PLC0415

    arrived = list(mails(count, seed))
    started, busy = time.perf_counter(), time.process_time()
    for first in range(0, count, PAGE):
        page = [
            RawEvent(raw_key(raw), raw, "message/rfc822", "INBOX") for raw in arrived[first : first + PAGE]
        ]
        channel.store(account, page, cursor={"uid": first})
        outbox.drain()
    return time.perf_counter() - started, time.process_time() - busy


def _queries(account: Any, count: int, *, seed: int) -> float:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    with CaptureQueriesContext(connection) as captured:
        _take_in(account, count, seed=seed)
    return len(captured) / count
