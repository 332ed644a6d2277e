"""The webhook door: verify, store once, answer after the commit. Understanding happens later."""

from __future__ import annotations

import hmac
import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from otklik.channels import intake, registry
from otklik.channels.models import ChannelAccount

MAX_BODY = 5 * 1024 * 1024


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, kind: str, public_id: uuid.UUID, secret: str) -> HttpResponse:
    """200 stored (also when known before), 401 wrong signature, 404 unknown address, 413 too large."""
    account = ChannelAccount.objects.filter(public_id=public_id, kind=kind, active=True).first()
    if account is None or not hmac.compare_digest(account.path_secret, secret):
        return JsonResponse({"error": "not_found"}, status=404)
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        return JsonResponse({"error": "too_large"}, status=413)
    verify = getattr(registry.adapter(kind), "verify", None)
    headers = {name.lower(): value for name, value in request.headers.items()}
    raw = verify(account.config, headers, request.body) if verify else None
    if raw is None:
        return JsonResponse({"error": "not_verified"}, status=401)
    intake.store(account, [raw])
    return JsonResponse({"ok": True})
