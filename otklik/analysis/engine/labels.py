"""The labels that every field may have, for callers and for models of an organisation's own."""

from __future__ import annotations

from typing import Any

from otklik.analysis.engine import content
from otklik.analysis.engine.emotions import EMOTIONS
from otklik.analysis.engine.intent import EXPECTED
from otklik.analysis.engine.language import LANGUAGES
from otklik.analysis.engine.tone import TONES, TOWARDS

CLOSED: dict[str, tuple[Any, ...]] = {
    "lang": LANGUAGES,
    "tone": TONES,
    "object_tone": TOWARDS,
    "emotions": EMOTIONS,
    "expects_reply": EXPECTED,
    "severity": (1, 2, 3, 4),
    "complexity": (1, 2, 3),
    "impact": ("one", "group", "mass"),
    "urgency": (1, 2, 3),
    "priority": ("P1", "P2", "P3", "P4"),
    "abuse": ("none", "angry", "insult_person", "threat", "hate", "doxxing", "sexual", "spam"),
    "rumour": ("none", "absurd", "serious", "unclear"),
}  # fields whose labels mean something to rules and screens: no model may add one
FOUND: dict[str, tuple[str, ...]] = {
    "entities": ("order", "receipt", "date", "sum", "city", "outlet", "product", "employee", "brand",
                 "competitor", "link"),
    "personal_data": ("phone", "card", "passport", "inn", "snils", "email", "address", "other"),
}  # fmt: skip
OPEN = ("intent", "cause", "signals")  # an organisation may have labels of its own


def label_names() -> dict[str, list[Any]]:
    """Every field with the labels it may have."""
    known = content.model().heads
    return {
        **{name: list(labels) for name, labels in CLOSED.items()},
        **{name: known[name].labels for name in OPEN},
        **{name: list(kinds) for name, kinds in FOUND.items()},
    }
