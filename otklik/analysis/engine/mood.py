"""The fields of the trained half, put into the words of the contract: language, tone, objects, emotions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otklik.analysis.engine import text
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.entities import Entity
from otklik.analysis.engine.trained import Answer, Trained, models, read_batch

OBJECTS = ("brand", "competitor", "outlet", "product", "employee")
KINDS = {"employee": "person"}  # entity → kind of object, where the words differ


@dataclass(slots=True)
class Mood:
    """`fields` go into the answer as they are; `anger` is how negative the tone is, 0–1."""

    fields: dict[str, Any]
    confidence: dict[str, float]
    evidence: dict[str, list[list[int]]]
    anger: float


def moods(
    seen: Content, objects: Sequence[str | None], named: Sequence[list[Entity]], folder: Path | None
) -> list[Mood]:
    """The mood of every text of a batch."""
    known = models(folder)
    read = read_batch(seen.batch, objects, known)
    mentioned = _mentioned(seen.batch, objects, read, named)
    towards: list[Trained] = []
    if mentioned:
        towards = read_batch(
            text.read([t for t, _, _ in mentioned]), [name for _, name, _ in mentioned], known
        )
    per_row: list[list[dict[str, Any]]] = [[] for _ in read]
    for (_, name, (row, kind)), one in zip(mentioned, towards, strict=True):
        if one.object_tone is not None:
            per_row[row].append({"name": name, "kind": kind} | _tone(one.object_tone, "tone"))
    return [_mood(one, found) for one, found in zip(read, per_row, strict=True)]


def _mentioned(
    batch: text.Batch, objects: Sequence[str | None], read: Sequence[Trained], named: Sequence[list[Entity]]
) -> list[tuple[str, str, tuple[int, str]]]:
    """Each object of each text once, as the text spells it: text, name, row and kind."""
    found = []
    for row, entities in enumerate(named):
        seen: set[tuple[str, str]] = set()
        for one in entities:
            if one.kind in OBJECTS and (one.kind, one.value) not in seen:
                seen.add((one.kind, one.value))
                spelled = batch.texts[row][one.start : one.end]
                found.append((batch.texts[row], spelled, (row, KINDS.get(one.kind, one.kind))))
    return found


def _mood(one: Trained, objects: list[dict[str, Any]]) -> Mood:
    toward = None if one.object_tone is None else {"label": one.object_tone.label, "p": one.object_tone.p}
    fields = {
        "lang": one.lang,
        "code_switched": one.code_switched,
        "tone": {"label": one.tone.label, "p": one.tone.p},
        "object_tone": toward,
        "objects": objects,
        "emotions": one.emotions,
    }
    spans = {name: [list(span) for span in found] for name, found in one.evidence.items()}
    return Mood(fields, dict(one.confidence), spans, one.tone.p.get("negative", 0.0))


def _tone(answer: Answer, name: str) -> dict[str, Any]:
    return {name: answer.label, "p": answer.p}
