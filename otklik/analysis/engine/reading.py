"""The whole reading of a batch of texts: what `otklik analyse` answers, field by field, with its evidence.

A label is always given; `abstained` names the fields whose confidence is below what was measured to be worth
showing. Nothing here raises on any text: what could not be read is noted in `notes`.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from otklik.analysis.engine import content, facts, overrides, personal, text, unread
from otklik.analysis.engine import own as learning
from otklik.analysis.engine.abuse import Abuse, abuses
from otklik.analysis.engine.cause import Taxonomy, causes
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.entities import NOBODY, Entity, Gazetteer, apart, entities
from otklik.analysis.engine.intent import Intent, intents
from otklik.analysis.engine.linear import TRIAL
from otklik.analysis.engine.mood import Mood, moods
from otklik.analysis.engine.rumour import rumours, with_rumour
from otklik.analysis.engine.severity import Assessment, assess
from otklik.analysis.engine.signals import signals
from otklik.analysis.engine.spans import Spans, evidence
from otklik.analysis.engine.trained import models

Record = dict[str, Any]
NOTHING_SAID: Record = {
    "intent": [{"label": "other", "p": 1.0}],
    "expects_reply": "unclear",
    "cause": [],
    "signals": [],
}  # of a text without a single word
HARMLESS: Record = {"severity": 1, "complexity": 1, "impact": "one", "urgency": 1, "priority": "P4"}
LIMITS = {"safety": 0.0}  # danger is always shown
LIMIT = 0.5  # confidence below which a field without a measured limit is hidden


@dataclass(frozen=True, slots=True)
class Item:
    """One text to read; `object` is a company's name whose tone is asked for."""

    text: str
    object: str | None = None


@dataclass(slots=True)
class Reader:
    """Reads batches with one set of models, one taxonomy and the names an organisation knows."""

    taxonomy: Taxonomy = field(default_factory=Taxonomy)
    names: Gazetteer = NOBODY
    folder: Path | None = None  # of other model files
    today: date | None = None
    own: overrides.Own = field(
        default_factory=dict
    )  # models that answer a field in place of the shipped ones
    learnt: learning.Learnt = field(default_factory=dict)  # what labels of people taught on top of them

    def read(self, items: Sequence[Item]) -> list[Record]:
        """One answer per text, in order."""
        if not items:
            return []
        seen, records = self.look(items)
        found = learning.answers(self.learnt, seen, records, self.taxonomy.off)
        return [learning.put(record, found, row) for row, record in enumerate(records)] if found else records

    def look(self, items: Sequence[Item]) -> tuple[Content, list[Record]]:
        """The answers without what was learnt, and the batch as the content model saw it; `items` not empty."""
        batch = text.read([one.text for one in items])
        seen = content.understand(batch, content.model(self._content()))
        wanted = intents(seen)
        gossip = rumours(seen, wanted)
        given = overrides.read(self.own, batch, self.taxonomy.off)
        wanted = overrides.wanted([with_rumour(*both) for both in zip(wanted, gossip, strict=True)], given)
        named = entities(batch, today=self.today, names=self.names)
        mood = moods(seen, [one.object for one in items], named, self.folder)
        parts = Parts(
            wanted,
            causes(seen, self.taxonomy, [[name for name, _ in one.labels] for one in wanted]),
            assess(seen, wanted, np.array([one.anger for one in mood], dtype=np.float32)),
            abuses(seen),
            gossip,
            signals(seen),
            mood,
            unread.reasons(
                batch,
                [str(one.fields["lang"]) for one in mood],
                [one.object for one in items],
                [told or row in seen.own for row, told in enumerate(facts.telling(seen).tolist())],
            ),
        )
        spans = evidence(seen, parts.asked(), [one.evidence for one in mood])
        private = [personal.find(one) for one in batch.texts]  # to the end: masking hangs on it
        return seen, [
            overrides.put(
                parts.record(row, seen, named[row], spans[row], private[row]),
                given,
                row,
                seen.own.get(row, ()),
            )
            for row in range(len(items))
        ]

    def load(self) -> None:
        """Read the model files now; ValueError names the one that cannot be read."""
        content.model(self._content())
        models(self.folder)

    def settle(self) -> None:
        """Read a text, so that everything is loaded, and take it out of the search for garbage for good.

        Models and lexicons are a hundred thousand objects that live as long as the process; walking them took a tenth
        of the time of reading.
        """
        self.read([Item(TRIAL[0], "Техновал"), Item(TRIAL[1])])
        gc.collect()
        gc.freeze()

    def _content(self) -> Path:
        own = None if self.folder is None else self.folder / content.MODEL.name
        return own if own is not None and own.exists() else content.MODEL


@dataclass(slots=True)
class Parts:
    """The answers of all modules for one batch."""

    intents: list[Intent]
    causes: list[list[tuple[str, float]]]
    grades: list[Assessment]
    abuses: list[Abuse]
    rumours: list[tuple[str, float]]
    signals: list[list[tuple[str, float]]]
    moods: list[Mood]
    reasons: list[list[str]]  # notes of texts that cannot be judged

    def asked(self) -> list[dict[str, list[str]]]:
        """For each text the labels whose words are to be shown."""
        return [
            {
                "intent": [name for name, _ in self.intents[row].labels[:1]],
                "cause": [name for name, _ in self.causes[row][:2]],
                "signals": [name for name, _ in self.signals[row]],
                "abuse": [self.abuses[row].label],
                "rumour": [self.rumours[row][0]],
                "safety": ["True"] if grade.safety else [],
                "urgency": _above(grade.urgency),
                "severity": _above(grade.severity),
                "complexity": _above(grade.complexity),
                "impact": [] if grade.impact == "one" else [grade.impact],
                "expects_reply": [self.intents[row].expects_reply],
            }
            for row, grade in enumerate(self.grades)
        ]

    def record(
        self, row: int, seen: Content, named: list[Entity], spans: Spans, private: list[personal.Found]
    ) -> Record:
        """The contract's object of one text."""
        intent, grade, mood, abuse = self.intents[row], self.grades[row], self.moods[row], self.abuses[row]
        notes = [*seen.batch.notes[row], *self.reasons[row]]
        sure = {
            **mood.confidence,
            "intent": intent.labels[0][1],
            "expects_reply": intent.sure_of_reply,
            **self._sure_of_cause(row, seen),
            **grade.confidence,
            "abuse": abuse.p,
            "rumour": self.rumours[row][1],
            "signals": self._sure_of_signals(row, seen),
        }
        sure = trusted(sure, seen.model.card.get("confidence", {}))
        limits = LIMITS | mood.limits | seen.model.card.get("limits", {})
        unsure = [name for name, p in sure.items() if p < limits.get(name, LIMIT)]
        if "no_cause" in sure:
            sure["cause"] = sure.pop("no_cause")
            unsure = ["cause" if name == "no_cause" else name for name in unsure]
        silent = "nothing_to_read" in notes or "empty" in notes
        # the Kazakh model has to choose between good and bad, also of a single word
        forced = mood.fields["lang"] == "kk" and unread.TOO_SHORT in notes
        said = mood.fields["tone"]["label"] != "neutral" and not forced
        gone = unread.hidden(notes, sure, tone=said, safety=grade.safety)
        sure |= dict.fromkeys(gone, 0.0)
        unsure += [name for name in gone if name not in unsure]
        answer = {
            **mood.fields,
            "intent": _listed(intent.labels),
            "expects_reply": intent.expects_reply,
            "cause": _listed(self.causes[row]),
            "severity": grade.severity,
            "complexity": grade.complexity,
            "impact": grade.impact,
            "urgency": grade.urgency,
            "priority": grade.priority,
            "safety": grade.safety,
            "abuse": abuse.label,
            "rumour": self.rumours[row][0],
            "signals": [name for name, _ in self.signals[row]],
            "entities": [_entity(one) for one in _without(named, private)],
            "personal_data": [{"kind": one.kind, "start": one.start, "end": one.end} for one in private],
            "evidence": spans,
            "confidence": {name: round(float(p), 3) for name, p in sure.items()},
            "abstained": sorted(sure) if silent else unsure,
            "notes": notes,
        }
        if silent:
            return answer | NOTHING_SAID | {"confidence": dict.fromkeys(sure, 0.0)}
        return answer | NOTHING_SAID | HARMLESS if unread.TOO_SHORT in notes else answer

    def _sure_of_cause(self, row: int, seen: Content) -> dict[str, float]:
        """That there is none is another question than which it is, and measured apart."""
        found = self.causes[row]
        if found:
            return {"cause": found[0][1]}
        return {"no_cause": round(float(1 - seen.shares("cause")[row].max()), 4)}

    def _sure_of_signals(self, row: int, seen: Content) -> float:
        given = [p for _, p in self.signals[row]]
        return round(min(given), 4) if given else round(float(1 - seen.shares("signals")[row].max()), 4)


def _above(step: int) -> list[str]:
    """A scale's lowest step claims nothing."""
    return [str(step)] if step > 1 else []


def trusted(sure: dict[str, float], measured: dict[str, list[float]]) -> dict[str, float]:
    """Probabilities of the chosen labels as the share of such answers that were right."""
    found = dict(sure)
    for name, (slope, shift) in measured.items():
        if name not in found:
            continue
        inside = min(max(found[name], 1e-3), 1 - 1e-3)
        found[name] = 1 / (1 + math.exp(-(slope * math.log(inside / (1 - inside)) + shift)))
    return found


def _listed(labels: list[tuple[str, float]]) -> list[Record]:
    return [{"label": name, "p": p} for name, p in labels]


def _entity(one: Entity) -> Record:
    return {"kind": one.kind, "value": one.value, "start": one.start, "end": one.end}


def _without(named: list[Entity], private: list[personal.Found]) -> list[Entity]:
    """A phone or a card is not an order number as well."""
    near = [one for one in private if one.start < text.LONGEST]
    return apart([one for one in named if all(one.end <= p.start or one.start >= p.end for p in near)])
