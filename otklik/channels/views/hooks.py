"""The webhook door: verify, store once, answer after the commit. Understanding happens later."""

from __future__ import annotations

import hmac
import logging
import uuid

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from otklik.channels import intake, registry, services
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import RawEvent
from otklik.kernel.media import DiskFull

log = logging.getLogger(__name__)

MAX_BODY = 5 * 1024 * 1024
BUSY = 5  # seconds after which the far end should try again


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, kind: str, public_id: uuid.UUID, secret: str) -> HttpResponse:
    """200 stored (also when known before), 401 wrong signature, 404 unknown address, 413 too large.

    503 and 507 mean "not stored, come again": the database is busy, the disk is full.
    """
    account = ChannelAccount.objects.filter(public_id=public_id, kind=kind, active=True).first()
    if account is None or not hmac.compare_digest(account.path_secret.encode(), secret.encode()):
        return _refuse("not_found", 404)
    body = _body(request)
    if body is None:
        return _refuse("too_large", 413)
    try:
        raw = _verified(account, request, body)
        if raw is None:
            services.refused(account.pk)
            return _refuse("not_verified", 401)
        intake.store(account, [raw])
    except DiskFull:
        return _refuse("disk_full", 507, retry_after=60)
    except OperationalError as error:
        log.warning("webhook of channel %s: %s", account.pk, error)
        return _refuse("busy", 503, retry_after=BUSY)
    return JsonResponse({"ok": True})


def _refuse(code: str, status: int, *, retry_after: int = 0) -> JsonResponse:
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return JsonResponse({"error": code}, status=status, headers=headers)


def _body(request: HttpRequest) -> bytes | None:
    """The body, or None when it is larger than MAX_BODY; a larger one is never held in memory."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > MAX_BODY:
        return None
    try:
        body = request.read(MAX_BODY + 1)
    except (UnreadablePostError, RawPostDataException):
        return b""
    return body if len(body) <= MAX_BODY else None


def _verified(account: ChannelAccount, request: HttpRequest, body: bytes) -> RawEvent | None:
    verify = getattr(registry.adapter(account.kind), "verify", None)
    headers = {name.lower(): value for name, value in request.headers.items()}
    found: RawEvent | None = verify(account.config, headers, body) if verify else None
    return found
