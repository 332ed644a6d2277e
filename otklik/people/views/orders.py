"""Import of orders: upload, look at what was understood, result with a file of what was not."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.kernel import media
from otklik.kernel.errors import Invalid
from otklik.people import history
from otklik.people.engine import mapping, table
from otklik.people.engine.mapping import OrderRow, RowProblem
from otklik.people.sentences import FIELD_TITLES, FILE_PROBLEMS, numbered, row_sentence
from otklik.people.services import orders
from otklik.people.views.common import number, reader

MAX_FILE = 50 * 1024 * 1024
SALT = "people.orders.file"
_DAY = 86400
_PREVIEW, _SHOWN_ERRORS = 5, 20


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
        return render(request, "people/orders_upload.html", {"columns": FIELD_TITLES.values()})
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
    digest = media.put(file.read())
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
    return {field: number(value) for field, value in fields.items() if value.isdigit()}


@login_required
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Step three: take the rows. `again` only shows the preview with the chosen columns."""
    user = _allowed(request)
    token, fields = request.POST.get("token", ""), _chosen(request)
    if "again" in request.POST or "number" not in fields:
        return _preview(request, user, token, fields)
    digest, name = _opened(user, token)
    with media.path_of(digest).open("rb") as file:
        form = table.recognise(file)
        rows = mapping.from_cells(table.rows(file, form), fields, history.zone_of(user.organisation_id))
        result = orders.upsert(rows, by=user)
    return render(
        request,
        "people/orders_result.html",
        {
            "name": name,
            "result": result,
            "errors": [numbered(one) for one in result.errors[:_SHOWN_ERRORS]],
            "more": max(0, len(result.errors) - _SHOWN_ERRORS),
            "error_token": _error_token(digest, name, result, user) if result.errors else "",
        },
    )


def _error_token(digest: str, name: str, result: orders.ImportResult, user: User) -> str:
    """The problems are stored beside the file, so that the error file is written without a second import."""
    lines = "\n".join(
        f"{one.row}\t{row_sentence(one)}" for one in sorted(result.errors, key=lambda each: each.row)
    )
    return signing.dumps([user.organisation_id, digest, name, media.put(lines.encode())], salt=SALT)


@login_required
@require_GET
def error_file(request: HttpRequest, token: str) -> StreamingHttpResponse:
    """The rows that were not taken, as they stood, with a column saying why: mend and import it again."""
    user = _allowed(request)
    try:
        organisation_id, digest, name, problems = signing.loads(token, salt=SALT, max_age=_DAY)
    except (signing.BadSignature, ValueError) as error:
        raise Invalid(FILE_PROBLEMS["gone"]) from error
    if organisation_id != user.organisation_id or not media.path_of(digest).exists():
        raise Invalid(FILE_PROBLEMS["gone"])
    response = StreamingHttpResponse(_error_rows(digest, problems), content_type="text/csv; charset=utf-8")
    stem = name.rsplit(".", 1)[0]
    response.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=f"{stem} errors.csv") or "attachment"
    )
    return response


class _Line:
    """csv.writer writes here and we take the line."""

    def write(self, text: str) -> str:
        return text


def _error_rows(digest: str, problems: str) -> Iterator[str]:
    lines = (line.partition("\t") for line in media.get(problems).decode().splitlines())
    reasons = {int(row): sentence for row, _tab, sentence in lines}
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
