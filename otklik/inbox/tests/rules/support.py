"""Readings as a test says them, and rules in one line."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from otklik.analysis.services import readings
from otklik.inbox.models import Conversation, Rule
from otklik.inbox.routing.definition import Actions, Condition, Definition, Group
from otklik.inbox.services import rules
from otklik.inbox.tests.readings import said
from otklik.kernel import outbox


def read(talk: Any, **says: Any) -> None:
    """The newest message of a conversation is read so; what is not said stays calm. Rules are asked at once."""
    read_message(talk.organisation_id, Conversation.objects.get(pk=talk.pk).last_inbound_id, **says)
    outbox.drain()


def read_message(organisation_id: int, message_id: int, **says: Any) -> None:
    keep(organisation_id, message_id, said(**says))


def keep(organisation_id: int, message_id: int, reading: dict[str, Any]) -> None:
    """A reading in the engine's form, stored as the follower stores it."""
    with transaction.atomic():
        readings.keep(organisation_id, "message", {message_id: reading})


def when(*conditions: Any, match: str = "all", **actions: Any) -> Definition:
    """`when(("tone", "negative"), label=…)`: all of the conditions; (field, values), (field, op, values)."""
    asks = tuple(one if isinstance(one, Condition) else asked(*one) for one in conditions)
    return Definition((Group(asks, match),), actions=done(**actions))


def asked(field: str, *rest: Any, **more: Any) -> Condition:
    *op, values = rest
    listed = (values,) if isinstance(values, str) else tuple(values)
    return Condition(field, op[0] if op else "any", listed, **more)


def done(label: Any = None, labels: Any = (), team: Any = None, person: Any = None, **more: Any) -> Actions:
    return Actions(
        tuple(one.pk for one in ([label] if label else labels)),
        team.pk if team else None,
        person.pk if person else None,
        **more,
    )


def rule(by: Any, definition: Definition, name: str = "Правило") -> Rule:
    return rules.create(name, definition, by=by)


def labels_of(talk: Any) -> list[str]:
    rows = Conversation.objects.get(pk=talk.pk).labelled.order_by("label__name")
    return list(rows.values_list("label__name", flat=True))


def lines_of(talk: Any) -> list[str]:
    """Codes of system lines, in order."""
    rows = Conversation.objects.get(pk=talk.pk).messages.filter(direction="system").order_by("pk")
    return [one.event["code"] for one in rows]
