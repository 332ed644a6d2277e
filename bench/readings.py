"""Readings as the engine would have given them, with the frequencies of a working inbox, for lists and threads."""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any

from django.db.models import Model

from otklik.analysis import marks
from otklik.analysis.models import Reading
from otklik.inbox.models import ConversationMark
from otklik.inbox.services.standing import USUAL

COLUMNS = (
    "organisation_id", "kind", "object_id", "lang", "tone", "intent", "cause", "expects_reply", "severity",
    "complexity", "impact", "urgency", "priority", "safety", "abuse", "rumour", "unsure", "certainty", "marks",
    "data", "version", "read_at",
)  # fmt: skip
MARK_COLUMNS = ("conversation_id", "organisation_id", "mark")
MODELS: tuple[type[Model], type[Model]] = (Reading, ConversationMark)
STANDING = ("certainty", "unsure")

# label → share; what is rare here is rare in life
SHARES: dict[str, dict[Any, float]] = {
    "lang": {"ru": 95, "uk": 2, "kk": 2, "en": 1},
    "tone": {"negative": 45, "neutral": 35, "positive": 17, "mixed": 3},
    "intent": {"complaint": 35, "question": 35, "thanks": 12, "negative_feedback": 10, "suggestion": 5,
               "purchase_interest": 2.9, "employee_post": 0.1},
    "cause": {"": 45, "delivery_late": 15, "product_defect": 12, "refund_delay": 8, "hard_to_reach": 8,
              "staff_rudeness": 6, "price_bill": 5, "documents": 0.7, "fraud": 0.3},
    "expects_reply": {"yes": 70, "no": 20, "unclear": 10},
    "severity": {1: 45, 2: 40, 3: 13, 4: 2},
    "complexity": {1: 60, 2: 30, 3: 10},
    "impact": {"one": 95, "group": 4, "mass": 1},
    "urgency": {1: 70, 2: 22, 3: 8},
    "priority": {"P1": 1, "P2": 17, "P3": 42, "P4": 40},
    "safety": {False: 99.2, True: 0.8},
    "abuse": {"none": 93, "angry": 5, "insult_person": 1.5, "threat": 0.5},
    "rumour": {"none": 99.9, "serious": 0.05, "absurd": 0.05},
}  # fmt: skip
SIGNALS = ("last_link", "promise_broken", "requested_remedy", "deadline_named", "legal_threat", "child")
EMOTIONS = ("anger", "sadness", "surprise")


def reading(rng: random.Random, organisation_id: int, message_id: int, at: datetime) -> Reading:
    """One reading with the answer that a thread shows."""
    said = {name: rng.choices(list(shares), list(shares.values()))[0] for name, shares in SHARES.items()}
    more = [said["intent"]] + (["question"] if rng.random() < 0.2 and said["intent"] != "question" else [])
    unsure = [
        name for name, share in (("cause", 0.3), ("tone", 0.06), ("intent", 0.05)) if rng.random() < share
    ]
    sure = {
        name: round(rng.uniform(0.5, 0.99), 3) for name in ("tone", "intent", "cause", "severity", "abuse")
    }
    data = {
        "tone": {
            "label": said["tone"],
            "p": {"negative": 0.7, "neutral": 0.2, "positive": 0.1, "mixed": 0.0},
        },
        "objects": [],
        "emotions": [one for one in EMOTIONS if rng.random() < 0.1],
        "intent": [{"label": one, "p": 0.8} for one in more],
        "cause": [{"label": said["cause"], "p": 0.7}] if said["cause"] else [],
        "signals": [one for one in SIGNALS if rng.random() < 0.07],
        "entities": [],
        "personal_data": [],
        "evidence": {"tone": [[0, 6], [10, 16]], "intent": [[3, 12]], "cause": [[5, 15], [20, 28]]},
        "confidence": sure,
        "abstained": unsure,
        "notes": [],
    }
    row = Reading(
        organisation_id=organisation_id, kind="message", object_id=message_id, data=data, corrected=[], version="bench",
        read_at=at, unsure="tone" in unsure or "intent" in unsure,
        certainty=round(min(sure["tone"], sure["intent"]) * 1000), **said,
    )  # fmt: skip
    row.marks = marks.joined(marks.of(row))
    return row


def standing(row: Reading) -> tuple[Any, ...]:
    """The columns of the conversation whose newest message was read so (STANDING)."""
    return row.certainty, row.unsure


def mark_rows(row: Reading, conversation_id: int) -> list[tuple[Any, ...]]:
    return [(conversation_id, row.organisation_id, one) for one in row.marks.split() if one not in USUAL]


def values(row: Reading) -> tuple[Any, ...]:
    return tuple(json.dumps(row.data) if name == "data" else getattr(row, name) for name in COLUMNS)
