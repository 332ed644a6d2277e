"""The fields of the trained half, put into the words of the contract: language, tone, objects, emotions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from otklik.analysis.engine import facts, text
from otklik.analysis.engine.abuse import fury
from otklik.analysis.engine.bare import bare
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.entities import Entity
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.objects import Named, mentions, tokens_between
from otklik.analysis.engine.tone import Answer
from otklik.analysis.engine.trained import Trained, models, read_batch

OBJECTS = ("brand", "competitor", "outlet", "product", "employee")
HURT = "hurt"  # not positive: mixed at best
SHORT = 12  # tokens of a text whose tone a single phrase may settle
PLAIN = 0.8  # probability of the tone that a phrase settles
GLAD, SAD = frozenset({"joy", "surprise"}), frozenset({"anger", "sadness", "fear", "disgust"})
KINDS = {"employee": "person"}  # entity → kind of object, where the words differ


@dataclass(slots=True)
class Mood:
    """`fields` go into the answer as they are; `anger` says how likely the writer is beside himself, 0–1.

    Anger is not the share of a negative tone: a sober complaint has that as well, and Kazakh tone knows no middle.
    """

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
    anger = _anger(seen)
    plain = _plain(seen)
    return [
        _mood(_said_plainly(one, plain.get(row)), toward.get(row), listed[row], float(anger[row]))
        for row, one in enumerate(read)
    ]


def _anger(seen: Content) -> Floats:
    """Of the whole text or of what it says apart from its praise, whichever is angrier."""
    anger = fury(seen).copy()
    rest = bare(seen)
    if rest is not None:
        anger[rest.rows] = np.maximum(anger[rest.rows], fury(rest.seen))
    return anger


def _plain(seen: Content) -> dict[int, str]:
    """Texts whose tone set phrases settle: «ничего хорошего», «претензий никаких», thanks for a spoilt day.

    A text in which somebody came to harm is not all praise.
    """
    short = np.diff(seen.batch.bounds) <= SHORT
    bad, fine = facts.met(seen, "bad_idiom"), facts.met(seen, "fine")
    gloomy = facts.mocking(seen) | (bad & ~fine & ~facts.met(seen, "praise") & short)
    pleased = facts.pleased(seen) & ~bad & short
    hurt = dict.fromkeys(np.flatnonzero(facts.harm(seen)).tolist(), HURT)
    return (
        hurt
        | dict.fromkeys(np.flatnonzero(pleased).tolist(), "positive")
        | dict.fromkeys(np.flatnonzero(gloomy).tolist(), "negative")
    )


def _said_plainly(one: Trained, tone: str | None) -> Trained:
    """The reading with the tone that the phrases say, and without the feelings that contradict it."""
    if tone == HURT:
        tone = "mixed" if one.tone.label == "positive" else None
    if tone is None or one.tone.label == tone or tone not in one.tone.p:
        return one
    scale = (1 - PLAIN) / max(1 - one.tone.p[tone], 1e-6)
    p = {name: round(PLAIN if name == tone else share * scale, 4) for name, share in one.tone.p.items()}
    against = GLAD if tone == "negative" else SAD
    return replace(
        one,
        tone=replace(one.tone, label=tone, p=p),
        emotions=[name for name in one.emotions if name not in against],
        confidence=one.confidence | {"tone": PLAIN},
    )


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


def _mood(one: Trained, toward: Answer | None, objects: list[dict[str, Any]], anger: float) -> Mood:
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
    return Mood(fields, confidence, spans, anger, one.limits)
