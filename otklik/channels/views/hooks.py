"""The webhook door for servers that call Django alone; under uvicorn `channels/door/front.py` answers first."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from otklik.channels.door import calls


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, kind: str, public_id: uuid.UUID, secret: str) -> HttpResponse:
    """Answers as `calls.answer` says; 413 when the body is too large."""
    body = _body(request)
    if body is None:
        return _response(calls.TOO_LARGE)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return _response(calls.answer([calls.Call(kind, public_id, secret, headers, body)])[0])


def _response(answer: calls.Answer) -> JsonResponse:
    return JsonResponse(answer.content, status=answer.status, headers=answer.headers)


def _body(request: HttpRequest) -> bytes | None:
    """The body, or None when it is larger than MAX_BODY; a larger one is never held in memory."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > calls.MAX_BODY:
        return None
    try:
        body = request.read(calls.MAX_BODY + 1)
    except (UnreadablePostError, RawPostDataException):
        return b""
    return body if len(body) <= calls.MAX_BODY else None
