"""A file of orders in the background: the rows are `orders`' work, turns, cursor and lease those of kernel.jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.kernel import bulk, clock, events, jobs, media
from otklik.kernel.batches import BatchSize
from otklik.kernel.errors import Invalid, NotFound
from otklik.people import history
from otklik.people.engine import mapping, table
from otklik.people.engine.mapping import OrderRow, RowProblem
from otklik.people.models import OrderImport, OrderImportProblem
from otklik.people.sentences import FILE_PROBLEMS
from otklik.people.services import orders

TOPIC = "orders.import"
CHANGED = "orders.import_changed"
MAX_PROBLEMS = 50_000  # kept with their reasons; the count goes on
RACES = 3
RIGHT = "order.import"


@transaction.atomic
def start(digest: str, filename: str, fields: dict[str, int], *, by: User) -> OrderImport:
    """The columns are chosen (field → index): the worker begins after the commit. Raises Forbidden, Invalid."""
    policy.require(by, RIGHT)
    if "number" not in fields:
        raise Invalid(FILE_PROBLEMS["number_column"])
    path = media.path_of(digest)
    try:
        with path.open("rb") as file:
            form = table.recognise(file)
            lines = table.lines(file)
    except table.Unreadable as error:
        raise Invalid(FILE_PROBLEMS[error.code]) from error
    now = clock.now()
    job = OrderImport.objects.create(
        organisation_id=by.organisation_id,
        filename=filename[:255],
        digest=digest,
        size=path.stat().st_size,
        table=asdict(form),
        mapping=fields,
        estimate=max(0, lines - 1),
        state=OrderImport.State.RUNNING,
        created_by=by,
        created_at=now,
        started_at=now,
    )
    _plan(job)
    return job


def _plan(job: OrderImport) -> None:
    jobs.plan(job, TOPIC, job.organisation_id)
    events.publish(CHANGED, job.organisation_id, job_id=job.pk, state=job.state)


@transaction.atomic
def stop(job_id: int, *, by: User) -> OrderImport:
    """Stop after the batch in hand. What has come in stays."""
    job = _locked(job_id, by)
    if jobs.stop(job):
        events.publish(CHANGED, job.organisation_id, job_id=job.pk, state="cancelled")
    return job


@transaction.atomic
def proceed(job_id: int, *, by: User) -> OrderImport:
    """Go on behind the last stored row. Raises Conflict when it runs or has ended."""
    job = _locked(job_id, by)
    jobs.go_on(job)
    _plan(job)
    return job


def _locked(job_id: int, by: User) -> OrderImport:
    policy.require(by, RIGHT)
    own = OrderImport.objects.select_for_update(of=("self",)).filter(organisation_id=by.organisation_id)
    job = own.filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


def run(payload: dict[str, Any]) -> None:
    """Outbox handler."""
    jobs.take_turn(OrderImport.objects.all(), payload["job_id"], Runner, _fail)


@transaction.atomic
def _fail(job: OrderImport, sentence: str) -> None:
    jobs.give_up(job, sentence)
    events.publish(CHANGED, job.organisation_id, job_id=job.pk, state="failed")


class Runner:
    """One pass over the file from the job's cursor."""

    def __init__(self, job: OrderImport) -> None:
        if not media.path_of(job.digest).exists():
            raise Invalid(FILE_PROBLEMS["gone"])
        self.job = job
        self.batch = BatchSize(orders.BATCH)
        self.noted = job.errors
        zone = history.zone_of(job.organisation_id)
        self.rows = mapping.from_cells(self._cells(job.row_cursor), job.mapping, zone)

    def _cells(self, cursor: int) -> Iterator[tuple[int, list[str]]]:
        form = table.Form(**{**self.job.table, "columns": tuple(self.job.table["columns"])})
        with media.path_of(self.job.digest).open("rb") as file:
            yield from ((number, cells) for number, cells in table.rows(file, form) if number > cursor)

    def step(self) -> bool:
        try:
            rows = list(islice(self.rows, self.batch.size))
        except table.Unreadable as error:
            raise Invalid(FILE_PROBLEMS[error.code]) from error
        if not rows:
            _finish(self.job)
            return False
        for attempt in range(RACES):
            try:
                with self.batch.timed(len(rows)):
                    self._commit(rows)
                break
            except IntegrityError:
                # another import has just created the same number or person: look again and find it
                if attempt == RACES - 1:
                    raise
        self.job.row_cursor = rows[-1].row
        return True

    @transaction.atomic
    def _commit(self, rows: list[OrderRow | RowProblem]) -> None:
        good = [row for row in rows if isinstance(row, OrderRow)]
        part = orders.take_batch(good, self.job.organisation_id)
        problems = [*(row for row in rows if isinstance(row, RowProblem)), *part.errors]
        jobs.advance(
            self.job,
            rows[-1].row,
            rows=len(rows),
            created=part.created,
            updated=part.updated,
            unchanged=part.unchanged,
            errors=len(problems),
        )
        if self.noted <= MAX_PROBLEMS:
            bulk.insert(
                [
                    OrderImportProblem(job=self.job, row=one.row, code=one.code, data=one.data)
                    for one in problems
                ]
            )
            self.noted += len(problems)


@transaction.atomic
def _finish(job: OrderImport) -> None:
    jobs.finish(job)
    job.refresh_from_db()
    events.publish(CHANGED, job.organisation_id, job_id=job.pk, state="done")
    audit.record(
        "orders.imported",
        organisation_id=job.organisation_id,
        by=job.created_by or audit.SYSTEM,
        kind="order",
        **{name: getattr(job, name) for name in ("created", "updated", "unchanged", "errors")},
    )
