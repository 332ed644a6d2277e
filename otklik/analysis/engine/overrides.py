"""Models that answer a field in place of the shipped ones: what an organisation learnt from its corrections.

Such a model replaces the field's label, probability, confidence and evidence; `abstained` is judged anew. What
follows from the field follows the new answer: a cause from the intent, the priority from its parts. A field the
contract does not have appears in the answer under `own`. Texts off a word keep what is said of silence.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from otklik.analysis.engine import evidence, labels, linear, severity
from otklik.analysis.engine.abuse import furious
from otklik.analysis.engine.intent import Intent
from otklik.analysis.engine.linear import Head, Model, load
from otklik.analysis.engine.text import Batch

Own = Mapping[str, Model]
Record = dict[str, Any]

SHIPPED = ("general", "kazakh", "content")  # files of a folder that answer many fields
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
SEVERAL = ("emotions", "signals")  # fields that are lists of names; several stand joined by `|` in a label
RANKED = ("intent", "cause")  # fields that are lists of labels with probabilities
SPREAD = ("tone", "object_tone")  # fields with the probabilities of all labels
NOTHING = frozenset({"", "none"})  # labels that mean an empty list
COMPUTED = frozenset({
    "id", "code_switched", "objects", "entities", "personal_data", "evidence", "confidence", "abstained", "notes",
    "own",
})  # fmt: skip  # no model answers these
LIMIT = linear.LIMIT  # confidence below which a field is hidden when its model names no limit
WEIGHED = ("severity", "complexity", "impact", "urgency", "safety", "abuse")  # parts of the priority
PAIRED = ("intent", "expects_reply")  # a complaint waits for an answer, mere discontent does not


@dataclass(frozen=True, slots=True)
class Given:
    """What one model says of one text."""

    label: str
    p: dict[str, float]
    spans: list[list[int]]
    unsure: bool

    @property
    def sure(self) -> float:
        return self.p[self.label]


Answers = dict[str, list[Given]]


def checked(field: str, model: Model) -> Model:
    """The model, when it can answer `field`; ValueError says why it cannot."""
    if not NAME.fullmatch(field) or field in COMPUTED:
        raise ValueError(f"no model can answer the field {field!r}")
    if field not in model.heads or not model.heads[field].one_of:
        raise ValueError(f"the model has no answer for the field {field!r}")
    known = {"False", "True"} if field == "safety" else {str(one) for one in labels.CLOSED.get(field, ())}
    strange = sorted({part for name in model.heads[field].labels for part in _parts(field, name)} - known)
    if known and strange:
        raise ValueError(f"the field {field!r} has no label {strange[0]!r}")
    return model


def from_folder(folder: Path) -> dict[str, Model]:
    """The models FIELD.npz of a folder; ValueError names the file that is none."""
    found = {}
    for path in sorted(folder.glob("*.npz")):
        if path.stem in SHIPPED or path.name.endswith(".judge.npz"):
            continue
        try:
            model = load(path)
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror}") from error
        try:
            found[path.stem] = checked(path.stem, model)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return found


def read(own: Own, batch: Batch, off: frozenset[str] = frozenset()) -> Answers:
    """What every model says of every text; causes that are `off` are not given."""
    return {
        field: _read(field, model, batch, off if field == "cause" else frozenset())
        for field, model in own.items()
    }


def _read(field: str, model: Model, batch: Batch, off: frozenset[str]) -> list[Given]:
    head = model.heads[field]
    seen = model.space.read(batch)
    scores = model.scores(seen)[:, head.columns]
    shares = head.probabilities(scores)
    allowed = np.array([name not in off for name in head.labels])
    chosen = np.where(allowed, scores + head.lift, -np.inf).argmax(axis=1)
    tokens = len(batch.starts)
    shown = evidence.spans(batch, model.carried(seen, chosen + head.first, tokens)) if tokens else []
    limit = float(model.card.get("limits", {}).get(field, head.limit))
    return [
        _given(head, int(chosen[row]), shares[row], shown[row] if shown else [], limit)
        for row in range(len(batch))
    ]


def _given(
    head: Head, chosen: int, shares: np.ndarray[Any, Any], spans: Sequence[tuple[int, int]], limit: float
) -> Given:
    p = {name: round(float(share), 4) for name, share in zip(head.labels, shares, strict=True)}
    label = head.labels[chosen]
    return Given(label, p, [list(span) for span in spans], p[label] < limit)


def wanted(intents: list[Intent], given: Answers) -> list[Intent]:
    """The intents that causes and severity follow: those of the organisation's own model, when it has one."""
    if "intent" not in given:
        return intents
    return [_intent(one, said) for one, said in zip(intents, given["intent"], strict=True)]


def _intent(one: Intent, said: Given) -> Intent:
    """A complaint is what waits for an answer, and discontent is what does not."""
    expected, sure = one.expects_reply, one.sure_of_reply
    if said.label == "complaint" and expected != "yes":
        expected, sure = "yes", said.sure
    elif said.label == "negative_feedback" and expected == "yes":
        expected, sure = "no", said.sure
    return replace(one, labels=[(said.label, said.sure)], expects_reply=expected, sure_of_reply=sure)


def put(record: Record, given: Answers, row: int, named: Container[str] = ()) -> Record:
    """The answer of one text with every own field in its place; `record` is changed and returned.

    Causes `named` by the organisation's own phrases stay, and stand before the model's.
    """
    if not given:
        return record
    silent = "nothing_to_read" in record["notes"] or "empty" in record["notes"]
    raised = was_raised(record)
    for field, answers in given.items():
        if field == "object_tone" and record["object_tone"] is None:
            continue
        first = [one for one in record["cause"] if one["label"] in named] if field == "cause" else []
        if first:
            more = _value(field, answers[row])
            record["cause"] = first + [one for one in more if one["label"] not in named]
        else:
            _put(record, field, answers[row], silent=silent)
    if not silent and "priority" not in given and any(field in given for field in WEIGHED):
        record["priority"] = _priority(record, furious(record["abuse"]) if "abuse" in given else raised)
    if not silent and any(field in given for field in PAIRED):
        _pair(record, asked="intent" not in given)
    return record


def _priority(record: Record, anger: float) -> str:
    return severity.priority(
        record["severity"], record["complexity"], record["impact"], record["urgency"],
        safety=record["safety"], anger=anger,
    )  # fmt: skip


def was_raised(record: Record) -> float:
    """Whether anger had lifted the priority: 1 or 0. The texts of a batch are not at hand here."""
    return 1.0 if record["priority"] < _priority(record, 0.0) else furious(record["abuse"])


def _pair(record: Record, *, asked: bool) -> None:
    """What the intent and the expectation say together; `asked`: only the expectation is new, the intent yields."""
    names = {one["label"] for one in record["intent"]}
    expects = record["expects_reply"]
    if "complaint" in names and expects != "yes":
        if not asked:
            record["expects_reply"] = "yes"
        else:
            _rename(record, "complaint", "negative_feedback")
    elif "negative_feedback" in names and "question" not in names and expects == "yes":
        if not asked:
            record["expects_reply"] = "no"
        else:
            _rename(record, "negative_feedback", "complaint")


def _rename(record: Record, label: str, other: str) -> None:
    record["intent"] = [one | {"label": other} if one["label"] == label else one for one in record["intent"]]


def _put(record: Record, field: str, one: Given, *, silent: bool) -> None:
    known = field in record
    if not known:
        record.setdefault("own", {})[field] = {"label": one.label, "p": one.p}
    elif not silent:
        record[field] = _value(field, one)
    if known and silent:
        return
    record["confidence"][field] = 0.0 if silent else round(one.sure, 3)
    hidden = [name for name in record["abstained"] if name != field]
    record["abstained"] = [*hidden, field] if one.unsure or silent else hidden
    record["evidence"].pop(field, None)
    if one.spans and not silent:
        record["evidence"][field] = one.spans


def _value(field: str, one: Given) -> Any:
    """A label in the form the field has in the contract."""
    if field in SEVERAL:
        return _parts(field, one.label)
    if field in RANKED:
        return [{"label": one.label, "p": one.sure}] if field == "intent" or one.label not in NOTHING else []
    if field in SPREAD:
        return {"label": one.label, "p": {name: one.p.get(name, 0.0) for name in labels.CLOSED[field]}}
    if field == "safety":
        return one.label == "True"
    first = labels.CLOSED.get(field, ("",))[0]
    return int(one.label) if isinstance(first, int) else one.label


def _parts(field: str, label: str) -> list[str]:
    if field not in SEVERAL:
        return [label]
    return [part for part in label.split("|") if part not in NOTHING]
