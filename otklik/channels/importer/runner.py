"""The work of an import: a file in batches, in the worker or in the command line.

A batch is one transaction: stored rows, what is known of them, row errors, counts and the cursor. After `kill -9`
the next run goes on behind the cursor, and nothing is doubled.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import get_language

from otklik.audit import services as audit
from otklik.channels import intake
from otklik.channels.importer import service
from otklik.channels.importer.adapter import raw_event
from otklik.channels.importer.engine.archive import BROKEN_ARCHIVE, broken_archive
from otklik.channels.importer.engine.errors_file import ENCODING, write_errors
from otklik.channels.importer.engine.mapping import Mapping
from otklik.channels.importer.engine.problems import RowError
from otklik.channels.importer.engine.rows import Converter, ImportItem
from otklik.channels.importer.engine.source import SourceRow
from otklik.channels.importer.engine.table import Table
from otklik.channels.models import ChannelAccount, ImportedItem, ImportIssue, ImportJob
from otklik.channels.protocol import RawEvent
from otklik.kernel import bulk, events, jobs, media
from otklik.kernel.batches import BatchSize
from otklik.kernel.errors import Conflict

TOPIC = service.TOPIC
BATCH = 100  # rows of the first transaction; then as many as fit into a short one
MAX_ISSUES = 50_000  # in the error file; the count goes on
RACES = 3


Overtaken = jobs.Overtaken


def run(payload: dict[str, Any]) -> None:
    """Outbox handler: work for a while, then let others have a turn."""
    jobs.take_turn(ImportJob.objects.select_related("account"), payload["job_id"], Runner, fail)


@transaction.atomic
def fail(job: ImportJob, sentence: str) -> None:
    jobs.give_up(job, sentence)
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
        self.repeat = is_repeat(self.account, job.digest, job.mapping, job_id=job.pk)
        self.batch = BatchSize(BATCH, least=20)

    def step(self) -> bool:
        try:
            batch = list(islice(self.rows, self.batch.size))
        except BROKEN_ARCHIVE as error:
            raise service.as_error(broken_archive(self.job.filename)) from error
        if not batch:
            _finish(self.job, self.table)
            return False
        results = [self.converter.convert(row) for row in batch]
        raws = {id(one): raw_event(one, 1) for one in results if isinstance(one, ImportItem)}
        for attempt in range(RACES):
            try:
                with self.batch.timed(len(batch)):
                    self._commit(results, batch[-1].number, raws)
                self.job.row_cursor = batch[-1].number
                break
            except IntegrityError:
                # another import has just stored one of these rows: look again and find it
                if attempt == RACES - 1:
                    raise
        return True

    @transaction.atomic
    def _commit(self, results: list[ImportItem | RowError], last: int, first: dict[int, RawEvent]) -> None:
        items = [one for one in results if isinstance(one, ImportItem)]
        faults = [one for one in results if isinstance(one, RowError)]
        tally, raws = _compare(self.account, items, first, repeat=self.repeat)
        jobs.advance(self.job, last, rows=len(results), errors=len(faults), **tally)
        intake.store(self.account, raws)
        self._note(faults, items)

    def _note(self, faults: list[RowError], items: list[ImportItem]) -> None:
        if self.noted > MAX_ISSUES:
            return
        found = [*faults, *(notice for item in items for notice in item.notices)]
        issues = [
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
        ]
        bulk.insert(issues)
        self.noted += len(found)


def compare_known(account: ChannelAccount | None, keys: list[str]) -> dict[str, ImportedItem]:
    if account is None:
        return {}
    return {row.key: row for row in ImportedItem.objects.filter(account=account, key__in=keys)}


def _compare(
    account: ChannelAccount, items: list[ImportItem], first: dict[int, RawEvent], *, repeat: bool
) -> tuple[dict[str, int], list[RawEvent]]:
    """Counts and the events to store (`first`: of each item as if it were new); what is known is written."""
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
        elif row.content_hash == item.content_hash or (repeat and item.key not in fresh):
            tally["unchanged"] += 1
            continue
        else:
            row.content_hash = item.content_hash
            row.version += 1
            if item.key not in fresh:
                changed[item.key] = row
            tally["updated"] += 1
        raws.append(first[id(item)] if row.version == 1 else raw_event(item, row.version))
    bulk.insert(list(fresh.values()))
    if changed:
        ImportedItem.objects.bulk_update(changed.values(), ["content_hash", "version"])
    return tally, raws


def _finish(job: ImportJob, table: Table) -> None:
    """The last row is stored: make the error file and say so, once."""
    content = _error_file(job, list(table.headers))
    with transaction.atomic():
        jobs.finish(job, error_digest=media.put(content) if content else "")
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
    """The same file with the same columns that a killed process left behind, before or behind its last row."""
    job = _begun(account).filter(digest=digest).first()
    if job is None or job.mapping != json.loads(mapping.to_json()):
        return None
    waits = job.state == ImportJob.State.DONE and is_last(account, job) and intake.waits(account)
    return job if waits or job.state == ImportJob.State.RUNNING else None


def _begun(account: ChannelAccount) -> QuerySet[ImportJob]:
    """Jobs of a source that have begun, the newest first."""
    begun = ImportJob.objects.select_related("account").filter(account=account)
    return begun.exclude(state=ImportJob.State.UPLOADED).order_by("-started_at", "-id")


def is_last(account: ChannelAccount, job: ImportJob) -> bool:
    return _begun(account).values_list("pk", flat=True).first() == job.pk


def is_repeat(account: ChannelAccount, digest: str, mapping: object, *, job_id: int = 0) -> bool:
    """The last import of this source was this very file: nothing in it is new, not even where it corrects itself."""
    last = _begun(account).exclude(pk=job_id).first()
    return (
        last is not None
        and last.state == ImportJob.State.DONE
        and (last.digest, last.mapping) == (digest, mapping)
    )


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


def dry_run(
    table: Table, mapping: Mapping, account: ChannelAccount | None, *, digest: str = ""
) -> dict[str, int]:
    """What an import would do, without writing anything. Memory: one number per key of the file."""
    repeat = account is not None and is_repeat(account, digest, json.loads(mapping.to_json()))
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
            same = before == item.content_hash or repeat
            outcome = "created" if before is None else "unchanged" if same else "updated"
            tally[outcome] += 1
            seen[item.key] = item.content_hash
    return tally
