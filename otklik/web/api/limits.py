"""How many requests a caller may make: a bucket that refills steadily, in the memory of each process.

The limit is there to keep one runaway program from slowing down people, not for billing: with N web processes a
caller may reach N times the figure.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict

from django.utils.translation import gettext_lazy as _

from otklik.kernel import clock
from otklik.kernel.errors import OtklikError

RATE, BURST = 10.0, 200  # requests a second in the long run, and at once, for one key or person
WRONG_RATE, WRONG_BURST = 0.2, 20  # wrong keys from one address
REMEMBERED = 10_000  # callers


class Throttled(OtklikError):
    code = "too_many_requests"
    status = 429
    text = _("Too many requests. Go on in %(retry_after)s s.")


_full_at: OrderedDict[str, float] = OrderedDict()
_lock = threading.Lock()


def take(caller: str, *, rate: float, burst: int) -> None:
    """One request of `caller`; raises Throttled with the seconds to wait (GCRA: generic cell rate algorithm)."""
    now = clock.now().timestamp()
    with _lock:
        empty_at = max(_full_at.get(caller, now), now)
        wait = empty_at - now - (burst - 1) / rate
        if wait > 0:
            raise Throttled(retry_after=math.ceil(wait))
        _full_at[caller] = empty_at + 1 / rate
        _full_at.move_to_end(caller)
        while len(_full_at) > REMEMBERED:
            _full_at.popitem(last=False)


def forget() -> None:
    """Every bucket is full again (tests)."""
    with _lock:
        _full_at.clear()
