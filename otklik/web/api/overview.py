"""What stands above the domains: the stream of events, the state of operations, the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from ninja import Query, Router, Schema
from pydantic import Field

from otklik.audit import queries as audit
from otklik.channels import queries as channels
from otklik.channels import repairs
from otklik.inbox.events import TOPIC_PERSONAL
from otklik.kernel import clock, events
from otklik.kernel.events import Cursor
from otklik.kernel.models import Event, Outbox, OutboxState
from otklik.kernel.rest import MAX_ID, Call, CursorText, Done, Id, Page, Window, cut, operation

event_router = Router(tags=["Events"])
operations_router = Router(tags=["Operations"])
audit_router = Router(tags=["Audit"])
MAX_EVENTS = 500


class EventOut(Schema):
    """`id` is the same as in webhooks (`webhook-id`: evt_…)."""

    id: str
    cursor: str
    topic: str
    at: datetime
    data: dict[str, Any]


class EventsOut(Schema):
    """`cursor`: pass it as `after` next time, also when `items` is empty. `more`: ask again at once."""

    items: list[EventOut]
    cursor: str
    more: bool


class EventsAsked(Schema):
    after: str = Field(
        "",
        max_length=60,
        pattern=r"^(\d{1,19}\.\d{1,19}|now)?$",
        description="a cursor, or now; empty: the oldest kept",
    )
    limit: int = Field(100, ge=1, le=MAX_EVENTS)


@operation(event_router, "GET", "/events", right="conversation.read", answer=EventsOut)
def list_events(request: Call, asked: Query[EventsAsked]) -> dict[str, Any]:
    """What happened, in order, nothing left out.

    Start with `after=now`, keep `cursor`, pass it as `after`. Events are kept for 30 days; payloads hold ids and codes,
    never texts: read what you need.
    """
    if asked.after == "now":
        return {"items": [], "cursor": str(events.latest()), "more": False}
    cursor = _cursor(asked.after)
    who = request.auth
    found = events.after(cursor, organisation_id=who.organisation_id, limit=asked.limit)
    if found:
        cursor = events.position(found[-1])
    items = [
        _event(one) for one in found if one.topic != TOPIC_PERSONAL or one.payload.get("user_id") == who.pk
    ]
    return {"items": items, "cursor": str(cursor), "more": len(found) == asked.limit}


def _cursor(text: str) -> Cursor:
    found = Cursor.parse(text)
    return Cursor(min(found.txid, MAX_ID), min(found.id, MAX_ID))


def _event(one: Event) -> dict[str, Any]:
    return {
        "id": f"evt_{one.pk}",
        "cursor": str(events.position(one)),
        "topic": one.topic,
        "at": one.at,
        "data": one.payload,
    }


class ChannelHealth(Schema):
    id: int
    name: str
    kind: str
    active: bool
    last_event_at: datetime | None
    last_ok_at: datetime | None
    failing_since: datetime | None
    error: str


class TroubledOut(Schema):
    """Decide with POST /messages/{message_id}/delivery/decide or …/retry."""

    message_id: int
    conversation_id: int
    state: str
    error: str
    queued_at: datetime


class OperationsOut(Schema):
    """`outbox_age`: seconds the oldest due piece of work waits; `dead`: pieces given up."""

    outbox_age: float
    outbox_waiting: int
    dead: int
    unparsed: int
    channels: list[ChannelHealth]
    deliveries: list[TroubledOut]


@operation(operations_router, "GET", "/operations", right="operations.read", answer=OperationsOut)
def get_operations(request: Call) -> dict[str, Any]:
    """How everything runs: queue, channels, answers that need a person (the first 100)."""
    org = request.auth.organisation_id
    ready = Outbox.objects.filter(Q(organisation_id=org) | Q(organisation_id=None), state=OutboxState.READY)
    due = ready.filter(run_after__lte=clock.now()).order_by("run_after").values_list("run_after", flat=True)
    oldest = due.first()
    troubled = [
        {
            "message_id": one.message_id,
            "conversation_id": one.thread_id,
            "state": one.state,
            "error": one.error,
            "queued_at": one.queued_at,
        }
        for one in channels.troubled_deliveries(org)[:100]
    ]
    return {
        "outbox_age": round((clock.now() - oldest).total_seconds(), 1) if oldest else 0.0,
        "outbox_waiting": due.count(),
        "dead": Outbox.objects.filter(organisation_id=org, state=OutboxState.DEAD).count(),
        "unparsed": channels.unparsed(org).count(),
        "channels": channels.accounts(org),
        "deliveries": troubled,
    }


class RawOut(Schema):
    """`error`: why the event was not understood."""

    id: int
    account_id: int
    received_at: datetime
    size: int
    error: str


@operation(operations_router, "GET", "/raw-events", right="operations.read", answer=Page[RawOut])
def list_unread_events(request: Call, window: Query[Window]) -> Any:
    """Events that were stored and not understood, newest first."""
    rows = channels.unparsed(request.auth.organisation_id)
    items, following = cut(rows, ("-id",), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


@operation(operations_router, "POST", "/raw-events/{raw_id}/replay", right="operations.act", answer=Done)
def replay_event(request: Call, raw_id: Id) -> Done:
    """Try to understand one event again."""
    repairs.replay(raw_id, by=request.auth)
    return Done()


class ReplayedOut(Schema):
    replayed: int


@operation(operations_router, "POST", "/raw-events/replay", right="operations.act", answer=ReplayedOut)
def replay_events(request: Call) -> dict[str, int]:
    """The same for all that were not understood, at most 2000 at once."""
    return {"replayed": repairs.replay_all(by=request.auth)}


class DeadWorkOut(Schema):
    """`topic`: what was to be done; `error`: why the last try failed."""

    id: int
    topic: str
    attempts: int
    error: str
    created_at: datetime

    @staticmethod
    def resolve_error(one: Outbox) -> str:
        return one.last_error


@operation(operations_router, "GET", "/dead-work", right="operations.read", answer=Page[DeadWorkOut])
def list_dead_work(request: Call, window: Query[Window]) -> Any:
    """Work that failed too often and was given up, newest first."""
    rows = Outbox.objects.filter(organisation_id=request.auth.organisation_id, state=OutboxState.DEAD)
    items, following = cut(rows, ("-id",), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


@operation(operations_router, "POST", "/dead-work/{work_id}/revive", right="operations.act", answer=Done)
def revive_work(request: Call, work_id: Id) -> Done:
    """Try it again."""
    repairs.revive(work_id, by=request.auth)
    return Done()


class AuditEntryOut(Schema):
    """`seq` and `hash` are empty until the entry is sealed, a second after it was written."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: int | None
    actor_name: str
    action: str
    object_kind: str
    object_id: int | None
    reason: str
    data: dict[str, Any]
    seq: int | None
    hash: str


class AuditAsked(Window):
    cursor: CursorText = ""
    action: str = Field("", max_length=64)
    object_kind: str = Field("", max_length=32)
    object_id: int = Field(0, ge=0, le=MAX_ID)
    actor_kind: str = Field("", max_length=16, description="staff, api, customer or system")
    actor_id: int = Field(0, ge=0, le=MAX_ID)


@operation(audit_router, "GET", "/audit", right="audit.read", answer=Page[AuditEntryOut])
def list_audit(request: Call, asked: Query[AuditAsked]) -> Any:
    """Who did what, newest first."""
    rows = audit.entries(request.auth.organisation_id)
    for name in ("action", "object_kind", "object_id", "actor_kind", "actor_id"):
        value = getattr(asked, name)
        if value:
            rows = rows.filter(**{name: value})
    items, following = cut(rows, ("-id",), cursor=asked.cursor, limit=asked.limit)
    return {"items": items, "next": following}
