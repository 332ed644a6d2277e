"""What was read in a message as the thread shows it: chips with their reason, and what a person may say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from otklik.analysis import queries, words
from otklik.inbox.models import Message
from otklik.inbox.subjects import KIND, text_of

SIGN = {"negative": "neg", "neutral": "neu", "positive": "pos", "mixed": "mix"}
ROWS = ("intent", "cause", "tone", "expects_reply", "severity", "abuse", "rumour")
QUIET = {"abuse": ("none",), "rumour": ("none",), "cause": ("",)}  # labels that need no chip
QUOTES = 4  # evidence shown of one field


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what stands, why, and the choices for a correction."""

    name: str
    title: str
    label: str
    text: str
    quotes: tuple[str, ...]
    percent: int | None  # of confidence
    unsure: bool
    corrected: bool
    choices: tuple[tuple[str, str], ...]
    tone: str = ""

    @property
    def shown(self) -> bool:
        return self.label not in QUIET.get(self.name, ())


@dataclass(frozen=True, slots=True)
class Understood:
    """A reading with its chips: intent, cause, tone, then what is grave."""

    message_id: int
    fields: tuple[Field, ...]
    priority: str
    safety: bool
    signals: tuple[str, ...] = ()
    version: str = field(default="")

    @property
    def chips(self) -> list[Field]:
        return [
            one
            for one in self.fields
            if one.name in ("intent", "cause", "tone", "abuse", "rumour") and one.shown and not one.unsure
        ]

    @property
    def unsure(self) -> list[Field]:
        return [one for one in self.fields if one.unsure]


def of(messages: Sequence[Message]) -> dict[int, Understood]:
    """Readings of customers' messages in one query; what is not read yet is missing."""
    texts = {one.pk: text_of(one.subject, one.text) for one in messages if one.direction == "in"}
    return {pk: _understood(row, texts[pk]) for pk, row in queries.of(KIND, list(texts)).items()}


def _understood(row: Any, text: str) -> Understood:
    data = row.data
    return Understood(
        row.object_id,
        tuple(_field(row, name, text) for name in ROWS),
        row.priority,
        row.safety,
        tuple(str(words.SIGNALS.get(one, one)) for one in data["signals"]),
        f"{row.read_at.timestamp():.0f}.{'-'.join(row.corrected)}.{row.tone}.{row.intent}.{row.cause}.{row.severity}",
    )


def _field(row: Any, name: str, text: str) -> Field:
    label = str(getattr(row, name))
    corrected = name in row.corrected
    confidence = None if corrected else row.data["confidence"].get(name)
    spans = () if corrected else row.data["evidence"].get(name, ())
    return Field(
        name=name,
        title=str(words.FIELDS[name]),
        label=label,
        text=words.value(name, label),
        quotes=tuple(text[start:end] for start, end in spans[:QUOTES]),
        percent=round(confidence * 100) if confidence is not None else None,
        unsure=name in row.data["abstained"] and not corrected,
        corrected=corrected,
        choices=tuple((key, str(title)) for key, title in words.VALUES[name].items()),
        tone=SIGN.get(label, "") if name == "tone" else "",
    )
