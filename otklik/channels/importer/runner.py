"""The work of an import: a file in batches, in the worker or in the command line.

A batch is one transaction: stored rows, what is known of them, row errors, counts and the cursor. After `kill -9`
the next run goes on behind the cursor, and nothing is doubled.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import get_language

from otklik.audit import services as audit
from otklik.channels import intake
from otklik.channels.importer import service
from otklik.channels.importer.adapter import raw_event
from otklik.channels.importer.engine.errors_file import ENCODING, write_errors
from otklik.channels.importer.engine.mapping import Mapping
from otklik.channels.importer.engine.problems import RowError
from otklik.channels.importer.engine.rows import Converter, ImportItem
from otklik.channels.importer.engine.source import SourceRow
from otklik.channels.importer.engine.table import BROKEN_ARCHIVE, Table, broken_archive
from otklik.channels.models import ChannelAccount, ImportedItem, ImportIssue, ImportJob
from otklik.channels.protocol import RawEvent
from otklik.kernel import clock, events, media, outbox
from otklik.kernel.errors import Conflict, Invalid

TOPIC = service.TOPIC
BATCH = 100  # rows of one transaction, which stays near 50 ms
SLICE = 15.0  # seconds of one turn in the worker; then other work gets its turn
LEASE = 45.0  # seconds without a batch after which the worker is taken for dead
MAX_ISSUES = 50_000  # in the error file; the count goes on
RACES = 3


class Overtaken(Exception):
    """Another process has committed this batch, or a person has stopped the import."""


def run(payload: dict[str, Any]) -> None:
    """Outbox handler: work for a while, then let others have a turn."""
    job = ImportJob.objects.select_related("account").get(pk=payload["job_id"])
    if job.state != ImportJob.State.RUNNING:
        return
    won = ImportJob.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=clock.now()), pk=job.pk, state=ImportJob.State.RUNNING
    ).update(lease_until=clock.after(LEASE))
    if not won:
        raise outbox.Later(LEASE / 3)
    until = time.monotonic() + SLICE
    try:
        runner = Runner(job)
        while runner.step():
            if time.monotonic() > until:
                ImportJob.objects.filter(pk=job.pk).update(lease_until=None)
                raise outbox.Later(0.0)
    except Overtaken as lost:
        raise outbox.Later(LEASE / 3) from lost
    except media.DiskFull as error:
        # waits for space; nothing of the file is lost
        ImportJob.objects.filter(pk=job.pk).update(error=error.sentence, lease_until=None)
        raise outbox.Later(60.0) from error
    except Invalid as error:
        fail(job, error.sentence)


def fail(job: ImportJob, sentence: str) -> None:
    with transaction.atomic():
        ImportJob.objects.filter(pk=job.pk, state=ImportJob.State.RUNNING).update(
            state=ImportJob.State.FAILED, error=sentence[:2000], finished_at=clock.now(), lease_until=None
        )
        events.publish(service.CHANGED, job.organisation_id, job_id=job.pk, state="failed")


class Runner:
    """One pass over the file from the job's cursor; `step` stores a batch and says whether there may be more."""

    def __init__(self, job: ImportJob) -> None:
        if job.account is None:
            raise Conflict
        self.job = job
        self.account = job.account
        self.table = service.open_job(job)
        self.converter = Converter(service.mapping_from(job.mapping))
        self.rows: Iterator[SourceRow] = self.table.rows(start=job.row_cursor + 1)
        self.noted = job.errors

    def step(self) -> bool:
        try:
            batch = list(islice(self.rows, BATCH))
        except BROKEN_ARCHIVE as error:
            raise service.as_error(broken_archive(self.job.filename)) from error
        if not batch:
            _finish(self.job, self.table)
            return False
        results = [self.converter.convert(row) for row in batch]
        for attempt in range(RACES):
            try:
                self._commit(results, batch[-1].number)
                self.job.row_cursor = batch[-1].number
                break
            except IntegrityError:
                # another import has just stored one of these rows: look again and find it
                if attempt == RACES - 1:
                    raise
        return True

    @transaction.atomic
    def _commit(self, results: list[ImportItem | RowError], last: int) -> None:
        items = [one for one in results if isinstance(one, ImportItem)]
        faults = [one for one in results if isinstance(one, RowError)]
        tally, raws = _compare(self.account, items)
        won = ImportJob.objects.filter(
            pk=self.job.pk, state=ImportJob.State.RUNNING, row_cursor=self.job.row_cursor
        ).update(
            row_cursor=last,
            rows=F("rows") + len(results),
            errors=F("errors") + len(faults),
            error="",
            lease_until=clock.after(LEASE),
            **{name: F(name) + number for name, number in tally.items()},
        )
        if not won:
            raise Overtaken
        intake.store(self.account, raws)
        self._note(faults, items)

    def _note(self, faults: list[RowError], items: list[ImportItem]) -> None:
        if self.noted > MAX_ISSUES:
            return
        found = [*faults, *(notice for item in items for notice in item.notices)]
        ImportIssue.objects.bulk_create(
            ImportIssue(
                job=self.job,
                row=one.row,
                column=one.column[:300],
                code=one.code,
                ru=one.ru,
                en=one.en,
                raw=one.raw,
            )
            for one in found
        )
        self.noted += len(found)


def compare_known(account: ChannelAccount | None, keys: list[str]) -> dict[str, ImportedItem]:
    if account is None:
        return {}
    return {row.key: row for row in ImportedItem.objects.filter(account=account, key__in=keys)}


def _compare(account: ChannelAccount, items: list[ImportItem]) -> tuple[dict[str, int], list[RawEvent]]:
    """Counts and the events to store; what is known of the rows is written."""
    known = compare_known(account, [item.key for item in items])
    fresh: dict[str, ImportedItem] = {}
    changed: dict[str, ImportedItem] = {}
    tally = {"created": 0, "updated": 0, "unchanged": 0}
    raws = []
    for item in items:
        row = known.get(item.key)
        if row is None:
            row = ImportedItem(account=account, key=item.key, content_hash=item.content_hash)
            known[item.key] = fresh[item.key] = row
            tally["created"] += 1
        elif row.content_hash == item.content_hash:
            tally["unchanged"] += 1
            continue
        else:
            row.content_hash = item.content_hash
            row.version += 1
            if item.key not in fresh:
                changed[item.key] = row
            tally["updated"] += 1
        raws.append(raw_event(item, row.version))
    ImportedItem.objects.bulk_create(fresh.values())
    if changed:
        ImportedItem.objects.bulk_update(changed.values(), ["content_hash", "version"])
    return tally, raws


def _finish(job: ImportJob, table: Table) -> None:
    """The last row is stored: make the error file and say so, once."""
    content = _error_file(job, list(table.headers))
    with transaction.atomic():
        won = ImportJob.objects.filter(
            pk=job.pk, state=ImportJob.State.RUNNING, row_cursor=job.row_cursor
        ).update(
            state=ImportJob.State.DONE,
            finished_at=clock.now(),
            error_digest=media.put(content) if content else "",
            lease_until=None,
        )
        if not won:
            raise Overtaken
        ImportIssue.objects.filter(job=job).delete()
        events.publish(service.CHANGED, job.organisation_id, job_id=job.pk, state="done")
        job.refresh_from_db()
        service.record(
            "import.finished",
            job,
            audit.SYSTEM,
            **{name: getattr(job, name) for name in ("rows", "created", "updated", "unchanged", "errors")},
        )


def _error_file(job: ImportJob, headers: list[str]) -> bytes:
    issues = ImportIssue.objects.filter(job=job).order_by("row", "id")[:MAX_ISSUES]
    target = io.StringIO(newline="")
    language = (get_language() or "ru")[:2]
    faults = (RowError(one.row, one.column, one.code, one.ru, one.en, one.raw) for one in issues.iterator())
    count = write_errors(target, headers, faults, lang=language)
    return target.getvalue().encode(ENCODING) if count else b""


# ---------- in this process, for the command line ----------


def unfinished(account: ChannelAccount, digest: str, mapping: Mapping) -> ImportJob | None:
    """The same file with the same columns that a killed process left behind."""
    job = (
        ImportJob.objects.select_related("account")
        .filter(account=account, digest=digest, state=ImportJob.State.RUNNING)
        .order_by("-id")
        .first()
    )
    same = job is not None and job.mapping == json.loads(mapping.to_json())
    return job if same else None


def run_here(job: ImportJob) -> ImportJob:
    """Work the whole file in this process. When another process works it too, both go on behind its cursor."""
    while job.state == ImportJob.State.RUNNING:
        try:
            runner = Runner(job)
            while runner.step():
                pass
        except Overtaken:
            pass
        job = ImportJob.objects.select_related("account").get(pk=job.pk)
    return job


def dry_run(table: Table, mapping: Mapping, account: ChannelAccount | None) -> dict[str, int]:
    """What an import would do, without writing anything. Memory: one number per key of the file."""
    converter = Converter(mapping)
    tally = {"rows": 0, "created": 0, "updated": 0, "unchanged": 0, "errors": 0}
    seen: dict[str, str] = {}
    rows = table.rows()
    while batch := list(islice(rows, BATCH)):
        results = [converter.convert(row) for row in batch]
        items = [one for one in results if isinstance(one, ImportItem)]
        known = compare_known(account, [item.key for item in items])
        tally["rows"] += len(batch)
        tally["errors"] += len(results) - len(items)
        for item in items:
            before = seen.get(item.key) or (known[item.key].content_hash if item.key in known else None)
            outcome = (
                "created" if before is None else "unchanged" if before == item.content_hash else "updated"
            )
            tally[outcome] += 1
            seen[item.key] = item.content_hash
    return tally
