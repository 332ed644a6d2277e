"""Imports as people see them: a file is uploaded, columns are chosen, it runs, stops, goes on. Work: runner.py."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any, BinaryIO

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels.importer.adapter import ImportAdapter
from otklik.channels.importer.engine.mapping import Mapping
from otklik.channels.importer.engine.problems import MappingError, TableError
from otklik.channels.importer.engine.table import Table, open_table
from otklik.channels.models import ChannelAccount, ImportJob, ImportMapping
from otklik.kernel import clock, events, jobs, media
from otklik.kernel.errors import Conflict, Invalid, NotFound

TOPIC = "import.run"
CHANGED = "import.changed"
MAX_FILE = 300 * 1024 * 1024
is_stuck = jobs.is_stuck
TEXTUAL = frozenset({"text", "pros", "cons", "title", "rating"})


def as_error(error: TableError) -> Invalid:
    """The engine's sentence in the reader's language."""
    return Invalid(error.sentence((get_language() or "ru")[:2]), code=error.code)


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


def upload(content: bytes | BinaryIO, filename: str, *, by: User, size: int = 0) -> ImportJob:
    """Keep a file and say what it is; nothing is imported yet. Raises Invalid with the reason."""
    policy.require(by, "import.run")
    if (size or (len(content) if isinstance(content, bytes) else 0)) > MAX_FILE:
        raise Invalid(_("The file is larger than 300 MB. Split it and import the parts one after another."))
    return register(content, filename, organisation_id=by.organisation_id, by=by)


def register(
    content: bytes | BinaryIO,
    filename: str,
    *,
    organisation_id: int,
    by: User | None = None,
    chosen: dict[str, str] | None = None,
) -> ImportJob:
    """Like `upload`, for the command line, where the machine's owner acts."""
    digest, size = media.put_file(io.BytesIO(content) if isinstance(content, bytes) else content)
    job = ImportJob(
        organisation_id=organisation_id,
        filename=filename[:255],
        digest=digest,
        size=size,
        created_by=by,
        created_at=clock.now(),
    )
    look(job, **(chosen or {}))
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


def draft(job: ImportJob, mapping: Mapping) -> None:
    """Remember the columns chosen so far; nothing is imported yet."""
    job.mapping = json.loads(mapping.to_json())
    ImportJob.objects.filter(pk=job.pk, state=ImportJob.State.UPLOADED).update(mapping=job.mapping)


def relook(job: ImportJob, chosen: dict[str, str], *, by: User) -> Table:
    """The person knows encoding, delimiter or sheet better. Raises Invalid, and the job stays as it was."""
    policy.require(by, "import.run", job)
    table = look(job, **chosen)
    job.save(update_fields=["table", "estimate"])
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
            _("No column holds the text. Say which column is the text of the review or message."),
            code="no_text",
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
    record("import.started", job, by, channel=account.name)
    return job


def begin(job: ImportJob, account: ChannelAccount, mapping: Mapping) -> None:
    """Mark as running; the caller decides who works."""
    job.account = account
    job.mapping = json.loads(mapping.to_json())
    job.state = ImportJob.State.RUNNING
    job.started_at = clock.now()
    job.save(update_fields=["account", "mapping", "state", "started_at"])


def _plan(job: ImportJob) -> None:
    jobs.plan(job, TOPIC, job.organisation_id)
    events.publish(CHANGED, job.organisation_id, job_id=job.pk, state=job.state)


@transaction.atomic
def cancel(job_id: int, *, by: User) -> ImportJob:
    """Stop after the batch in hand, or put a file aside before it begins. What has come in stays."""
    job = _locked(job_id, by)
    if jobs.stop(job):
        events.publish(CHANGED, job.organisation_id, job_id=job.pk, state="cancelled")
        record("import.cancelled", job, by)
    job.refresh_from_db()
    return job


@transaction.atomic
def proceed(job_id: int, *, by: User) -> ImportJob:
    """Go on with an import that was stopped, failed, or lost its worker, behind the last stored row.

    A file that was put aside before it began waits for its columns again.
    """
    job = _locked(job_id, by)
    if job.state == ImportJob.State.CANCELLED and job.account_id is None:
        return _choose_again(job, by)
    jobs.go_on(job)
    _plan(job)
    record("import.resumed", job, by)
    return job


def _choose_again(job: ImportJob, by: User) -> ImportJob:
    job.state, job.finished_at = ImportJob.State.UPLOADED, None
    job.save(update_fields=["state", "finished_at"])
    events.publish(CHANGED, job.organisation_id, job_id=job.pk, state=job.state)
    record("import.resumed", job, by)
    return job


def _locked(job_id: int, by: User) -> ImportJob:
    policy.require(by, "import.run")
    job = ImportJob.objects.select_for_update().filter(pk=job_id, organisation_id=by.organisation_id).first()
    if job is None:
        raise NotFound
    return job


def record(action: str, job: ImportJob, by: audit.Actor, **data: Any) -> None:
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
    known = ChannelAccount.objects.filter(
        organisation_id=organisation_id, name=name, archived_at=None
    ).first()
    if known is not None:
        if known.kind != ImportAdapter.kind:
            raise Invalid(
                _("“%(name)s” is a connected channel. Give the import a name of its own."),
                code="name_taken",
                name=name,
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
