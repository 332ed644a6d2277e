"""Import on the screen: a file, its columns with a live preview, the run, what came of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from otklik.accounts.principals import User
from otklik.channels import queries
from otklik.channels.forms import UploadForm
from otklik.channels.importer import service, words
from otklik.channels.importer.engine.fields import FIELDS
from otklik.channels.importer.engine.mapping import Mapping, suggest
from otklik.channels.importer.engine.problems import RowError
from otklik.channels.importer.engine.rows import Converter
from otklik.channels.importer.engine.source import SourceRow
from otklik.channels.importer.engine.table import Table
from otklik.channels.models import ImportJob
from otklik.channels.views.base import done, go, person
from otklik.kernel import jobs, media
from otklik.kernel.errors import Invalid, NotFound, OtklikError

SHOWN = 10  # rows of the preview
SAMPLES = 3  # values shown under a header
RATING_SCALES = ("5", "10", "100")


@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """The list of imports and the place for a new file."""
    user = person(request, "import.run")
    form = UploadForm(request.POST or None, request.FILES or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            job = service.upload(upload.file, upload.name, by=user, size=upload.size)
        except Invalid as error:
            form.add_error("file", error.sentence)
        else:
            _first_mapping(job, user)
            return redirect("import", job.pk)
    jobs = queries.imports(user.organisation_id)[:50]
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "channels/imports.html", {"form": form, "jobs": jobs}, status=status)


@require_GET
def job_page(request: HttpRequest, job_id: int) -> HttpResponse:
    user = person(request, "import.run")
    job = queries.import_job(user.organisation_id, job_id)
    if job.state == ImportJob.State.UPLOADED:
        return _columns(request, user, job)
    template = "channels/_job.html" if request.headers.get("HX-Request") else "channels/job.html"
    return render(request, template, _progress(job))


def _progress(job: ImportJob) -> dict[str, Any]:
    waiting = 0
    if job.account_id is not None and job.state in (ImportJob.State.RUNNING, ImportJob.State.DONE):
        waiting = queries.unread(job.organisation_id).filter(account_id=job.account_id).count()
    total = max(job.estimate, job.rows)
    return {
        "job": job,
        "total": total,
        "percent": jobs.percent(job),
        "waiting": waiting,
        "live": job.state == ImportJob.State.RUNNING or waiting > 0,
        "stuck": jobs.is_stuck(job) and job.lease_until is not None,
    }


# ---------- columns ----------


def _first_mapping(job: ImportJob, user: User) -> None:
    """A mapping saved for the same headers, else a suggestion."""
    known = (
        queries.mappings(user.organisation_id)
        .filter(fingerprint=service.fingerprint(job.table["headers"]))
        .first()
    )
    if known is not None:
        service.draft(job, service.mapping_from(known.mapping))
    else:
        table = service.open_job(job)
        service.draft(job, suggest(table.headers, table.sample, timezone=user.organisation.time_zone))


def _columns(
    request: HttpRequest, user: User, job: ImportJob, *, error: str = "", status: int = 200
) -> HttpResponse:
    table = service.open_job(job)
    mapping = service.mapping_from(job.mapping)
    context = {
        "job": job,
        "table": table,
        "kind_name": words.TABLE_NAMES.get(table.kind, table.kind),
        "delimiter": words.DELIMITERS.get(table.delimiter, table.delimiter),
        "mapping": mapping,
        "preset": words.PRESET_NAMES.get(mapping.preset, ""),
        "columns": _column_choices(table, mapping),
        "fields": [(name, words.FIELD_NAMES[name]) for name in FIELDS],
        "kinds": words.KIND_NAMES.items(),
        "presets": words.PRESET_NAMES.items(),
        "saved": queries.mappings(user.organisation_id)[:50],
        "sources": queries.import_sources(user.organisation_id),
        "encodings": words.ENCODINGS,
        "delimiters": words.DELIMITERS.items(),
        "orders": words.ORDERS.items(),
        "zones": sorted({*words.ZONES, mapping.timezone}),
        "scales": RATING_SCALES,
        "rating_max": f"{mapping.rating_max:.0f}",
        "error": error,
        **_preview(table, mapping),
    }
    return render(request, "channels/columns.html", context, status=status)


def _column_choices(table: Table, mapping: Mapping) -> list[dict[str, Any]]:
    chosen = {header: name for name, headers in mapping.columns.items() for header in headers}
    return [
        {
            "number": number,
            "header": header,
            "field": chosen.get(header, ""),
            "samples": [value for row in table.sample[:40] if (value := row.values.get(header, ""))][
                :SAMPLES
            ],
        }
        for number, header in enumerate(table.headers)
    ]


def _preview(table: Table, mapping: Mapping) -> dict[str, Any]:
    """The first rows as they would come in, with what is wrong; and how many of the sample are wrong."""
    try:
        service.check_mapping(mapping, table.headers)
    except Invalid as error:
        return {"lines": [], "refusal": error.sentence, "wrong": 0, "looked": 0}
    converter = Converter(mapping)
    results = [(row, converter.convert(row)) for row in table.sample]
    wrong = [one for one in results if isinstance(one[1], RowError)]
    # a person wants to see what is wrong: such rows come first when they are not among the first anyway
    shown = [*results[: SHOWN - 2], *[one for one in wrong if one not in results[: SHOWN - 2]][:2]]
    return {
        "lines": [_line(row, result) for row, result in shown],
        "refusal": "",
        "wrong": len(wrong),
        "looked": len(results),
    }


def _line(row: SourceRow, result: Any) -> dict[str, Any]:
    language = (get_language() or "ru")[:2]
    if isinstance(result, RowError):
        return {
            "row": row.number,
            "error": result.sentence(language),
            "raw": " · ".join(row.values.values())[:200],
        }
    return {
        "row": row.number,
        "item": result,
        "kind": words.KIND_NAMES.get(result.kind, result.kind),
        "notices": [notice.sentence(language) for notice in result.notices],
    }


def _mapping_of(job: ImportJob, data: QueryDict) -> Mapping:
    """What the selects say, over the draft (which keeps renamed values and the preset)."""
    base = service.mapping_from(job.mapping)
    columns: dict[str, tuple[str, ...]] = {}
    for number, header in enumerate(job.table["headers"]):
        field = data.get(f"col-{number}", "")
        if field in FIELDS:
            columns[field] = (*columns.get(field, ()), header)
    constants = {name: value for name, value in base.constants.items() if name not in ("kind", "source")}
    if data.get("kind") in words.KIND_NAMES:
        constants["kind"] = str(data["kind"])
    if data.get("constant_source", "").strip() and "source" not in columns:
        constants["source"] = str(data["constant_source"]).strip()[:100]
    scale = data.get("rating_max", "")
    return replace(
        base,
        columns=columns,
        constants=constants,
        timezone=data.get("timezone") or base.timezone,
        date_order=str(data["date_order"]) if data.get("date_order") in words.ORDERS else base.date_order,
        rating_max=float(scale) if scale in RATING_SCALES else base.rating_max,
    )


@require_POST
def preview(request: HttpRequest, job_id: int) -> HttpResponse:
    """The first rows under the columns as they are chosen now."""
    job, _user = _open(request, job_id)
    mapping = service.mapping_from(json.loads(_mapping_of(job, request.POST).to_json()))
    return render(request, "channels/_preview.html", {"job": job, **_preview(service.open_job(job), mapping)})


@require_POST
def adjust(request: HttpRequest, job_id: int) -> HttpResponse:
    """Another preset, a saved mapping, another encoding, delimiter or sheet: look at the file anew."""
    job, user = _open(request, job_id)
    data = request.POST
    try:
        chosen = {name: data[name] for name in ("encoding", "delimiter", "sheet") if data.get(name)}
        table = service.relook(job, chosen, by=user) if chosen else service.open_job(job)
        saved = data.get("saved", "")
        if saved.isdigit():
            kept = queries.mappings(user.organisation_id).filter(pk=int(saved)).first()
            if kept is None:
                raise NotFound
            mapping = service.mapping_from(kept.mapping)
            service.check_mapping(mapping, table.headers)
        else:
            zone = user.organisation.time_zone
            mapping = suggest(table.headers, table.sample, preset=data.get("preset", ""), timezone=zone)
        service.draft(job, mapping)
    except Invalid as error:
        return _columns(
            request, user, queries.import_job(user.organisation_id, job_id), error=error.sentence, status=422
        )
    return redirect("import", job.pk)


@require_POST
def start(request: HttpRequest, job_id: int) -> HttpResponse:
    """The columns are right: begin."""
    job, user = _open(request, job_id)
    data = request.POST
    mapping = _mapping_of(job, data)
    service.draft(job, mapping)
    try:
        service.check_mapping(mapping, tuple(job.table["headers"]))
        account_id = _source(user, data)
        if data.get("save_as", "").strip():
            service.keep_mapping(data["save_as"], job.table["headers"], mapping, by=user)
        service.start(job.pk, account_id=account_id, mapping=mapping, by=user)
    except OtklikError as error:
        if error.status in (403, 404):
            raise
        return _columns(request, user, job, error=error.sentence, status=422)
    return go(request, "import", job.pk)


def _source(user: User, data: QueryDict) -> int:
    if data.get("source", "").isdigit():
        return int(str(data["source"]))
    name = data.get("new_source", "").strip()
    if not name:
        raise Invalid(_("Choose where the texts belong, or name a new source."))
    return service.import_account(user.organisation_id, name, by=user).pk


def _open(request: HttpRequest, job_id: int) -> tuple[ImportJob, User]:
    user = person(request, "import.run")
    job = queries.import_job(user.organisation_id, job_id)
    if job.state != ImportJob.State.UPLOADED:
        raise Invalid(_("This file is being imported already."))
    return job, user


# ---------- the run ----------


@require_POST
def cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    user = person(request, "import.run")
    job = service.cancel(job_id, by=user)
    if job.account_id is None:
        return done(request, _("The file is put aside."), "imports")
    return go(request, "import", job.pk)


@require_POST
def proceed(request: HttpRequest, job_id: int) -> HttpResponse:
    user = person(request, "import.run")
    return go(request, "import", service.proceed(job_id, by=user).pk)


@require_GET
def errors(request: HttpRequest, job_id: int) -> FileResponse:
    """Rows that were not taken, with the reason; cells that a spreadsheet would run are disarmed."""
    user = person(request, "import.run")
    job = queries.import_job(user.organisation_id, job_id)
    if not job.error_digest:
        raise NotFound
    name = f"{job.filename.rsplit('.', 1)[0]}.errors.csv"
    return FileResponse(
        media.path_of(job.error_digest).open("rb"), as_attachment=True, filename=name, content_type="text/csv"
    )
