"""One question to the endpoint and what became of it, for a text and for the test of the connection alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from otklik.analysis import ports
from otklik.analysis.opinion_models import OpinionEndpoint
from otklik.analysis.second import protocol
from otklik.analysis.second.protocol import Question, Said, Trouble
from otklik.analysis.services import spending
from otklik.kernel import clock, secrets
from otklik.kernel.redaction import redact

BREAK_AFTER = 5  # failures one after another, then the endpoint is left alone
SHORTEST, LONGEST = 300.0, 3_600.0  # seconds it is left alone
LOST = ("timeout", "cut", "too_large")  # the question arrived; what it cost nobody knows
AGAIN = ("timeout", "cut", "no_connection", "no_name")
PERSON = ("tls", "blocked")


@dataclass(frozen=True, slots=True)
class Bill:
    """What was taken from the budget for a call."""

    day: date
    tokens: int


def call(endpoint: OpinionEndpoint, question: Question) -> Said | Trouble:
    """Ask. Takes up to `endpoint.seconds`: never inside a transaction. Never raises."""
    try:
        key = str(secrets.unseal(endpoint.secret).get("key", ""))
    except secrets.KeyLost:
        return Trouble("key_lost", person=True)
    try:
        reply = ports.doors.opinion.ask(
            f"{endpoint.base_url}/chat/completions",
            headers=protocol.headers(key),
            content=question.body,
            seconds=float(endpoint.seconds),
        )
    except ports.Unreached as error:
        return Trouble(
            error.code,
            again=error.code in AGAIN,
            person=error.code in PERSON,
            paid=error.sent,
            detail=error.code,
        )
    found = protocol.judge(reply.status, reply.headers, reply.content, clock.now())
    if isinstance(found, Trouble) and found.detail:
        told = found.detail.replace(key, "…") if key else found.detail
        return Trouble(
            found.code, found.again, found.person, found.paid, found.wait, found.quirk, redact(told)
        )
    return found


def sent(outcome: Said | Trouble) -> bool:
    """Whether the endpoint has heard the question."""
    return isinstance(outcome, Said) or outcome.paid or outcome.code not in (*AGAIN, *PERSON, "key_lost")


def settle(endpoint: OpinionEndpoint, bill: Bill, outcome: Said | Trouble) -> int:
    """Correct the budget; returns the tokens that count. In the caller's transaction."""
    if isinstance(outcome, Said):
        spent = outcome.tokens if outcome.tokens is not None else bill.tokens
    else:
        spent = bill.tokens if outcome.paid else 0
    spending.change(
        endpoint.organisation_id,
        bill.day,
        requests=0 if sent(outcome) else -1,
        tokens=spent - bill.tokens,
        answered=int(isinstance(outcome, Said)),
    )
    return spent


def note(endpoint: OpinionEndpoint, outcome: Said | Trouble) -> None:
    """How the endpoint is: a success forgives everything, failures pause it. In the caller's transaction."""
    rows = OpinionEndpoint.objects.filter(pk=endpoint.pk)
    now = clock.now()
    if isinstance(outcome, Said):
        rows.update(failures=0, paused_until=None, trouble="", trouble_detail="", last_ok_at=now)
        return
    if outcome.quirk or not (outcome.again or outcome.person):
        return  # about this text, not about the endpoint
    rows.update(
        failures=F("failures") + 1,
        trouble=outcome.code,
        trouble_detail=outcome.detail[:300],
        trouble_at=now,
        paused_until=_pause(endpoint.failures + 1, outcome),
    )


def _pause(failures: int, trouble: Trouble) -> datetime | None:
    """Until when nothing is asked: an hour where a person must act, otherwise longer with every failure."""
    if trouble.person:
        return clock.after(LONGEST)
    seconds = trouble.wait
    if failures >= BREAK_AFTER:
        seconds = max(seconds, min(SHORTEST * 2.0 ** (failures - BREAK_AFTER), LONGEST))
    return clock.after(seconds) if seconds else None


def learn(endpoint: OpinionEndpoint, outcome: Said | Trouble) -> bool:
    """Leave out from now on what the endpoint has just refused; False when that brings nothing new."""
    more = outcome.quirk if isinstance(outcome, Trouble) else ""
    with transaction.atomic():
        row = OpinionEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        quirks = protocol.left_out(row.quirks, more)
        if quirks is None:
            return False
        row.quirks = quirks
        row.save(update_fields=["quirks"])
    endpoint.quirks = quirks
    return True
