"""Readings as the engine gives them, for tests that need a certain one."""

from __future__ import annotations

from typing import Any

from otklik.analysis.services.readings import keep
from otklik.inbox.models import Conversation

CALM: dict[str, Any] = {
    "lang": "ru",
    "code_switched": False,
    "tone": {"label": "neutral", "p": {"negative": 0.1, "neutral": 0.8, "positive": 0.1, "mixed": 0.0}},
    "object_tone": None,
    "objects": [],
    "emotions": [],
    "intent": [{"label": "question", "p": 0.9}],
    "expects_reply": "yes",
    "cause": [],
    "severity": 1,
    "complexity": 1,
    "impact": "one",
    "urgency": 1,
    "priority": "P4",
    "safety": False,
    "abuse": "none",
    "rumour": "none",
    "signals": [],
    "entities": [],
    "personal_data": [],
    "evidence": {},
    "confidence": {"tone": 0.9, "intent": 0.95, "cause": 0.9, "severity": 0.8},
    "abstained": [],
    "notes": [],
}


def several(*labels: str) -> list[dict[str, Any]]:
    return [{"label": label, "p": round(0.9 - n / 10, 2)} for n, label in enumerate(labels)]


def said(**fields: Any) -> dict[str, Any]:
    """A reading in the engine's form; what is not named is calm."""
    found = dict(CALM)
    for name, value in fields.items():
        if name in ("intent", "cause"):
            found[name] = several(*([value] if isinstance(value, str) else value))
        else:
            found[name] = {"label": value, "p": {value: 0.9}} if name == "tone" else value
    return found


def read_as(conversation: Conversation, **fields: Any) -> Conversation:
    """The newest message of the customer is read so; what is not named is calm."""
    conversation.refresh_from_db()
    keep(conversation.organisation_id, "message", {conversation.last_inbound_id: said(**fields)})
    conversation.refresh_from_db()
    return conversation
