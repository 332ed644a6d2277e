"""Long work on a file, in turns: a row a job with cursor, lease and counts.

A step is one short transaction that moves the cursor by a conditional update: two workers on one file never do a
row twice, and after `kill -9` the next one goes on behind the cursor. Who knows the rows (reviews, orders) brings
the step; here is everything around it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from otklik.kernel import clock, media, outbox
from otklik.kernel.errors import Conflict, Invalid

SLICE = 15.0  # seconds of one turn in the worker; then other work gets its turn
LEASE = 45.0  # seconds without a step after which the worker is taken for dead


class FileJob(models.Model):
    """One run of a file. Counts, cursor and stored rows of a step commit together."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Columns are being chosen")
        RUNNING = "running", _("Runs")
        DONE = "done", _("Done")
        FAILED = "failed", _("Did not work")
        CANCELLED = "cancelled", _("Stopped")

    filename = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)  # of the file, in media
    size = models.PositiveBigIntegerField(default=0)
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=State, default=State.UPLOADED)
    row_cursor = models.PositiveIntegerField(default=0)  # last committed row, numbered as a spreadsheet does
    estimate = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")  # why the whole file failed
    runs = models.PositiveIntegerField(default=0)  # how often work was planned; makes outbox keys unique
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.filename


J = TypeVar("J", bound=FileJob)
RUNNING = FileJob.State.RUNNING


class Overtaken(Exception):
    """Another process has committed this step, or a person has stopped the job."""


class Work(Protocol):
    """One pass over the file from the job's cursor."""

    def step(self) -> bool:
        """Store some rows; says whether there may be more. Raises Overtaken, Invalid, DiskFull."""


def take_turn(
    jobs: QuerySet[J], job_id: int, begin: Callable[[J], Work], fail: Callable[[J, str], None]
) -> None:
    """Outbox handler: work for a while, then let others have a turn."""
    job = jobs.get(pk=job_id)
    own = jobs.model._default_manager.filter(pk=job.pk)
    if job.state != RUNNING:
        return
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    if not own.filter(free, state=RUNNING).update(lease_until=clock.after(LEASE)):
        raise outbox.Later(LEASE / 3)
    until = time.monotonic() + SLICE
    try:
        work = begin(job)
        while work.step():
            if time.monotonic() > until:
                own.update(lease_until=None)
                raise outbox.Later(0.0)
    except Overtaken as lost:
        raise outbox.Later(LEASE / 3) from lost
    except media.DiskFull as error:
        # waits for space; nothing of the file is lost
        own.update(error=error.sentence, lease_until=None)
        raise outbox.Later(60.0) from error
    except Invalid as error:
        fail(job, error.sentence)


def plan(job: FileJob, topic: str, organisation_id: int) -> None:
    """The worker begins, or goes on, after the commit."""
    job.runs = F("runs") + 1
    job.save(update_fields=["runs"])
    job.refresh_from_db(fields=["runs"])
    outbox.put(topic, f"{topic}:{job.pk}:{job.runs}", {"job_id": job.pk}, organisation_id=organisation_id)


def advance(job: FileJob, last: int, **added: int) -> None:
    """In the transaction of the rows: cursor and counts move together. Raises Overtaken."""
    counts: dict[str, Any] = {name: F(name) + number for name, number in added.items()}
    won = _running(job).update(row_cursor=last, error="", lease_until=clock.after(LEASE), **counts)
    if not won:
        raise Overtaken


def finish(job: FileJob, **changes: Any) -> None:
    """The last row is stored. Raises Overtaken when somebody else has said so."""
    won = _running(job).update(state=FileJob.State.DONE, finished_at=clock.now(), lease_until=None, **changes)
    if not won:
        raise Overtaken


def give_up(job: FileJob, sentence: str) -> None:
    """The file cannot be read on; what has come in stays."""
    type(job)._default_manager.filter(pk=job.pk, state=RUNNING).update(
        state=FileJob.State.FAILED, error=sentence[:2000], finished_at=clock.now(), lease_until=None
    )


def stop(job: FileJob) -> bool:
    """Stop after the step in hand; False when it had ended already."""
    won = (
        type(job)
        ._default_manager.filter(pk=job.pk, state__in=[RUNNING, FileJob.State.UPLOADED])
        .update(state=FileJob.State.CANCELLED, finished_at=clock.now())
    )
    return bool(won)


def go_on(job: FileJob) -> None:
    """Of a job that was stopped, failed or lost its worker, under a row lock. Raises Conflict."""
    stopped = job.state in (FileJob.State.CANCELLED, FileJob.State.FAILED) and job.started_at is not None
    if not stopped and not is_stuck(job):
        raise Conflict
    job.state, job.error, job.finished_at, job.lease_until = RUNNING, "", None, None
    job.save(update_fields=["state", "error", "finished_at", "lease_until"])


def is_stuck(job: FileJob) -> bool:
    """It should run, and nobody has touched it for longer than the lease."""
    return job.state == RUNNING and (job.lease_until is None or job.lease_until < clock.now())


def percent(job: FileJob) -> int:
    """How much of the file is read, by the estimate of its rows."""
    total = max(job.estimate, job.rows)
    return min(100, round(100 * job.rows / total)) if total else 0


def _running(job: J) -> QuerySet[J]:
    rows: QuerySet[J] = type(job)._default_manager.filter(pk=job.pk, state=RUNNING, row_cursor=job.row_cursor)
    return rows
