"""The second opinion over the API: everything its page of the settings does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Router, Schema
from pydantic import Field

from otklik.analysis import opinion_queries
from otklik.analysis.services import opinion
from otklik.analysis.services.opinion import LIMITS, MOST, SECONDS, Settings, Tested
from otklik.kernel.errors import NotFound
from otklik.kernel.rest import Call, Given, operation

router = Router(tags=["Analysis"])
RIGHT = opinion.RIGHT
AskedField = Literal["tone", "intent", "cause", "expects_reply", "severity", "abuse", "rumour"]
Limit = Annotated[int, Field(ge=0, le=MOST, description="0: nothing may be spent")]
KEPT = ("base_url", "model", "which", "fields", "seconds", *LIMITS)


class OpinionUsed(Schema):
    """Calls and tokens of today and this month, in the organisation's time zone; reserved and lost ones count."""

    day_requests: int
    day_tokens: int
    month_requests: int
    month_tokens: int


class OpinionFailureOut(Schema):
    at: datetime
    code: str
    message: str


class OpinionOut(Schema):
    """`key_set`: the key itself is never given. `paused_until`: nothing is asked before. Counts are of 30 days."""

    active: bool
    base_url: str
    model: str
    key_set: bool
    which: Literal["unsure", "all"]
    fields: list[str]
    seconds: int
    day_requests: int
    day_tokens: int
    month_requests: int
    month_tokens: int
    used: OpinionUsed
    trouble: str
    trouble_message: str
    paused_until: datetime | None
    last_ok_at: datetime | None
    waiting: int
    answered: int
    failed: int
    skipped: int
    failures: list[OpinionFailureOut]


class OpinionChange(Given):
    """What is not sent stays. `key`: null or not sent keeps the stored one, empty means that none is wanted."""

    base_url: str | None = Field(None, min_length=1, max_length=opinion.LONGEST_URL)
    model: str | None = Field(None, min_length=1, max_length=opinion.LONGEST_MODEL)
    key: str | None = Field(None, max_length=opinion.LONGEST_KEY)
    which: Literal["unsure", "all"] | None = None
    fields: list[AskedField] | None = Field(None, min_length=1, max_length=len(opinion.FIELDS))
    seconds: int | None = Field(None, ge=SECONDS[0], le=SECONDS[1])
    day_requests: Limit | None = None
    day_tokens: Limit | None = None
    month_requests: Limit | None = None
    month_tokens: Limit | None = None


class OpinionSwitch(Given):
    active: bool


class OpinionTestOut(Schema):
    """`message`: one sentence of what is wrong and what to do; empty when nothing is."""

    ok: bool
    code: str
    message: str
    seconds: float
    tokens: int


class MaskIn(Given):
    text: str = Field(max_length=4_000)


class MaskOut(Schema):
    text: str


def _shown(organisation_id: int) -> dict[str, Any]:
    state = opinion_queries.state(organisation_id)
    row = state.endpoint
    given: Any = row or Settings(base_url="", model="")
    return {
        **{name: getattr(given, name) for name in KEPT},
        "active": bool(row and row.active),
        "key_set": bool(row and row.secret),
        "used": state.used,
        "trouble": row.trouble if row else "",
        "trouble_message": state.trouble,
        "paused_until": row.paused_until if row and state.paused else None,
        "last_ok_at": row.last_ok_at if row else None,
        **{name: getattr(state, name) for name in ("waiting", "answered", "failed", "skipped")},
        "failures": [{"at": one.at, "code": one.code, "message": one.sentence} for one in state.failures],
    }


@operation(router, "GET", "/analysis/opinion", right=RIGHT, answer=OpinionOut)
def get_second_opinion(request: Call) -> dict[str, Any]:
    """The endpoint of the second opinion, its budget and what went wrong.

    Before it is set up the address is empty and the limits are what is suggested.
    """
    return _shown(request.auth.organisation_id)


@operation(
    router,
    "PATCH",
    "/analysis/opinion",
    right=RIGHT,
    answer=OpinionOut,
    within=False,
    example={"base_url": "https://llm.example.ru/v1", "model": "small-model", "key": "sk-…"},
)
def change_second_opinion(request: Call, data: OpinionChange) -> dict[str, Any]:
    """Set up or change the endpoint. It stays off until it is switched on.

    Another server needs its own key: a stored one is never sent to a new address. A private address must stand in
    TRUSTED_PRIVATE_HOSTS.
    """
    row = opinion_queries.endpoint(request.auth.organisation_id)
    known = (
        Settings(**{name: getattr(row, name) for name in KEPT}) if row else Settings(base_url="", model="")
    )
    opinion.save(replace(known, **data.dict(exclude_none=True)), by=request.auth)
    return _shown(request.auth.organisation_id)


@operation(
    router, "POST", "/analysis/opinion/switch", right=RIGHT, answer=OpinionOut, example={"active": True}
)
def switch_second_opinion(request: Call, data: OpinionSwitch) -> dict[str, Any]:
    """On or off. On needs all four limits."""
    opinion.switch(on=data.active, by=request.auth)
    return _shown(request.auth.organisation_id)


@operation(router, "POST", "/analysis/opinion/test", right=RIGHT, answer=OpinionTestOut, within=False)
def test_second_opinion(request: Call) -> Tested:
    """Ask about an invented text now. It costs what a question costs."""
    return opinion.test(by=request.auth)


@operation(router, "POST", "/analysis/opinion/masked", right=RIGHT, answer=MaskOut)
def mask_for_second_opinion(request: Call, data: MaskIn) -> dict[str, str]:
    """A text as it would leave the house. Nothing is sent."""
    return {"text": opinion.masked(data.text)}


@operation(router, "DELETE", "/analysis/opinion/key", right=RIGHT, answer=OpinionOut)
def delete_second_opinion_key(request: Call) -> dict[str, Any]:
    """Forget the key and switch off."""
    if opinion_queries.endpoint(request.auth.organisation_id) is None:
        raise NotFound
    opinion.delete_key(by=request.auth)
    return _shown(request.auth.organisation_id)
