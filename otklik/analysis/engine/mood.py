"""The fields of the trained half, put into the words of the contract: language, tone, objects, emotions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otklik.analysis.engine import text
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.entities import Entity
from otklik.analysis.engine.objects import Named, mentions, tokens_between
from otklik.analysis.engine.tone import Answer
from otklik.analysis.engine.trained import Trained, models, read_batch

OBJECTS = ("brand", "competitor", "outlet", "product", "employee")
KINDS = {"employee": "person"}  # entity → kind of object, where the words differ


@dataclass(slots=True)
class Mood:
    """`fields` go into the answer as they are; `anger` is how negative the tone is, 0–1."""

    fields: dict[str, Any]
    confidence: dict[str, float]
    evidence: dict[str, list[list[int]]]
    anger: float
    limits: dict[str, float]


def moods(
    seen: Content, objects: Sequence[str | None], named: Sequence[list[Entity]], folder: Path | None
) -> list[Mood]:
    """The mood of every text of a batch."""
    batch = seen.batch
    asked = [mentions(batch, row, name) for row, name in enumerate(objects) if name]
    found = _objects(batch, named)
    read, answers = read_batch(batch, [*asked, *(one.where for one in found)], models(folder))
    toward = {one.row: answer for one, answer in zip(asked, answers, strict=False)}
    listed: list[list[dict[str, Any]]] = [[] for _ in read]
    for one, answer in zip(found, answers[len(asked) :], strict=True):
        listed[one.where.row].append(_listed(one, answer))
    return [_mood(one, toward.get(row), listed[row]) for row, one in enumerate(read)]


@dataclass(slots=True)
class _Object:
    """An object that a text names: its name in the directory or in our list, its kind, and where it stands."""

    name: str
    kind: str
    where: Named


def _objects(batch: text.Batch, named: Sequence[list[Entity]]) -> list[_Object]:
    """Each object of each text once."""
    found: dict[tuple[int, str, str], _Object] = {}
    for row, entities in enumerate(named):
        for one in entities:
            if one.kind in OBJECTS:
                kind = KINDS.get(one.kind, one.kind)
                known = found.setdefault((row, one.kind, one.value), _Object(one.value, kind, Named(row, [])))
                known.where.tokens += tokens_between(batch, row, one.start, one.end)
    return list(found.values())


def _listed(one: _Object, answer: Answer) -> dict[str, Any]:
    spans = [list(span) for span in answer.spans]
    return {"name": one.name, "kind": one.kind, "tone": answer.label, "p": answer.p, "evidence": spans}


def _mood(one: Trained, toward: Answer | None, objects: list[dict[str, Any]]) -> Mood:
    spans = {name: [list(span) for span in found] for name, found in one.evidence.items()}
    confidence = dict(one.confidence)
    if toward is not None:
        confidence["object_tone"] = toward.sure
        if toward.spans:
            spans["object_tone"] = [list(span) for span in toward.spans]
    fields = {
        "lang": one.lang,
        "code_switched": one.code_switched,
        "tone": {"label": one.tone.label, "p": one.tone.p},
        "object_tone": None if toward is None else {"label": toward.label, "p": toward.p},
        "objects": objects,
        "emotions": one.emotions,
    }
    return Mood(fields, confidence, spans, one.tone.p.get("negative", 0.0), one.limits)
