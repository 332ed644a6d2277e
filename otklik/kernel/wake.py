"""The queue engine behind one function. Only this file and `*/tasks.py` know huey."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from huey import Huey, PostgresHuey, PriorityRedisHuey
from huey.serializer import SignedSerializer
from huey.storage import SqliteStorage

log = logging.getLogger(__name__)


class _Wakes(SqliteStorage):  # type: ignore[misc]  # huey has no types
    """Wake-ups may be lost with the power: nobody waits for the disk because of one."""

    def _create_connection(self) -> Any:
        connection = super()._create_connection()
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


def _engine() -> Huey:
    url: str = settings.QUEUE_URL
    serializer = SignedSerializer(secret=settings.QUEUE_SECRET)
    # immediate is spelled out: huey's Django glue would otherwise follow DEBUG
    common: dict[str, Any] = {"immediate": False, "serializer": serializer, "results": False}
    if url.startswith("redis"):
        return PriorityRedisHuey("otklik", url=url, **common)
    if url.startswith("postgres"):
        return PostgresHuey("otklik", dsn=url, **common)
    path = url.removeprefix("sqlite:///")
    return Huey("otklik", storage_class=_Wakes, filename=path, timeout=20, **common)


huey: Huey = _engine()


@huey.task()
def _wake(key: str) -> None:
    # a worker's thread lives long: a connection that the database has closed must not stay with it
    close_old_connections()
    try:
        _runner(key)
    finally:
        close_old_connections()


def _unset(key: str) -> None:
    raise RuntimeError("wake.on_wake() has not been called")


_runner: Any = _unset


def on_wake(runner: Any) -> None:
    """Tell what to run for a woken key; called once from `web/wiring.py`."""
    global _runner  # noqa: PLW0603 the seam between the engine and the outbox
    _runner = runner


def send(key: str) -> None:
    """Wake a worker. A failing queue loses nothing: the sweep finds the row."""
    try:
        _wake(key)
    except Exception as error:  # the engine may be down; the outbox row is committed
        log.warning("wake-up lost, the sweep will find it: %s", type(error).__name__)
