"""What the tests of outgoing webhooks share: something happens, it is followed, it is sent, time goes by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from otklik.kernel import clock, events, outbox
from otklik.web.webhooks import tail
from tests.api.stream import visible


def happen(organisation_id: int, topic: str = "message.created", **data: Any) -> None:
    with transaction.atomic():
        events.publish(topic, organisation_id, **data)


def follow() -> int:
    visible()
    return tail.follow()


def send() -> None:
    follow()
    outbox.drain()


def later(seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)
