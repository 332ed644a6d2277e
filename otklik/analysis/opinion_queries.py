"""Reads of second opinions: the endpoint of an organisation, what it cost, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum

from otklik.accounts import queries as accounts
from otklik.analysis import opinion_words
from otklik.analysis.opinion_models import Opinion, OpinionEndpoint, OpinionSpent
from otklik.kernel import clock

NEWEST = 10


@dataclass(frozen=True, slots=True)
class Used:
    """Calls and tokens of today and of this month, in the organisation's time zone."""

    day_requests: int
    day_tokens: int
    month_requests: int
    month_tokens: int
    month_answered: int


@dataclass(frozen=True, slots=True)
class Failure:
    """One text that got no answer."""

    at: datetime
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class State:
    """How the second opinion of an organisation is."""

    endpoint: OpinionEndpoint | None
    used: Used
    waiting: int
    answered: int
    failed: int
    skipped: int
    failures: tuple[Failure, ...]

    @property
    def paused(self) -> bool:
        until = self.endpoint.paused_until if self.endpoint else None
        return until is not None and until > clock.now()

    @property
    def trouble(self) -> str:
        """What is wrong with the endpoint now, in a sentence; "" when nothing is."""
        one = self.endpoint
        return (
            opinion_words.sentence(one.trouble, one.trouble_detail, one.seconds)
            if one and one.trouble
            else ""
        )


def today(organisation_id: int) -> date:
    return clock.now().astimezone(ZoneInfo(accounts.organisation(organisation_id).time_zone)).date()


def used(organisation_id: int, day: date) -> Used:
    rows = OpinionSpent.objects.filter(
        organisation_id=organisation_id, day__gte=day.replace(day=1), day__lte=day
    )
    found = rows.aggregate(
        month_requests=Sum("requests"),
        month_tokens=Sum("tokens"),
        month_answered=Sum("answered"),
        day_requests=Sum("requests", filter=Q(day=day)),
        day_tokens=Sum("tokens", filter=Q(day=day)),
    )
    return Used(**{name: int(value or 0) for name, value in found.items()})


def endpoint(organisation_id: int) -> OpinionEndpoint | None:
    return OpinionEndpoint.objects.filter(organisation_id=organisation_id).first()


def state(organisation_id: int) -> State:
    """Everything the page shows, in five queries."""
    one = endpoint(organisation_id)
    rows = Opinion.objects.filter(organisation_id=organisation_id)
    since = clock.ago(30 * 86_400.0)
    ended = dict(rows.filter(ended_at__gte=since).order_by().values_list("state").annotate(count=Count("id")))
    seconds = one.seconds if one else 0
    failed = rows.filter(state=Opinion.State.FAILED).order_by("-ended_at")[:NEWEST]
    return State(
        endpoint=one,
        used=used(organisation_id, today(organisation_id)),
        waiting=rows.filter(state__in=(Opinion.State.WAITING, Opinion.State.ASKING)).count(),
        answered=ended.get(Opinion.State.ANSWERED, 0),
        failed=ended.get(Opinion.State.FAILED, 0),
        skipped=ended.get(Opinion.State.SKIPPED, 0),
        failures=tuple(
            Failure(
                row.ended_at or row.created_at,
                row.trouble,
                opinion_words.sentence(row.trouble, row.trouble_detail, seconds),
            )
            for row in failed
        ),
    )
