"""`Idempotency-Key`: a POST sent again by a doubtful network does its work once and gets the same answer.

The key is claimed in a transaction of its own before the work; then the work and its answer are one transaction, so
a process that dies leaves a claim and no work: after `LEASE` the next attempt takes the claim over. A refused request
(4xx, 5xx) has changed nothing and gives its key back. Answers lie encrypted: some hold a secret that is shown once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from otklik.accounts.principals import User
from otklik.kernel import clock, secrets
from otklik.kernel.errors import Conflict, Invalid
from otklik.kernel.models import Idempotency
from otklik.web.api import auth

HEADER = "idempotency-key"
KEPT = 86400.0  # seconds
LEASE = 120.0  # seconds after which a claim without an answer is taken for dead
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


class InFlight(Conflict):
    code = "idempotency_in_flight"
    text = _("The same request is being worked right now. Ask again in a moment for its answer.")


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    text = _("This Idempotency-Key was used for another request. Make a new key for every request.")


class BadKey(Invalid):
    code = "idempotency_key_bad"
    text = _("An Idempotency-Key is 1 to 128 printable characters without spaces; a UUID fits well.")


Work = Callable[[], HttpResponseBase]


def whole(work: Work) -> HttpResponseBase:
    """All of the work, or, when it was refused in the middle, nothing of it."""
    with transaction.atomic():
        response = work()
        if response.status_code >= 400:  # noqa: PLR2004
            transaction.set_rollback(True)
    return response


def once(request: HttpRequest, who: User, work: Work, *, within: bool) -> HttpResponseBase:
    """Work, or the answer it had before. Raises InFlight, KeyReused, BadKey."""
    given = request.headers.get(HEADER)
    if given is None:
        return whole(work) if within else work()
    if not _KEY.fullmatch(given):
        raise BadKey
    claim = _claim(who.organisation_id, f"{auth.name_of(who)}:{given}", fingerprint(request))
    if claim.status is not None:
        return _again(claim)
    try:
        return _within(claim, work) if within else _outside(claim, work)
    except BaseException:
        _release(claim)
        raise


def fingerprint(request: HttpRequest) -> str:
    """Tells one request from another: method, address, type and body. A multipart boundary is new every time."""
    sent = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        for name in sorted(request.POST):
            sent.update(repr((name, request.POST.getlist(name))).encode("utf-8", "replace"))
        for name in sorted(request.FILES):
            for file in request.FILES.getlist(name):
                sent.update(repr((name, file.name)).encode("utf-8", "replace"))
                for part in file.chunks():
                    sent.update(part)
                file.seek(0)
    else:
        sent.update(request.body)
    return sent.hexdigest()


def _claim(organisation_id: int, key: str, sent: str) -> Idempotency:
    """The row of this key: ours to work on (status None), or with the stored answer."""
    now = clock.now()
    try:
        with transaction.atomic():
            return Idempotency.objects.create(
                organisation_id=organisation_id, key=key, fingerprint=sent, created_at=now
            )
    except IntegrityError:
        row = Idempotency.objects.filter(organisation_id=organisation_id, key=key).first()
    if row is None:  # released in this moment
        raise InFlight
    if row.created_at < clock.ago(KEPT):
        return _take_over(row, sent, now)
    if row.fingerprint != sent:
        raise KeyReused
    if row.status is None and row.created_at < clock.ago(LEASE):
        return _take_over(row, sent, now)
    if row.status is None:
        raise InFlight
    return row


def _take_over(row: Idempotency, sent: str, now: datetime) -> Idempotency:
    won = Idempotency.objects.filter(pk=row.pk, created_at=row.created_at).update(
        created_at=now, fingerprint=sent, status=None, body=None
    )
    if not won:
        raise InFlight
    row.created_at, row.fingerprint, row.status, row.body = now, sent, None, None
    return row


def _within(claim: Idempotency, work: Work) -> HttpResponseBase:
    def kept() -> HttpResponseBase:
        response = work()
        if response.status_code < 400 and not _keep(claim, response):  # noqa: PLR2004
            raise InFlight  # somebody took the claim over: their work stands, ours is rolled back
        return response

    response = whole(kept)
    if response.status_code >= 400:  # noqa: PLR2004
        _release(claim)
    return response


def _outside(claim: Idempotency, work: Work) -> HttpResponseBase:
    response = work()
    if response.status_code >= 400:  # noqa: PLR2004
        _release(claim)
    else:
        _keep(claim, response)
    return response


def _mine(claim: Idempotency) -> QuerySet[Idempotency]:
    return Idempotency.objects.filter(pk=claim.pk, created_at=claim.created_at, status=None)


def _keep(claim: Idempotency, response: HttpResponseBase) -> bool:
    content = response.content.decode() if isinstance(response, HttpResponse) else ""
    body = {"sealed": secrets.seal({"content": content})} if content else None
    return bool(_mine(claim).update(status=response.status_code, body=body))


def _release(claim: Idempotency) -> None:
    _mine(claim).delete()


def _again(row: Idempotency) -> HttpResponse:
    content = b"" if row.body is None else str(secrets.unseal(row.body["sealed"])["content"]).encode()
    response = HttpResponse(content, status=row.status, content_type="application/json; charset=utf-8")
    response["Idempotent-Replayed"] = "true"
    return response


def forget(limit: int = 5000) -> int:
    """Periodic: answers older than a day."""
    old = Idempotency.objects.filter(created_at__lt=clock.ago(KEPT)).values_list("pk", flat=True)[:limit]
    deleted, _rows = Idempotency.objects.filter(pk__in=list(old)).delete()
    return deleted
