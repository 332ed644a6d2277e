"""Calls of platforms: verify, store once, answer after the commit. Understanding happens later.

Several calls that wait at the same moment are stored by one commit; each is answered for itself.
"""

from __future__ import annotations

import hmac
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import InterfaceError, OperationalError

from otklik.channels import intake, registry, services
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import RawEvent
from otklik.kernel import database
from otklik.kernel.media import DiskFull

log = logging.getLogger(__name__)

MAX_BODY = 5 * 1024 * 1024
BUSY_AGAIN = 5  # seconds after which the far end should try again
FULL_AGAIN = 60


@dataclass(frozen=True, slots=True)
class Call:
    """One POST to /hooks/KIND/PUBLIC_ID/SECRET; names of headers are in lower case."""

    kind: str
    public_id: uuid.UUID
    secret: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """`error` is empty for what is stored; `again`: seconds after which to come again, 0 = not."""

    status: int
    error: str = ""
    again: int = 0

    @property
    def content(self) -> dict[str, object]:
        return {"error": self.error} if self.error else {"ok": True}

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.again)} if self.again else {}


STORED = Answer(200)
UNKNOWN = Answer(404, "not_found")
NOT_VERIFIED = Answer(401, "not_verified")
TOO_LARGE = Answer(413, "too_large")
BROKEN = Answer(500, "internal")
BUSY = Answer(503, "busy", BUSY_AGAIN)
FULL = Answer(507, "disk_full", FULL_AGAIN)

AWAY = (OperationalError, InterfaceError)
Part = tuple[ChannelAccount, list[RawEvent]]
Event = tuple[ChannelAccount, RawEvent]


def answer(calls: Sequence[Call]) -> list[Answer]:
    """One answer a call, in their order; never raises.

    200 stored (also when known before), 401 wrong signature, 404 unknown address; 503 and 507 mean "not stored, come
    again": the database is busy or away, the disk is full. What is wrong with one call is no matter of the others.
    """
    try:
        found = _checked(calls)
    except Exception as error:
        return [_refusal(error)] * len(calls)
    stored = _stored({number: one for number, one in enumerate(found) if not isinstance(one, Answer)})
    return [one if isinstance(one, Answer) else stored[number] for number, one in enumerate(found)]


def _checked(calls: Sequence[Call]) -> list[Answer | Event]:
    """What is refused, and the events of the others."""
    wanted = {call.public_id for call in calls}
    rows = ChannelAccount.objects.filter(public_id__in=wanted, active=True)
    configured = {row.public_id: Configured(row) for row in rows}
    found = [_event(call, configured.get(call.public_id)) for call in calls]
    for one in configured.values():
        if one.refused:
            services.refused(one.account.pk, one.refused)
    return found


class Configured:
    """An account with its opened secrets, for the calls of one round."""

    def __init__(self, account: ChannelAccount) -> None:
        self.account = account
        self.refused = 0

    @cached_property
    def config(self) -> dict[str, Any]:
        return self.account.config


def _event(call: Call, known: Configured | None) -> Answer | Event:
    if known is None or known.account.kind != call.kind:
        return UNKNOWN
    if not hmac.compare_digest(known.account.path_secret.encode(), call.secret.encode("utf-8", "replace")):
        return UNKNOWN
    verify = getattr(registry.adapter(call.kind), "verify", None)
    try:
        raw = verify(known.config, call.headers, call.body) if verify else None
    except Exception as error:
        return _refusal(error)
    if raw is None:
        known.refused += 1
        return NOT_VERIFIED
    return known.account, raw


def _stored(fresh: dict[int, Event]) -> dict[int, Answer]:
    if not fresh:
        return {}
    try:
        intake.store_together(_parts(fresh.values()), begin=database.turn)
    except Exception as error:
        if len(fresh) == 1 or isinstance(error, AWAY):
            return dict.fromkeys(fresh, _refusal(error))
        # one of them cannot be stored, or is more than the disk takes: each for itself
        return {number: _stored({number: one})[number] for number, one in fresh.items()}
    return dict.fromkeys(fresh, STORED)


def _parts(fresh: Iterable[Event]) -> list[Part]:
    parts: dict[int, Part] = {}
    for account, raw in fresh:
        parts.setdefault(account.pk, (account, []))[1].append(raw)
    # in one order everywhere, so that two processes never wait for each other
    return [parts[key] for key in sorted(parts)]


def _refusal(error: Exception) -> Answer:
    if isinstance(error, DiskFull):
        return FULL
    if isinstance(error, AWAY):
        log.warning("webhooks: %s", error)
        return BUSY
    log.error("webhook", exc_info=error)
    return BROKEN
