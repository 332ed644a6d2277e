"""What every view of the inbox needs: who asks, and how an action answers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from otklik.accounts.principals import User
from otklik.kernel.errors import OtklikError

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of a signed-in member of staff."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[StaffRequest, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def staff(view: View[P]) -> Door[P]:
    """Names what the middleware has made sure of: nobody comes here without being signed in."""

    @functools.wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(cast(StaffRequest, request), *args, **kwargs)

    return inner


def reads(view: View[P]) -> Door[P]:
    return require_GET(staff(view))


def writes(view: View[P]) -> Door[P]:
    return require_POST(staff(view))


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def speaks_json(view: View[P]) -> View[P]:
    """A refusal answers as data when the caller asked for data, so that the screen keeps what was typed."""

    @functools.wraps(view)
    def inner(request: StaffRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except OtklikError as error:
            if not wants_json(request):
                raise
            return JsonResponse(
                {"error": {"code": error.code, "message": error.sentence}}, status=error.status
            )

    return inner


def reason_of(request: HttpRequest) -> str:
    """Why an answer does otherwise than the customer asked: a code of the choice, or own words."""
    chosen = request.POST.get("reason", "")
    return request.POST.get("reason_own", "") if chosen == "own" else chosen


def undo_of(url_name: str, *args: object, **values: Any) -> dict[str, Any]:
    """How to take an action back: an address and the fields to post."""
    return {
        "url": reverse(url_name, args=args),
        "values": {k: "" if v is None else v for k, v in values.items()},
    }


def done(
    request: StaffRequest,
    conversation_id: int,
    text: str,
    *,
    undo: dict[str, Any] | None = None,
    go: str = "",
    **more: Any,
) -> HttpResponse:
    """An action worked: the screen shows `text`, offers the undo and refetches what changed. `go` opens an address."""
    if not request.htmx and not wants_json(request):
        return redirect(go or reverse("inbox-thread", args=[conversation_id]))
    detail = {"id": conversation_id, "text": text, "undo": undo, "go": go, **more}
    if wants_json(request):
        return JsonResponse(detail)
    return trigger_client_event(HttpResponse(status=204), "otklik:done", detail)
