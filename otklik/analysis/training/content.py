"""Builds `models/content.npz` from our own texts.

    .venv/bin/python -m otklik.analysis.training.content

`lessons` learns; here scores become probabilities, labels and confidences, on texts of a block of writing that the
models had not seen: what is promised is meant for a writer nobody has met.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from otklik.analysis.engine import content
from otklik.analysis.engine.abuse import HARMFUL
from otklik.analysis.engine.cause import CALM, DOUBT, HABIT, SURE, UNHAPPY
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Head, Model
from otklik.analysis.training.calibration import calibrate_many, calibrate_one, ece, micro_f1
from otklik.analysis.training.certainty import Half, Top, applied, causes_given, level, limit, platt, trusted
from otklik.analysis.training.lessons import LEAST, RIDGE, Lesson, Question, flags, lessons
from otklik.analysis.training.rows import Judged, Row, judged, read_rows

USUAL = 20  # texts of no industry that stand beside those of each
WRONGED = 0.03  # share of the angry who may be called abusive
CERTAIN = 0.95  # how sure that must be
APART = ("safety", "cause")  # danger is always shown, causes are measured with industry and intent


@dataclass(slots=True)
class Built:
    """What has been learnt so far: columns of weights, heads, scores of texts by models that had not seen them."""

    known: Judged
    weights: list[Floats] = field(default_factory=list)
    bias: list[Floats] = field(default_factory=list)
    heads: dict[str, Head] = field(default_factory=dict)
    outside: dict[str, Floats] = field(default_factory=dict)
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    tops: dict[str, Top] = field(default_factory=dict)

    @property
    def half(self) -> Half:
        """In which half of the texts a text is; both labellings of a text are in the same."""
        number: dict[str, int] = {}
        texts = (row["text"] for row in (*self.known.rows, *self.known.abuse))
        return np.array([number.setdefault(one, len(number)) % 2 == 0 for one in texts])

    def add(self, name: str, lesson: Lesson) -> None:
        """Learn one head; its calibration comes from the scores of unseen blocks."""
        question, scores = lesson.question, lesson.outside(self.known.parts)
        first = sum(len(head.labels) for head in self.heads.values())
        if name == content.NO_CAUSE:
            self.heads[name] = _as_it_is(name, [*question.labels, "none"], first)
        else:
            if name == "cause":
                scores = content.blended(scores, self.outside[content.NO_CAUSE])
            self.heads[name] = head = _head(question, scores, first, self.known.weights)
            self.scores[name] = judge(question, head, scores)
            if name not in APART:
                self.tops[name] = (*_certainty(question, head, scores), self.half[question.known])
        self.outside[name] = scores
        columns, mean = lesson.learnt()
        self.weights.append(columns)
        self.bias.append(mean)

    def shares(self, name: str) -> Floats:
        """Probabilities of a head for all judged texts, by models that had not seen them."""
        return self.heads[name].probabilities(self.outside[name])


def build(target: Path = content.MODEL, *, without: int | None = None) -> Model:
    """Fit, calibrate on scores out of block, write the file; the card carries the scores.

    `without` leaves one block out altogether, so that it can be read by a model that has not seen it.
    """
    known, more = judged(), read_rows("texts_more.jsonl")
    if without is not None:
        known = known.only(known.parts != without)
    space, every = lessons(known, more)
    made = Built(known)
    for name, lesson in every.items():
        made.add(name, lesson)
    card: dict[str, Any] = {
        "name": "content",
        "data": f"{len({row['text'] for row in known.rows})} + {len(known.abuse)} + {len(more)} invented texts of this"
        " project (otklik/analysis/data), part of them labelled by two",
        "licence": "Apache-2.0",
        "method": f"kernel ridge, strength {RIDGE}, n-grams seen in {LEAST} texts or more, phrases of our lexicons;"
        " logistic regression beside it for intent and for whether there is a cause",
        "split": "each block of writing by models that have not seen it, against the labels of both people;"
        " held texts of another author: held.py",
        "habits": habits(known.rows, made.heads["cause"].labels),
        "abuse_limit": _abuse_limit(every["abuse"].question, made.shares("abuse")),
    }
    _causes(made, every["cause"].question, card)
    card["confidence"] = {name: platt(*top[:2]) for name, top in made.tops.items()}
    limits: dict[str, float] = {}
    for name, top in made.tops.items():
        limits[name] = limit(applied(top[0], card["confidence"][name]), top[1])
    for name, (sure, right) in _shown(made.tops).items():
        error = ece(sure, right)
        made.scores.setdefault(name, {})["ece"] = None if error is None else round(error, 3)
    card |= {"limits": limits, "scores_cross_validated": made.scores}
    model = Model(space, np.hstack(made.weights), np.concatenate(made.bias), made.heads, card)
    model.save(target)
    return model


def _shown(tops: dict[str, Top]) -> dict[str, tuple[Floats, NDArray[np.bool_]]]:
    """The confidence of every field as it is shown, half of the texts by what the others taught; a cause or none."""
    shown = {name: (trusted(*top), top[1]) for name, top in tops.items()}
    (sure, right), (calm, none) = shown["cause"], shown.pop("no_cause")
    shown["cause"] = np.concatenate([sure, calm]), np.concatenate([right, none])
    return shown


def _as_it_is(name: str, labels: list[str], first: int) -> Head:
    """A head whose scores are logarithms of probabilities already."""
    width = len(labels)
    nothing = np.zeros(width, dtype=np.float32)
    return Head(name, labels, True, first, nothing, np.eye(width, dtype=np.float32), nothing)


def _head(question: Question, scores: Floats, first: int, weights: Floats) -> Head:
    at = question.known
    truth = question.truth[at]
    if question.one_of:
        slopes, shift = calibrate_one(scores[at], truth.argmax(axis=1), len(question.labels), weights[at])
        lift = np.zeros(len(question.labels), dtype=np.float32)
    else:
        slopes, shift, lift = calibrate_many(scores[at], truth, weights[at])
    return Head(question.name, question.labels, question.one_of, first, lift, slopes, shift)


def judge(question: Question, head: Head, scores: Floats) -> dict[str, Any]:
    """Scores of a head on scores of texts it has not learnt from."""
    at = question.known
    truth = question.truth[at]
    if not question.one_of:
        return {"micro_f1": round(micro_f1(truth, head.chosen(scores[at])), 3)}
    right = truth.argmax(axis=1)
    found = head.probabilities(scores[at]).argmax(axis=1)
    each = [
        2 * ((found == k) & (right == k)).sum() / max(1, (found == k).sum() + (right == k).sum())
        for k in range(len(question.labels))
    ]
    return {"accuracy": round(float((found == right).mean()), 3), "macro_f1": round(float(np.mean(each)), 3)}


def _certainty(question: Question, head: Head, scores: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """How sure the likeliest label of each judged text was, and whether it was right."""
    at = question.known
    shares = head.probabilities(scores[at])
    if question.name == "signals":  # several or none: as sure as the least sure of them, right when all are
        chosen = head.chosen(scores[at]).astype(bool)
        least = np.where(chosen, shares, 1).min(axis=1)
        sure: Floats = np.where(chosen.any(axis=1), least, 1 - shares.max(axis=1))
        return sure, (chosen == (question.truth[at] > 0)).all(axis=1)
    top = shares.argmax(axis=1)
    right = question.truth[at][np.arange(len(top)), top] > 0
    return shares.max(axis=1), right


def habits(rows: list[Row], labels: list[str]) -> dict[str, list[float]]:
    """How usual each cause is in each industry: the logarithm of its share there over its share everywhere."""
    given = np.array([flags(row["cause"], labels) for row in rows], dtype=np.float64)
    industry = np.array([row["industry"] for row in rows])
    usual = given.mean(axis=0)
    found = {}
    for name in sorted(set(industry.tolist())):
        here = given[industry == name]
        share = (here.sum(axis=0) + USUAL * usual) / (len(here) + USUAL)
        found[name] = [round(float(value), 3) for value in np.log(share / usual)]
    return found


def _causes(made: Built, question: Question, card: dict[str, Any]) -> None:
    """From which probability on a cause is given, and how sure that is, as `cause.causes` does it."""
    rows = made.known.rows
    height, truth = len(rows), question.truth[: len(rows)]
    intent = made.heads["intent"]
    cause, wanted = (made.shares(name)[:height] for name in ("cause", "intent"))
    unhappy = wanted[:, [intent.labels.index(name) for name in UNHAPPY]].max(axis=1)
    inside = np.clip(cause, 1e-4, 1 - 1e-4)
    logits = np.log(inside / (1 - inside)) + HABIT * np.array(
        [card["habits"][row["industry"]] for row in rows]
    )
    likely = (unhappy**DOUBT)[:, None] / (1 + np.exp(-logits))
    calm = _calm(intent, made.outside["intent"][:height], wanted)
    allowed = likely.copy()
    allowed[calm] = 0
    card["cause_level"] = level(allowed, truth)
    given = (likely.max(axis=1) >= card["cause_level"]) | (unhappy >= SURE)
    given[calm] = False
    made.tops["cause"], made.tops["no_cause"] = causes_given(likely, cause, truth, given, made.half[:height])


def _calm(head: Head, scores: Floats, shares: Floats) -> NDArray[np.intp]:
    """Texts all of whose intents are without trouble."""
    chosen = head.chosen(scores).astype(bool)
    lonely = ~chosen.any(axis=1)
    chosen[lonely, shares[lonely].argmax(axis=1)] = True
    loud = chosen[:, [name not in CALM for name in head.labels]]
    return np.flatnonzero(~loud.any(axis=1))


def _abuse_limit(question: Question, shares: Floats) -> float:
    """The lowest probability of abuse under which, as sure as CERTAIN, all but WRONGED of the angry stay.

    The bound is that of Clopper and Pearson: a few hundred angry texts do not prove a small share by their mean.
    """
    abusive = shares[:, [question.labels.index(name) for name in HARMFUL]].sum(axis=1)
    angry = np.sort(abusive[question.truth[:, question.labels.index("angry")] > 0])[::-1]
    above = np.arange(len(angry))
    bounds = stats.beta.ppf(CERTAIN, above + 1, len(angry) - above)
    most = int(np.flatnonzero(bounds <= WRONGED).max(initial=0))
    return math.ceil(float(angry[most]) * 1e4 + 1) / 1e4


if __name__ == "__main__":
    print(json.dumps({k: v for k, v in build().card.items() if k != "data"}, indent=1))  # noqa: T201
