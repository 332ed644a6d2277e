"""How many requests a caller may make: a bucket that refills steadily, one for all web processes.

The bucket is a row of the database, moved by one conditional update: processes on one or many machines keep one limit.
It is there to keep one runaway program from slowing down people: a database that takes no writes at the moment (full
disk, restart) lets requests through instead of refusing what it could still answer.
"""

from __future__ import annotations

import logging
import math

from django.db import DatabaseError, connection
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from otklik.kernel import clock
from otklik.kernel.errors import OtklikError
from otklik.web.models import RateLimit

log = logging.getLogger(__name__)

RATE, BURST = 10.0, 200  # requests a second in the long run, and at once, for one key or person
WRONG_RATE, WRONG_BURST = 0.2, 20  # wrong keys from one address


class Throttled(OtklikError):
    code = "too_many_requests"
    status = 429
    text = _("Too many requests. Go on in %(retry_after)s s.")


def take(caller: str, *, rate: float, burst: int) -> None:
    """One request of `caller`; raises Throttled with the seconds to wait (GCRA: generic cell rate algorithm)."""
    now = clock.now().timestamp()
    try:
        wait = _take(caller, now, 1 / rate, (burst - 1) / rate)
    except DatabaseError as error:
        if connection.in_atomic_block:  # the caller's transaction is broken: not ours to hide
            raise
        log.warning("limits are not kept at the moment: %s", type(error).__name__)
        return
    if wait > 0:
        raise Throttled(retry_after=math.ceil(wait))


def _take(caller: str, now: float, step: float, room: float) -> float:
    """Seconds to wait; 0 when the request was counted. The second look is for two first requests at once."""
    own = RateLimit.objects.filter(caller=caller)
    for _attempt in range(2):
        if own.filter(full_at__lte=now + room).update(full_at=Greatest(F("full_at"), now) + step):
            return 0.0
        row, created = RateLimit.objects.get_or_create(caller=caller, defaults={"full_at": now + step})
        if created:
            return 0.0
    return float(max(row.full_at - now - room, 0.001))


def forget(limit: int = 5000) -> int:
    """Periodic: buckets that are full again say nothing."""
    full = RateLimit.objects.filter(full_at__lt=clock.now().timestamp())
    deleted, _rows = RateLimit.objects.filter(pk__in=list(full.values_list("pk", flat=True)[:limit])).delete()
    return deleted
