"""What an organisation taught on top of the shipped models: a correction of their answers, not a model in their place.

A learnt model adds to the shipped probabilities: score = shipped + features × weights. Its features are the answer
and the probabilities of the shipped models, the dense columns of the content model, and n-grams that the
organisation's own texts share. Without labels the weights are zero and nothing changes, so thirty labels are of
use. An answer that stays the same keeps its evidence and confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import evidence, overrides
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Model, Reading
from otklik.analysis.engine.overrides import Given, Record

Learnt = Mapping[str, Model]

SEVERAL = overrides.SEVERAL  # labels of these are sets, joined by BETWEEN in order of names
BETWEEN = "|"
SPREAD = ("tone",)  # fields whose record has all probabilities
HEADS = ("intent", "expects_reply", "cause", "severity", "complexity", "impact", "urgency", "safety",
         "abuse", "rumour", "signals")  # fmt: skip
FIELDS = ("lang", "tone", "emotions", *HEADS)
ANSWER = 1.5  # weight of the columns that say which answer was given
SHARES = 2.0  # of the columns with the probabilities of all fields
DENSE = 0.5  # of the dense columns of the content model, and of the organisation's own n-grams
AHEAD = 0.05  # by how much the answer given stands above the likeliest, where a rule has overruled it
CHOSEN, NOT_CHOSEN = 0.8, 0.1  # probabilities of a set's labels where the record has none
ODDS = ("complaint", "negative_feedback")  # a text is never both


def said(record: Record, field: str) -> str:
    """The answer of a record as one label: the main one, or the set in order of names."""
    value = record[field]
    if field in ("intent", "cause"):
        return str(value[0]["label"]) if value else ""
    if field == "tone":
        return str(value["label"])
    return BETWEEN.join(sorted(value)) if field in SEVERAL else str(value)


def parts(label: str) -> set[str]:
    """The labels of a set."""
    return {one for one in label.split(BETWEEN) if one}


def base(
    field: str, labels: Sequence[str], seen: Content, records: Sequence[Record]
) -> tuple[Floats, Floats]:
    """What the shipped models say, texts × labels: probabilities, in which the answer given leads, and the answer."""
    given = np.zeros((len(records), len(labels)), dtype=np.float32)
    for row, record in enumerate(records):
        answer = said(record, field)
        for one in parts(answer) if field in SEVERAL else (answer,):
            if one in labels:
                given[row, labels.index(one)] = 1
    shares = _shares(field, labels, seen, records)
    if field in SEVERAL:
        shares = np.where(given > 0, np.maximum(shares, 0.5 + AHEAD), np.minimum(shares, 0.5 - AHEAD))
        return shares.astype(np.float32), given
    top = shares.max(axis=1, keepdims=True)
    behind = (shares * given).sum(axis=1, keepdims=True) < top
    return np.where((given > 0) & behind, top + AHEAD, shares).astype(np.float32), given


def _shares(field: str, labels: Sequence[str], seen: Content, records: Sequence[Record]) -> Floats:
    found = np.zeros((len(records), len(labels)), dtype=np.float32)
    if field in SPREAD:
        for row, record in enumerate(records):
            found[row] = [record[field]["p"].get(name, 0.0) for name in labels]
    elif field in HEADS:
        known, shares = seen.labels(field), seen.shares(field)
        for at, name in enumerate(labels):
            if name in known:
                found[:, at] = shares[:, known.index(name)]
        if field == "cause" and "" in labels:
            found[:, labels.index("")] = 1 - shares.max(axis=1)
        if field in ("cause", "intent"):
            found /= np.maximum(found.sum(axis=1, keepdims=True), 1)
    else:  # of these the record has the answer only
        for row, record in enumerate(records):
            chosen = parts(said(record, field)) if field in SEVERAL else {said(record, field)}
            found[row] = [CHOSEN if name in chosen else NOT_CHOSEN for name in labels]
    return found


def columns(seen: Content, shares: Floats, given: Floats) -> Floats:
    """The dense columns: those of the content model, what it says of every field, and of this one."""
    every = [seen.shares(name) for name in HEADS]
    return np.hstack(
        [seen.reading.plain * DENSE, *(one * SHARES for one in every), shares * SHARES, given * ANSWER]
    )


def read(model: Model, seen: Content, shares: Floats, given: Floats) -> Reading:
    """A batch as numbers of a learnt model's space: its n-grams and the dense columns."""
    blocks = seen.reading.blocks
    return Reading(blocks, model.space.parts(blocks, len(shares)), columns(seen, shares, given))


def answers(
    learnt: Learnt, seen: Content, records: Sequence[Record], without: frozenset[str] = frozenset()
) -> dict[str, list[Given | None]]:
    """What the learnt models say where it is something else than the record; causes `without` are not given."""
    return {
        field: _answers(field, model, seen, records, without if field == "cause" else frozenset())
        for field, model in learnt.items()
    }


def chosen(
    field: str, labels: Sequence[str], scores: Floats, without: frozenset[str] = frozenset()
) -> list[str]:
    """Scores → labels, texts long."""
    allowed = np.array([name not in without for name in labels])
    if field in SEVERAL:
        return [
            BETWEEN.join(sorted(name for name, on in zip(labels, row >= 0.5, strict=True) if on))
            for row in scores
        ]
    return [labels[int(at)] for at in np.where(allowed, scores, -np.inf).argmax(axis=1)]


def _answers(
    field: str, model: Model, seen: Content, records: Sequence[Record], without: frozenset[str]
) -> list[Given | None]:
    head = model.heads[field]
    shares, given = base(field, head.labels, seen, records)
    reading = read(model, seen, shares, given)
    scores = shares + model.scores(reading)
    found = chosen(field, head.labels, scores, without)
    changed = [now != said(record, field) for now, record in zip(found, records, strict=True)]
    if not any(changed):
        return [None] * len(records)
    p = head.probabilities(scores)
    at = np.array(
        [_leading(head.labels, label) if new else -1 for label, new in zip(found, changed, strict=True)]
    )
    spans = evidence.spans(seen.batch, model.carried(reading, at, len(seen.batch.starts)))
    return [
        _given(field, head.labels, label, p[row], spans[row]) if changed[row] else None
        for row, label in enumerate(found)
    ]


def _leading(labels: list[str], label: str) -> int:
    """The column whose words are shown: of a set, its first label."""
    first = next(iter(sorted(parts(label))), label) if BETWEEN in label else label
    return labels.index(first) if first in labels else -1


def _given(
    field: str, labels: list[str], label: str, shares: NDArray[Any], spans: Sequence[tuple[int, int]]
) -> Given:
    p = {name: round(float(share), 4) for name, share in zip(labels, shares, strict=True)}
    if field in SEVERAL:
        p[label] = round(float(min([p[one] for one in parts(label)] or [1 - max(p.values())])), 4)
    return Given(label, p, [list(span) for span in spans], p[label] < overrides.LIMIT)


def put(record: Record, found: Mapping[str, Sequence[Given | None]], row: int) -> Record:
    """The record with every changed answer in its place; what follows from it follows."""
    changed = {field: [rows[row]] for field, rows in found.items() if rows[row] is not None}
    if not changed:
        return record
    others = {field: record[field] for field in ("intent", "cause") if field in changed}
    overrides.put(record, changed, 0)  # type: ignore[arg-type]  # None is filtered above
    for field, before in others.items():
        if record[field]:
            record[field] = [*record[field], *_beside(str(record[field][0]["label"]), before[1:])]
    if "intent" in changed and "expects_reply" not in changed:
        _expect(record)
    return record


def _beside(main: str, others: list[Record]) -> list[Record]:
    """Further labels that may stand beside the main one."""
    never = set(ODDS) if main in ODDS else {main}
    return [one for one in others if one["label"] not in never | {main}]


def _expect(record: Record) -> None:
    """A complaint is what waits for an answer, and discontent is what does not (ISO 9000, 3.9.3)."""
    main = record["intent"][0]["label"]
    if main == "complaint":
        record["expects_reply"] = "yes"
    elif main == "negative_feedback" and record["expects_reply"] == "yes":
        record["expects_reply"] = "no"
