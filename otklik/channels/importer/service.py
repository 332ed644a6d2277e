"""Imports: a file is uploaded, columns are chosen, batches run in the worker or in the command line.

A batch is one transaction: stored rows, what is known of them, row errors, counts and the cursor. After `kill -9`
the next run goes on behind the cursor, and nothing is doubled.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels import intake
from otklik.channels.importer.adapter import ImportAdapter, raw_event
from otklik.channels.importer.engine.errors_file import ENCODING, write_errors
from otklik.channels.importer.engine.mapping import Mapping
from otklik.channels.importer.engine.problems import MappingError, RowError, TableError
from otklik.channels.importer.engine.rows import Converter, ImportItem
from otklik.channels.importer.engine.source import SourceRow
from otklik.channels.importer.engine.table import BROKEN_ARCHIVE, Table, broken_archive, open_table
from otklik.channels.models import ChannelAccount, ImportedItem, ImportIssue, ImportJob, ImportMapping
from otklik.channels.protocol import RawEvent
from otklik.kernel import clock, events, media, outbox
from otklik.kernel.errors import Conflict, Invalid, NotFound

log = logging.getLogger(__name__)

TOPIC = "import.run"
CHANGED = "import.changed"
BATCH = 250  # rows of one transaction
SLICE = 15.0  # seconds of one turn in the worker; then other work gets its turn
LEASE = 45.0  # seconds without a batch after which the worker is taken for dead
MAX_FILE = 300 * 1024 * 1024
MAX_ISSUES = 50_000  # in the error file; the count goes on
TEXTUAL = frozenset({"text", "pros", "cons", "title", "rating"})
RACES = 3


class Overtaken(Exception):
    """Another process has committed this batch."""


def as_error(error: TableError) -> Invalid:
    """The engine's sentence in the reader's language."""
    return Invalid(error.sentence((get_language() or "ru")[:2]).replace("%", "%%") if False else _plain(error), code=error.code)


def _plain(error: TableError) -> str:
    return error.sentence((get_language() or "ru")[:2])


# ---------- the file ----------


def open_job(job: ImportJob) -> Table:
    """The table of a job as found, or as the person corrected it. Raises Invalid."""
    try:
        return open_table(
            media.path_of(job.digest),
            sheet=job.table.get("sheet") or None,
            file_encoding=job.table.get("encoding") or None,
            delimiter=job.table.get("delimiter") or None,
            name=job.filename,
        )
    except TableError as error:
        raise as_error(error) from error


def upload(content: bytes, filename: str, *, by: User) -> ImportJob:
    """Keep a file and say what it is; nothing is imported yet. Raises Invalid with the reason."""
    policy.require(by, "import.run")
    if len(content) > MAX_FILE:
        raise Invalid(_("The file is larger than 300 MB. Split it and import the parts one after another."))
    return register(content, filename, organisation_id=by.organisation_id, by=by)


def register(content: bytes, filename: str, *, organisation_id: int, by: User | None = None) -> ImportJob:
    """Like `upload`, for the command line, where the machine's owner acts."""
    job = ImportJob(
        organisation_id=organisation_id,
        filename=filename[:255],
        digest=media.put(content),
        size=len(content),
        created_by=by,
        created_at=clock.now(),
    )
    look(job)
    job.save()
    return job


def look(job: ImportJob, **chosen: str) -> Table:
    """Find out, or take from the person, encoding, delimiter and sheet; writes them on the unsaved job."""
    job.table = {**job.table, **chosen}
    table = open_job(job)
    job.table = {
        "kind": table.kind,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "sheet": table.sheet,
        "sheets": list(table.sheets),
        "headers": list(table.headers),
    }
    job.estimate = table.total_estimate
    return table


def fingerprint(headers: list[str] | tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(sorted(headers), ensure_ascii=False).encode()).hexdigest()


def check_mapping(mapping: Mapping, headers: tuple[str, ...]) -> None:
    """Raises Invalid when a column is missing or nothing says what was written."""
    if missing := mapping.missing(headers):
        raise Invalid(
            _("The table has no column “%(column)s”. Choose another one for this field."),
            code="no_column",
            column=missing[0],
        )
    if not TEXTUAL & {name for name, given in mapping.columns.items() if given}:
        raise Invalid(
            _("No column holds the text. Say which column is the text of the review or message."), code="no_text"
        )


def mapping_from(record: dict[str, Any]) -> Mapping:
    """A stored or typed mapping. Raises Invalid that names the wrong key."""
    try:
        return Mapping.from_json(json.dumps(record))
    except MappingError as error:
        raise as_error(error) from error


# ---------- beginning and ending ----------


@transaction.atomic
def start(job_id: int, *, account_id: int, mapping: Mapping, by: User) -> ImportJob:
    """The columns are chosen: the worker begins after the commit."""
    job = _locked(job_id, by)
    account = ChannelAccount.objects.filter(
        pk=account_id, organisation_id=by.organisation_id, kind=ImportAdapter.kind, archived_at=None
    ).first()
    if account is None:
        raise NotFound
    if job.state != ImportJob.State.UPLOADED:
        raise Conflict(_("This file is being imported already."))
    check_mapping(mapping, tuple(job.table["headers"]))
    begin(job, account, mapping)
    _plan(job)
    _record("import.started", job, by, channel=account.name)
    return job


def begin(job: ImportJob, account: ChannelAccount, mapping: Mapping) -> None:
    """Mark as running; the caller decides who works."""
    job.account = account
    job.mapping = json.loads(mapping.to_json())
    job.state = ImportJob.State.RUNNING
    job.started_at = clock.now()
    job.save(update_fields=["account", "mapping", "state", "started_at"])


def _plan(job: ImportJob) -> None:
    job.runs = F("runs") + 1
    job.save(update_fields=["runs"])
    job.refresh_from_db(fields=["runs"])
    outbox.put(TOPIC, f"import:{job.pk}:{job.runs}", {"job_id": job.pk}, organisation_id=job.organisation_id)
    events.publish(CHANGED, job.organisation_id, job_id=job.pk, state=job.state)


@transaction.atomic
def cancel(job_id: int, *, by: User) -> ImportJob:
    """Stop after the batch in hand. What has come in stays; starting again updates it."""
    job = _locked(job_id, by)
    won = ImportJob.objects.filter(pk=job.pk, state__in=[ImportJob.State.RUNNING, ImportJob.State.UPLOADED]).update(
        state=ImportJob.State.CANCELLED, finished_at=clock.now()
    )
    if won:
        events.publish(CHANGED, job.organisation_id, job_id=job.pk, state="cancelled")
        _record("import.cancelled", job, by)
    job.refresh_from_db()
    return job


@transaction.atomic
def proceed(job_id: int, *, by: User) -> ImportJob:
    """Go on with an import that was stopped, failed, or lost its worker, behind the last stored row."""
    job = _locked(job_id, by)
    stopped = job.state in (ImportJob.State.CANCELLED, ImportJob.State.FAILED) and job.account_id is not None
    if not stopped and not is_stuck(job):
        raise Conflict
    job.state, job.error, job.finished_at, job.lease_until = ImportJob.State.RUNNING, "", None, None
    job.save(update_fields=["state", "error", "finished_at", "lease_until"])
    _plan(job)
    _record("import.resumed", job, by)
    return job


def is_stuck(job: ImportJob) -> bool:
    """It should run, and nobody has touched it for longer than the lease."""
    return job.state == ImportJob.State.RUNNING and (job.lease_until is None or job.lease_until < clock.now())


def _locked(job_id: int, by: User) -> ImportJob:
    policy.require(by, "import.run")
    job = ImportJob.objects.select_for_update().filter(pk=job_id, organisation_id=by.organisation_id).first()
    if job is None:
        raise NotFound
    return job


def _record(action: str, job: ImportJob, by: audit.Actor, **data: Any) -> None:
    audit.record(
        action,
        organisation_id=job.organisation_id,
        by=by,
        kind="import",
        object_id=job.pk,
        file=job.filename,
        **data,
    )


@transaction.atomic
def import_account(organisation_id: int, name: str, *, by: audit.Actor) -> ChannelAccount:
    """The import source of this name, made when missing."""
    known = ChannelAccount.objects.filter(organisation_id=organisation_id, name=name, archived_at=None).first()
    if known is not None:
        if known.kind != ImportAdapter.kind:
            raise Invalid(
                _("“%(name)s” is a connected channel. Give the import a name of its own."), code="name_taken", name=name
            )
        return known
    account = ChannelAccount.objects.create(
        organisation_id=organisation_id, kind=ImportAdapter.kind, name=name[:200], created_at=clock.now()
    )
    audit.record(
        "channel.connected",
        organisation_id=organisation_id,
        by=by,
        kind="channel",
        object_id=account.pk,
        name=account.name,
        channel=account.kind,
    )
    return account


@transaction.atomic
def keep_mapping(name: str, headers: list[str], mapping: Mapping, *, by: User) -> ImportMapping:
    """Save the chosen columns under a name; the same name is replaced."""
    policy.require(by, "import.run")
    kept, _made = ImportMapping.objects.update_or_create(
        organisation_id=by.organisation_id,
        name=name.strip()[:100],
        defaults={
            "fingerprint": fingerprint(headers),
            "mapping": json.loads(mapping.to_json()),
            "used_at": clock.now(),
        },
    )
    return kept


# ---------- the work ----------


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
        events.publish(CHANGED, job.organisation_id, job_id=job.pk, state="failed")


class Runner:
    """One pass over the file from the job's cursor; `step` stores a batch and says whether there may be more."""

    def __init__(self, job: ImportJob) -> None:
        if job.account is None:
            raise Conflict
        self.job = job
        self.account = job.account
        self.table = open_job(job)
        self.converter = Converter(mapping_from(job.mapping))
        self.rows: Iterator[SourceRow] = self.table.rows(start=job.row_cursor + 1)

    def step(self) -> bool:
        try:
            batch = list(islice(self.rows, BATCH))
        except BROKEN_ARCHIVE as error:
            raise as_error(broken_archive(self.job.filename)) from error
        if not batch:
            _finish(self.job, self.table)
            return False
        results = [self.converter.convert(row) for row in batch]
        for attempt in range(RACES):
            try:
                self._commit(results, batch[-1].number)
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
        before = self.job.row_cursor
        self.job.row_cursor = last
        transaction.on_commit(lambda: None)
        if before > last:
            raise Overtaken

    def _note(self, faults: list[RowError], items: list[ImportItem]) -> None:
        if self.job.errors > MAX_ISSUES:
            return
        found = [*faults, *(notice for item in items for notice in item.notices)]
        ImportIssue.objects.bulk_create(
            ImportIssue(
                job=self.job, row=one.row, column=one.column[:300], code=one.code, ru=one.ru, en=one.en, raw=one.raw
            )
            for one in found
        )
        self.job.errors += len(found)


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
        won = ImportJob.objects.filter(pk=job.pk, state=ImportJob.State.RUNNING, row_cursor=job.row_cursor).update(
            state=ImportJob.State.DONE,
            finished_at=clock.now(),
            error_digest=media.put(content) if content else "",
            lease_until=None,
        )
        if not won:
            raise Overtaken
        ImportIssue.objects.filter(job=job).delete()
        events.publish(CHANGED, job.organisation_id, job_id=job.pk, state="done")
        job.refresh_from_db()
        _record(
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
            outcome = "created" if before is None else "unchanged" if before == item.content_hash else "updated"
            tally[outcome] += 1
            seen[item.key] = item.content_hash
    return tally
