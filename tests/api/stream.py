"""On PostgreSQL a reader of events stops below the oldest transaction of the whole server: another test run beside
this one holds it back. Tests wait for the end of the stream, with a limit."""

from __future__ import annotations

import threading

from otklik.kernel import events
from otklik.kernel.models import Event

LIMIT = 90.0  # seconds
STEP = 0.05


def visible() -> None:
    """Until every committed event can be read; fails when others hold it back for too long."""
    pause = threading.Event()
    for _step in range(int(LIMIT / STEP)):
        last = Event.objects.order_by("-txid", "-id").first()
        if last is None or events.latest() >= events.position(last):
            return
        pause.wait(STEP)
    raise AssertionError("another transaction on this server holds the stream of events back")
