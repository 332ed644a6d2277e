"""The budget of second opinions: taken before a call, given back when nothing was spent. A hard stop.

What a call may cost at most is reserved first; the answer's own price replaces it. An answer that never came keeps its
reservation: nobody knows what it cost.
"""

from __future__ import annotations

from datetime import date

from django.db.models import F

from otklik.analysis.opinion_models import OpinionEndpoint, OpinionSpent
from otklik.analysis.opinion_queries import today, used


def room(endpoint: OpinionEndpoint, day: date, tokens: int) -> bool:
    """Whether one more call of so many tokens stays within all four limits."""
    now = used(endpoint.organisation_id, day)
    return (
        now.day_requests < endpoint.day_requests
        and now.month_requests < endpoint.month_requests
        and now.day_tokens + tokens <= endpoint.day_tokens
        and now.month_tokens + tokens <= endpoint.month_tokens
    )


def reserve(endpoint: OpinionEndpoint, tokens: int) -> date | None:
    """Take one call from the budget; None when it is used up. The caller holds the lock of `endpoint`."""
    day = today(endpoint.organisation_id)
    if not room(endpoint, day, tokens):
        return None
    OpinionSpent.objects.get_or_create(organisation_id=endpoint.organisation_id, day=day)
    change(endpoint.organisation_id, day, requests=1, tokens=tokens)
    return day


def change(organisation_id: int, day: date, *, requests: int = 0, tokens: int = 0, answered: int = 0) -> None:
    """Correct what was reserved."""
    OpinionSpent.objects.filter(organisation_id=organisation_id, day=day).update(
        requests=F("requests") + requests, tokens=F("tokens") + tokens, answered=F("answered") + answered
    )
