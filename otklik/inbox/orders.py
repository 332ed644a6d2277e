"""In which order the list stands, and what comes behind a row in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, Q

from otklik.inbox.models import Conversation

# by what was read in the newest message; of equals the newest first
READ: dict[str, tuple[str, ...]] = {
    "priority": ("priority", "-last_message_at", "-id"),
    "severity": ("-severity", "-last_message_at", "-id"),
    "urgency": ("-urgency", "-last_message_at", "-id"),
    "unsure": ("certainty", "-last_message_at", "-id"),
}
ORDERS: dict[str, tuple[Any, ...]] = {
    "newest": ("-last_message_at", "-id"),
    "oldest": ("last_message_at", "id"),
    # the longest waiting first, who does not wait last
    "waiting": (F("waiting_since").asc(nulls_last=True), "id"),
    **READ,
}


def of(order: str) -> tuple[Any, ...]:
    return ORDERS.get(order, ORDERS["newest"])


def behind(order: str, moment: datetime, pk: int) -> Q:
    """What comes behind a row in this order (keyset: a page costs the same however far down it is)."""
    if order == "oldest":
        return Q(last_message_at__gt=moment) | Q(last_message_at=moment, pk__gt=pk)
    newer = Q(last_message_at__lt=moment) | Q(last_message_at=moment, pk__lt=pk)
    if order not in ("waiting", *READ):
        return newer
    column = READ[order][0] if order in READ else "waiting_since"
    name = column.lstrip("-")
    value = Conversation.objects.filter(pk=pk).values_list(name, flat=True).first()
    if order == "waiting":
        if value is None:
            return Q(waiting_since=None, pk__gt=pk)
        return Q(waiting_since__gt=value) | Q(waiting_since=value, pk__gt=pk) | Q(waiting_since=None)
    if value is None:  # the row is gone
        return newer
    further = "lt" if column.startswith("-") else "gt"
    return Q(**{f"{name}__{further}": value}) | Q(newer, **{name: value})
