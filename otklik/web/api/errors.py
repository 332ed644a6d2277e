"""One shape for everything that goes wrong: {"error": {"code", "message", "data"}}, never a traceback."""

from __future__ import annotations

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from otklik.kernel import secrets
from otklik.kernel.errors import Invalid, NotFound, OtklikError

log = logging.getLogger(__name__)


class BadRequest(OtklikError):
    """The request cannot be read at all."""

    code = "bad_request"
    status = 400
    text = gettext_lazy("The request cannot be read: %(reason)s.")


class TooLarge(OtklikError):
    code = "too_large"
    status = 413
    text = gettext_lazy("The request is larger than this server takes.")


class Unknown(OtklikError):
    """A fault of ours. The number leads to the log."""

    code = "internal"
    status = 500
    text = gettext_lazy("Something went wrong on our side. Try again; number for support: %(reference)s.")


class InvalidRequest(Invalid):
    """`errors`: [{"field", "message"}], the message of the whole is the first of them."""

    code = "invalid_request"


def answer(request: HttpRequest, error: OtklikError) -> HttpResponse:
    """The error as it is sent."""
    body = {"code": error.code, "message": error.sentence, "data": _plain(error.data)}
    response = JsonResponse({"error": body}, status=error.status, json_dumps_params={"ensure_ascii": False})
    if error.status == 401:  # noqa: PLR2004
        response["WWW-Authenticate"] = 'Bearer realm="otklik"'
    if "retry_after" in error.data:
        response["Retry-After"] = str(error.data["retry_after"])
    return response


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, Promise):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def register(api: NinjaAPI) -> None:
    """Every exception of an operation becomes an answer here."""
    for kind in (OtklikError, Http404, ValidationError, HttpError, Exception):
        api.add_exception_handler(kind, handle)


def handle(request: HttpRequest, error: Any) -> HttpResponse:
    """Whatever an operation raised, as one answer."""
    if isinstance(error, OtklikError):
        return answer(request, error)
    if isinstance(error, Http404):
        return answer(request, NotFound())
    if isinstance(error, ValidationError):
        return answer(request, invalid(error.errors))
    if isinstance(error, HttpError):
        return answer(request, _of_framework(error))
    return unknown(request, error)


def unknown(request: HttpRequest, error: Exception) -> HttpResponse:
    reference = secrets.new_token(6)
    log.error("api %s %s failed (%s)", request.method, request.path, reference, exc_info=error)
    return answer(request, Unknown(reference=reference))


def _of_framework(error: HttpError) -> OtklikError:
    if error.status_code == 403:  # noqa: PLR2004
        refused = OtklikError(_("The page is too old or was opened elsewhere. Reload it."), code="csrf")
        refused.status = 403
        return refused
    found = BadRequest(reason=str(error))
    found.status = error.status_code
    return found


def invalid(problems: list[dict[str, Any]]) -> InvalidRequest:
    """What pydantic found, as sentences that name the field."""
    found = [{"field": _field(one), "message": _sentence(one)} for one in problems]
    text = "%%".join((found[0]["message"] if found else str(Invalid.text)).split("%"))
    return InvalidRequest(text, errors=found, field=found[0]["field"] if found else "")


def _field(problem: dict[str, Any]) -> str:
    loc = [str(part) for part in problem.get("loc", ())]
    named = loc[:2] == ["body", "data"] and len(loc) > 2  # noqa: PLR2004 source, parameter, field
    return ".".join(loc[2:] if named else loc[1:]) or "body"


def _sentence(problem: dict[str, Any]) -> str:
    kind, ctx = str(problem.get("type", "")), dict(problem.get("ctx") or {})
    words: dict[str, Any] = {**ctx, "field": _field(problem)}
    for names, text in _SENTENCES:
        if kind in names:
            try:
                return str(text) % words
            except KeyError:
                break
    return _("Field “%(field)s”: %(reason)s.") % {"field": words["field"], "reason": problem.get("msg", kind)}


_SENTENCES: tuple[tuple[frozenset[str], Any], ...] = (
    (frozenset({"missing"}), gettext_lazy("Field “%(field)s” is missing.")),
    (
        frozenset({"extra_forbidden"}),
        gettext_lazy("Field “%(field)s” is not known here. Check how it is spelled."),
    ),
    (frozenset({"string_type"}), gettext_lazy("Field “%(field)s” must be a text.")),
    (
        frozenset({"string_too_long"}),
        gettext_lazy("Field “%(field)s” may have at most %(max_length)s characters."),
    ),
    (
        frozenset({"string_too_short"}),
        gettext_lazy("Field “%(field)s” needs at least %(min_length)s characters."),
    ),
    (
        frozenset({"int_type", "int_parsing", "int_from_float", "int_parsing_size"}),
        gettext_lazy("Field “%(field)s” must be a whole number."),
    ),
    (frozenset({"bool_type", "bool_parsing"}), gettext_lazy("Field “%(field)s” must be true or false.")),
    (frozenset({"greater_than_equal"}), gettext_lazy("Field “%(field)s” must be at least %(ge)s.")),
    (frozenset({"less_than_equal"}), gettext_lazy("Field “%(field)s” must be at most %(le)s.")),
    (frozenset({"literal_error", "enum"}), gettext_lazy("Field “%(field)s” must be one of: %(expected)s.")),
    (
        frozenset(
            {
                "datetime_type",
                "datetime_parsing",
                "datetime_from_date_parsing",
                "timezone_aware",
                "date_parsing",
                "date_from_datetime_parsing",
                "datetime_object_invalid",
                "date_from_datetime_inexact",
                "date_type",
            }
        ),
        gettext_lazy(
            "Field “%(field)s” must be a moment with a zone, as 2026-11-22T14:00:00+03:00, or a day, as 2026-11-22."
        ),
    ),
    (frozenset({"list_type"}), gettext_lazy("Field “%(field)s” must be a list.")),
    (frozenset({"too_long"}), gettext_lazy("Field “%(field)s” may have at most %(max_length)s entries.")),
    (frozenset({"too_short"}), gettext_lazy("Field “%(field)s” needs at least %(min_length)s entries.")),
    (
        frozenset({"dict_type", "model_type", "model_attributes_type"}),
        gettext_lazy("Field “%(field)s” must be an object."),
    ),
)
