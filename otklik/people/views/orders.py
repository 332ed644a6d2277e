"""Import of orders: upload, look at what was understood, the run, a file of what was not taken."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, cast

from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.kernel import jobs, media
from otklik.kernel.errors import Invalid
from otklik.people import history, queries
from otklik.people.engine import mapping, table
from otklik.people.engine.mapping import OrderRow, RowProblem
from otklik.people.sentences import FIELD_TITLES, FILE_PROBLEMS, numbered, row_sentence
from otklik.people.services import order_import
from otklik.people.views.common import number, reader

MAX_FILE = 50 * 1024 * 1024
SALT = "people.orders.file"
_DAY = 86400
_PREVIEW, _SHOWN_ERRORS, _RECENT = 5, 20, 5


def _allowed(request: HttpRequest) -> User:
    user = reader(request)
    policy.require(user, "order.import")
    return user


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Step one: the file. A file that is no table is refused with a sentence on the same page."""
    user = _allowed(request)
    if request.method == "GET":
        recent = queries.order_imports(user.organisation_id)[:_RECENT]
        return render(
            request, "people/orders_upload.html", {"columns": FIELD_TITLES.values(), "recent": recent}
        )
    try:
        token = _store(user, request.FILES.get("file"))
        return _preview(request, user, token, None)
    except (Invalid, table.Unreadable) as error:
        sentence = error.sentence if isinstance(error, Invalid) else FILE_PROBLEMS[error.code]
        context = {"problem": sentence, "columns": FIELD_TITLES.values()}
        return render(request, "people/orders_upload.html", context, status=422)


def _store(user: User, file: UploadedFile[bytes] | None) -> str:
    if file is None or not file.size:
        raise Invalid(FILE_PROBLEMS["empty"])
    if file.size > MAX_FILE:
        raise Invalid(FILE_PROBLEMS["too_large"])
    digest, _size = media.put_file(cast("BinaryIO", file))
    # signed with the organisation: a token opens only the uploader's company's file, for a day
    return signing.dumps([user.organisation_id, digest, str(file.name)[:200]], salt=SALT)


def _opened(user: User, token: str) -> tuple[str, str]:
    """(digest, name of the file); raises Invalid for a token that is foreign, old or without its file."""
    try:
        organisation_id, digest, name = signing.loads(token, salt=SALT, max_age=_DAY)
    except (signing.BadSignature, ValueError) as error:
        raise Invalid(FILE_PROBLEMS["gone"]) from error
    if organisation_id != user.organisation_id or not media.path_of(digest).exists():
        raise Invalid(FILE_PROBLEMS["gone"])
    return digest, name


def _preview(request: HttpRequest, user: User, token: str, chosen: dict[str, int] | None) -> HttpResponse:
    """Step two: which column is what, and the first rows as they were understood."""
    digest, name = _opened(user, token)
    with media.path_of(digest).open("rb") as file:
        form = table.recognise(file)
        fields = mapping.guess(form.columns) if chosen is None else chosen
        first = list(islice(table.rows(file, form), _PREVIEW))
    read = list(mapping.from_cells(first, fields, history.zone_of(user.organisation_id)))
    return render(
        request,
        "people/orders_preview.html",
        {
            "token": token,
            "name": name,
            "form": form,
            "choices": [(field, title, fields.get(field, -1)) for field, title in FIELD_TITLES.items()],
            "columns": list(enumerate(form.columns)),
            "samples": [_sample(row) for row in read],
            "ready": "number" in fields,
        },
    )


def _sample(row: OrderRow | RowProblem) -> dict[str, Any]:
    if isinstance(row, RowProblem):
        return {"row": row.row, "problem": row_sentence(row)}
    buyer = row.contact.name or row.contact.email or row.contact.phone
    items = ", ".join(item["name"] for item in row.values.get("items") or [])
    return {
        "row": row.row,
        "number": row.number,
        "buyer": buyer,
        "items": items,
        **row.values,
        "names": items,
    }


def _chosen(request: HttpRequest) -> dict[str, int]:
    fields = {field: request.POST.get(f"column_{field}", "") for field in FIELD_TITLES}
    return {field: number(value) for field, value in fields.items() if value.isdecimal()}


@login_required
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Step three: the worker takes the rows. `again` only shows the preview with the chosen columns."""
    user = _allowed(request)
    token, fields = request.POST.get("token", ""), _chosen(request)
    if "again" in request.POST or "number" not in fields:
        return _preview(request, user, token, fields)
    digest, name = _opened(user, token)
    return redirect("orders-import-job", order_import.start(digest, name, fields, by=user).pk)


@login_required
@require_GET
def job_page(request: HttpRequest, job_id: int) -> HttpResponse:
    """Step four: how far it is, and what came of it."""
    job = queries.order_import(_allowed(request).organisation_id, job_id)
    problems = list(islice(queries.order_problems(job), _SHOWN_ERRORS))
    context = {
        "job": job,
        "live": job.state == job.State.RUNNING,
        "stuck": jobs.is_stuck(job) and job.lease_until is not None,
        "percent": jobs.percent(job),
        "total": max(job.estimate, job.rows),
        "errors": [numbered(one) for one in problems],
        "more": max(0, job.errors - len(problems)),
    }
    part = request.headers.get("HX-Request")
    return render(request, "people/_orders_job.html" if part else "people/orders_job.html", context)


@login_required
@require_POST
def stop(request: HttpRequest, job_id: int) -> HttpResponse:
    return redirect("orders-import-job", order_import.stop(job_id, by=_allowed(request)).pk)


@login_required
@require_POST
def proceed(request: HttpRequest, job_id: int) -> HttpResponse:
    return redirect("orders-import-job", order_import.proceed(job_id, by=_allowed(request)).pk)


@login_required
@require_GET
def error_file(request: HttpRequest, job_id: int) -> StreamingHttpResponse:
    """The rows that were not taken, as they stood, with a column saying why: mend and import it again."""
    job = queries.order_import(_allowed(request).organisation_id, job_id)
    if not media.path_of(job.digest).exists():
        raise Invalid(FILE_PROBLEMS["gone"])
    reasons = {one.row: row_sentence(one) for one in queries.order_problems(job)}
    response = StreamingHttpResponse(_error_rows(job.digest, reasons), content_type="text/csv; charset=utf-8")
    stem = job.filename.rsplit(".", 1)[0]
    response.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=f"{stem} errors.csv") or "attachment"
    )
    return response


class _Line:
    """csv.writer writes here and we take the line."""

    def write(self, text: str) -> str:
        return text


def _error_rows(digest: str, reasons: dict[int, str]) -> Iterator[str]:
    writer = csv.writer(_Line(), delimiter=";")
    yield "\ufeff"
    with media.path_of(digest).open("rb") as file:
        form = table.recognise(file)
        yield str(writer.writerow([*map(_harmless, form.columns), str(_("Why it was not imported"))]))
        for row, cells in table.rows(file, form):
            if row in reasons:
                yield str(writer.writerow([*map(_harmless, cells), reasons[row]]))


def _harmless(cell: str) -> str:
    """A spreadsheet must not take a cell for a formula; signed numbers and phones stay as they are."""
    formula = cell.startswith(("=", "@", "\t", "\r")) or (
        cell.startswith(("+", "-")) and not re.fullmatch(r"[+-][\d\s().,-]*", cell)
    )
    return f"'{cell}" if formula else cell
