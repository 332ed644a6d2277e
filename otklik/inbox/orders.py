"""In which order the list stands, and what comes behind a row in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, Q

from otklik.analysis import words
from otklik.inbox.models import Conversation

ORDERS: dict[str, tuple[Any, ...]] = {
    "newest": ("-last_message_at", "-id"),
    "oldest": ("last_message_at", "id"),
    # the longest waiting first, who does not wait last
    "waiting": (F("waiting_since").asc(nulls_last=True), "id"),
    # of the newest message's reading the field it is least sure of; of equals the newest first
    "unsure": ("certainty", "-last_message_at", "-id"),
}
# Label by label of what was read in the newest message: see `ladders`. What presses most stands first.
LADDERS: dict[str, tuple[str, ...]] = {
    "priority": ("P1", "P2", "P3", "P4"),
    "severity": ("4", "3", "2", "1"),
    "urgency": ("3", "2", "1"),
    "intent": tuple(words.VALUES["intent"]),
    "cause": (),  # those of the organisation
    "tone": ("negative", "mixed", "neutral", "positive"),
    "emotions": ("anger", "fear", "sadness", "surprise", "joy"),
    "expects_reply": ("yes", "unclear", "no"),
    "complexity": ("3", "2", "1"),
    "impact": ("mass", "group", "one"),
    "safety": ("yes",),
    "signals": tuple(words.SIGNALS),
    "abuse": ("threat", "doxxing", "hate", "sexual", "insult_person", "spam", "angry"),
    "rumour": ("serious", "unclear", "absurd"),
    "lang": tuple(words.VALUES["lang"]),
}
KNOWN = (*ORDERS, *LADDERS)


def of(order: str) -> tuple[Any, ...]:
    """Columns; of an order by labels those that hold among equals."""
    return ORDERS.get(order, ORDERS["newest"])


def behind(order: str, moment: datetime, pk: int) -> Q:
    """What comes behind a row in this order (keyset: a page costs the same however far down it is)."""
    if order == "oldest":
        return Q(last_message_at__gt=moment) | Q(last_message_at=moment, pk__gt=pk)
    newer = Q(last_message_at__lt=moment) | Q(last_message_at=moment, pk__lt=pk)
    column = {"waiting": "waiting_since", "unsure": "certainty"}.get(order)
    if column is None:
        return newer
    value = Conversation.objects.filter(pk=pk).values_list(column, flat=True).first()
    if order == "waiting":
        if value is None:
            return Q(waiting_since=None, pk__gt=pk)
        return Q(waiting_since__gt=value) | Q(waiting_since=value, pk__gt=pk) | Q(waiting_since=None)
    if value is None:  # the row is gone
        return newer
    return Q(certainty__gt=value) | Q(newer, certainty=value)
