"""The one door in front of every operation: who, how often, with which right, readable, once."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponseBase
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from ninja import Router
from ninja.parser import Parser

from otklik.accounts import policy
from otklik.kernel.errors import Invalid, OtklikError
from otklik.kernel.rest import ANYBODY, operations_of
from otklik.web.api import auth, errors, idempotency, limits

Run = Callable[..., HttpResponseBase]


def guard(router: Router) -> Router:
    """Put the door before every operation of a router; an operation without a right stops the start."""
    for one in operations_of(router):
        extra = one.openapi_extra or {}
        if extra.get("x-right") != ANYBODY and extra.get("x-right") not in policy.RIGHTS:
            raise LookupError(
                f"{one.operation_id or one.path}: declare it with kernel.rest.operation and a known right"
            )
        through = functools.partial(
            _through, right=extra["x-right"], within=extra["x-within"], once="POST" in one.methods
        )
        one.run = through(one.run)
        one._run_decorators = [through]  # noqa: SLF001 ninja binds a clone, which applies these again
    return router


def _through(run: Run, *, right: str, within: bool, once: bool) -> Run:
    @functools.wraps(run)
    def inner(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        auth.speak(request)
        try:
            who = auth.enter(request)
            limits.take(auth.name_of(who), rate=limits.RATE, burst=limits.BURST)
            if right != ANYBODY:
                policy.require(who, right)
            require_readable(request)
            if once:
                return idempotency.once(request, who, lambda: run(request, **kwargs), within=within)
            if within and request.method not in ("GET", "HEAD"):
                return idempotency.whole(lambda: run(request, **kwargs))
        except OtklikError as error:
            return errors.answer(request, error)
        except Exception as error:
            return errors.unknown(request, error)
        return run(request, **kwargs)

    return inner


def require_readable(request: HttpRequest) -> None:
    """Raises BadRequest, TooLarge, Invalid for what no database can hold: zero characters, halves of characters."""
    try:
        if request.content_type == "multipart/form-data":
            texts: list[Any] = [dict(request.POST.lists())]
        else:
            request.json = _json(request) if request.body else None  # type: ignore[attr-defined]
            texts = [getattr(request, "json", None)]
    except RequestDataTooBig as error:
        raise errors.TooLarge from error
    except (UnreadablePostError, SuspiciousOperation) as error:
        raise errors.BadRequest(reason=_("it broke off")) from error
    for value in [*texts, dict(request.GET.lists())]:
        _require_storable(value)


def _json(request: HttpRequest) -> Any:
    def refuse(name: str) -> float:
        raise ValueError(name)

    try:
        return json.loads(request.body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise errors.BadRequest(reason=_("the body is not JSON")) from error


def _require_storable(value: Any) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and ("\x00" in one or not _encodes(one)):
            raise Invalid(
                _("The text has characters that cannot be stored: a zero character or half of a pair.")
            )
        elif isinstance(one, float) and not math.isfinite(one):
            raise Invalid(_("A number is too large."))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class OnceParser(Parser):
    """The body was read at the door."""

    def parse_body(self, request: HttpRequest) -> Any:
        return getattr(request, "json", None)
