"""What the tests of second opinions share: the clock, the queue, what was read, what was spent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import time_machine

from otklik.analysis import queries
from otklik.analysis.models import Reading
from otklik.analysis.opinion_models import OpinionSpent
from otklik.kernel import clock, outbox

TEXT = "Здравствуйте, это Анна Белова, телефон 8 916 123-45-67. Ну вот, опять я здесь, как обычно."


def work() -> None:
    """Everything that is due in the background."""
    outbox.drain()


def later(seconds: float) -> Any:
    return time_machine.travel(clock.now() + timedelta(seconds=seconds), tick=True)


def reading_of(talk) -> Reading:
    return queries.of("message", [talk.last_inbound_id])[talk.last_inbound_id]


def spent() -> tuple[int, int]:
    row = OpinionSpent.objects.first()
    return (row.requests, row.tokens) if row else (0, 0)
