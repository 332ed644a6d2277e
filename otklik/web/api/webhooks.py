"""Outgoing webhooks over the API: everything the screen does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router, Schema
from pydantic import Field

from otklik.kernel.rest import Call, Done, Given, Id, Moment, Page, Window, cut, operation
from otklik.web.models import WebhookDelivery, WebhookSubscription
from otklik.web.webhooks import services, subscriptions
from otklik.web.webhooks.topics import TOPICS

router = Router(tags=["Webhooks"])
RIGHT = subscriptions.RIGHT
Topic = Annotated[str, Field(max_length=64)]
Topics = Annotated[list[Topic], Field(max_length=50, description="empty: all")]


class WebhookOut(Schema):
    """`off_reason`: person, failing (five days without success) or gone (the receiver answered 410)."""

    id: int
    name: str
    url: str
    topics: list[str]
    active: bool
    off_reason: str
    failing_since: datetime | None
    last_ok_at: datetime | None
    old_secret_until: datetime | None
    created_at: datetime


class WebhookSecretOut(WebhookOut):
    """The secret is given once."""

    secret: str


class WebhookIn(Given):
    url: str = Field(min_length=1, max_length=500)
    name: str = Field("", max_length=100)
    topics: Topics = []


class WebhookChange(Given):
    url: str | None = Field(None, min_length=1, max_length=500)
    name: str | None = Field(None, max_length=100)
    topics: Topics | None = None
    active: bool | None = None


class WebhookAttemptOut(Schema):
    started_at: datetime
    ended_at: datetime | None
    status: int | None
    duration_ms: int | None
    excerpt: str
    error: str


class WebhookDeliveryOut(Schema):
    """`message_id` is sent as `webhook-id` and stays the same over all attempts and replays."""

    id: int
    message_id: str
    topic: str
    state: str
    attempts: int
    due_at: datetime
    happened_at: datetime
    finished_at: datetime | None
    tries: list[WebhookAttemptOut]

    @staticmethod
    def resolve_tries(one: WebhookDelivery) -> Any:
        return sorted(one.tries.all(), key=lambda attempt: attempt.pk)


class ReplayIn(Given):
    """`all`: also what was delivered. Without it only what was missed or failed."""

    since: Moment
    until: Moment
    all: bool = False


class PlannedOut(Schema):
    planned: int


class TopicsOut(Schema):
    topics: dict[str, str]


def _with_secret(found: tuple[WebhookSubscription, str]) -> WebhookSecretOut:
    return WebhookSecretOut(**WebhookOut.from_orm(found[0]).dict(), secret=found[1])


@operation(router, "GET", "/webhooks/topics", right=RIGHT, answer=TopicsOut)
def list_webhook_topics(request: Call) -> dict[str, Any]:
    """What can be told."""
    return {"topics": {name: str(words) for name, words in TOPICS.items()}}


@operation(router, "GET", "/webhooks", right=RIGHT, answer=list[WebhookOut])
def list_webhooks(request: Call) -> Any:
    """Addresses that are told."""
    return subscriptions.listed(request.auth.organisation_id)


@operation(
    router,
    "POST",
    "/webhooks",
    right=RIGHT,
    answer=WebhookSecretOut,
    status=201,
    within=False,
    example={"url": "https://crm.example.ru/otklik", "topics": ["message.created"]},
)
def create_webhook(request: Call, data: WebhookIn) -> WebhookSecretOut:
    """Tell an address what happens from now on. The secret is given once."""
    made = subscriptions.create(name=data.name, url=data.url, topics=data.topics, by=request.auth)
    return _with_secret(made)


@operation(router, "GET", "/webhooks/{webhook_id}", right=RIGHT, answer=WebhookOut)
def get_webhook(request: Call, webhook_id: Id) -> WebhookSubscription:
    """One address."""
    return subscriptions.get(request.auth.organisation_id, webhook_id)


@operation(
    router,
    "PATCH",
    "/webhooks/{webhook_id}",
    right=RIGHT,
    answer=WebhookOut,
    within=False,
    example={"active": True},
)
def change_webhook(request: Call, webhook_id: Id, data: WebhookChange) -> WebhookSubscription:
    """Another address or choice of topics, off and on."""
    if data.url is not None or data.name is not None or data.topics is not None:
        subscriptions.change(webhook_id, by=request.auth, url=data.url, name=data.name, topics=data.topics)
    if data.active is not None:
        subscriptions.switch(webhook_id, on=data.active, by=request.auth)
    return subscriptions.get(request.auth.organisation_id, webhook_id)


@operation(router, "DELETE", "/webhooks/{webhook_id}", right=RIGHT, answer=Done)
def delete_webhook(request: Call, webhook_id: Id) -> Done:
    """No longer tell this address."""
    subscriptions.delete(webhook_id, by=request.auth)
    return Done()


@operation(router, "POST", "/webhooks/{webhook_id}/rotate", right=RIGHT, answer=WebhookSecretOut)
def rotate_webhook_secret(request: Call, webhook_id: Id) -> WebhookSecretOut:
    """A new secret. For a day both sign."""
    return _with_secret(subscriptions.rotate(webhook_id, by=request.auth))


@operation(router, "POST", "/webhooks/{webhook_id}/test", right=RIGHT, answer=WebhookDeliveryOut, status=202)
def test_webhook(request: Call, webhook_id: Id) -> WebhookDelivery:
    """Send a test event. How it went stands in the log."""
    return services.send_test(webhook_id, by=request.auth)


@operation(router, "GET", "/webhooks/{webhook_id}/deliveries", right=RIGHT, answer=Page[WebhookDeliveryOut])
def list_webhook_deliveries(request: Call, webhook_id: Id, window: Query[Window]) -> Any:
    """The log, newest first."""
    one = subscriptions.get(request.auth.organisation_id, webhook_id)
    items, following = cut(services.deliveries(one), ("-id",), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


@operation(
    router,
    "POST",
    "/webhook-deliveries/{delivery_id}/replay",
    right=RIGHT,
    answer=WebhookDeliveryOut,
    status=202,
)
def replay_webhook_delivery(request: Call, delivery_id: Id) -> WebhookDelivery:
    """Send one event again under its old id."""
    return services.replay(delivery_id, by=request.auth)


@operation(
    router,
    "POST",
    "/webhooks/{webhook_id}/replay",
    right=RIGHT,
    answer=PlannedOut,
    status=202,
    example={"since": "2026-11-21T00:00:00+03:00", "until": "2026-11-22T00:00:00+03:00"},
)
def replay_webhook_time(request: Call, webhook_id: Id, data: ReplayIn) -> dict[str, int]:
    """Send what happened between two moments again.

    At most 1000 events at once; missing and failed ones, or with `all` every one.
    """
    planned = services.replay_time(webhook_id, data.since, data.until, by=request.auth, all_of_them=data.all)
    return {"planned": planned}
