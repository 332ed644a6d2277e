"""Work that recurs: any number of processes may tick, one of them runs each slot.

The queue engine's own scheduler has a granularity of a minute; the audit is sealed every second.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.db import close_old_connections

from otklik.kernel import clock, space
from otklik.kernel.models import PeriodicJob

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    name: str
    every: float  # seconds
    work: Callable[[], object]


_jobs: dict[str, Job] = {}


def every(seconds: float, name: str, work: Callable[[], object]) -> None:
    """Register a job; called once from `web/wiring.py`."""
    _jobs[name] = Job(name, seconds, work)


def tick() -> int:
    """Run what is due. The row is moved forward first, so a crash skips a slot and never doubles one."""
    ran = 0
    due = set(PeriodicJob.objects.filter(next_at__gt=clock.now()).values_list("name", flat=True))
    for job in _jobs.values():
        if job.name not in due and _claim(job):
            _run(job)
            ran += 1
    return ran


def _claim(job: Job) -> bool:
    now = clock.now()
    won = PeriodicJob.objects.filter(name=job.name, next_at__lte=now).update(
        next_at=clock.after(job.every), last_run_at=now
    )
    if won:
        return True
    _, created = PeriodicJob.objects.get_or_create(
        name=job.name, defaults={"next_at": clock.after(job.every), "last_run_at": now}
    )
    return created


def _run(job: Job) -> None:
    try:
        job.work()
        PeriodicJob.objects.filter(name=job.name).exclude(last_error="").update(last_error="")
    except Exception as error:
        if space.is_refusal(error):
            space.refused()
            log.warning("periodic job %s waits for room on the disk", job.name)
            return
        log.exception("periodic job %s failed", job.name)
        PeriodicJob.objects.filter(name=job.name).update(last_error=f"{type(error).__name__}: {error}"[:2000])


def loop(stop: threading.Event, *, pause: float = 0.5) -> None:
    """Tick until stopped; a database that is away is asked again, nothing is lost."""
    while not stop.wait(pause):
        try:
            tick()
        except Exception as error:  # the database may be restarting
            if space.is_refusal(error):
                space.refused()
            log.warning("tick postponed: %s", type(error).__name__)
        finally:
            close_old_connections()
