"""Builds `models/content.npz` from our own texts.

    .venv/bin/python -m otklik.analysis.training.content

Kernel ridge regression of all labels at once (closed form, no random numbers): a thousand texts are few, so the
regularisation is strong. The phrases of our lexicons count twice: as columns, and as tiny labelled texts from which
n-grams and vectors learn (so that a form or a neighbour that is in no pattern is met too).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from otklik.analysis.engine import content, cues, text
from otklik.analysis.engine.abuse import HARMFUL
from otklik.analysis.engine.cause import DOUBT, HABIT, UNHAPPY
from otklik.analysis.engine.dense import LEXICAL, SIGNS, WIDTH, dense
from otklik.analysis.engine.features import BINS, Floats, grams
from otklik.analysis.engine.linear import Head, Model, Space
from otklik.analysis.training.calibration import (
    FOLDS,
    calibrate_many,
    calibrate_one,
    ece,
    folds,
    micro_f1,
    ridge,
)
from otklik.analysis.training.certainty import Top, applied, causes_given, level, limit, platt, trusted
from otklik.analysis.training.rows import Row, read_rows

LEAST = 5  # an n-gram is kept when this many texts have it
BATCH = 512
RIDGE = 2.0
POWERS = (1.0, 1.0)
MEANING = 1.0  # what the averaged vectors weigh
PHRASES = 0.134  # what one standard deviation of a column of phrases weighs
PLAIN = 0.12
MANY = ("intent", "cause", "signals")
ONE = ("expects_reply", "severity", "complexity", "impact", "urgency", "safety", "rumour")
LEXICONS = {  # lexicon and the weight of a phrase
    "intent": ("intents", 0.15),
    "cause": ("causes", 0.4),
    "signals": ("signals", 0.2),
    "safety": ("grade", 0.05),
    "rumour": ("rumours", 0.05),
}
SHORT = {
    "cause": 1.0,
    "signals": 1.0,
    "intent": 0.25,
    "safety": 1.0,
    "rumour": 1e-6,
}  # weight of a short text
MEANT = {
    "danger": "True",
    "money_leaving": "True",
    "rumour_harm": "serious",
}  # phrases whose label is another word
USUAL = 20  # texts of no industry that stand beside those of each
LAWFUL = 0.985  # share of the angry whom the limit of abuse must leave angry


def batches(texts: Sequence[str]) -> list[text.Batch]:
    return [text.read(texts[k : k + BATCH]) for k in range(0, len(texts), BATCH)]


@dataclass(slots=True)
class Question:
    """One head to learn: labels, truth (texts × labels of 0 and 1) and which texts have an answer."""

    name: str
    labels: list[str]
    truth: Floats
    known: NDArray[np.bool_]
    one_of: bool


@dataclass(slots=True)
class Aids:
    """Texts that help to learn and are never judged: their rows, truth, weights, and which are mere phrases."""

    table: sparse.csr_matrix
    truth: Floats
    weights: Floats
    phrases: NDArray[np.bool_]


def questions(rows: list[Row], abuse: list[Row]) -> list[Question]:
    """The heads of the content model over both files, one after the other."""
    found = []
    height = len(rows) + len(abuse)
    known = np.arange(height) < len(rows)
    for name in (*MANY, *ONE):
        labels = sorted({str(one) for row in rows for one in _several(row[name])})
        truth = np.zeros((height, len(labels)), dtype=np.float32)
        truth[: len(rows)] = [_flags(_several(row[name]), labels) for row in rows]
        found.append(Question(name, labels, truth, known, name in ONE))
    both = [*rows, *abuse]
    labels = sorted({row["abuse"] for row in both})
    truth = np.array([_flags([row["abuse"]], labels) for row in both], dtype=np.float32)
    found.append(Question("abuse", labels, truth, np.ones(height, dtype=bool), True))
    return found


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _flags(values: Sequence[object], labels: list[str]) -> list[bool]:
    given = {str(value) for value in values}
    return [label in given for label in labels]


def phrases(lexicon: str) -> list[tuple[str, str]]:
    """The patterns of a lexicon as tiny texts with their labels."""
    found = []
    for cue in cues.read_lexicon(cues.LEXICON / f"{lexicon}.tsv"):
        steps = [part.split("|") for part in cue.pattern.split() if part[0] != "~" and part != "xq"]
        for turn in range(min(max(map(len, steps), default=0), 4)):
            words = [step[turn % len(step)].rstrip("*") for step in steps]
            label = cue.group.split(".")[1]
            found.append((" ".join(words), MEANT.get(label, label)))
    return found


def aids(question: Question, space: Space, more: list[Row]) -> Aids | None:
    """What else helps with this head."""
    if question.name not in LEXICONS:
        return None
    lexicon, weight = LEXICONS[question.name]
    tiny = [(one, label) for one, label in phrases(lexicon) if label in question.labels]
    texts = [one for one, _ in tiny] + [row["text"] for row in more]
    labels = [[label] for _, label in tiny] + [_short(row, question.name) for row in more]
    is_phrase = np.arange(len(texts)) < len(tiny)
    table = matrix(space, texts).tolil()
    start = table.shape[1] - len(space.scale)
    table[: len(tiny), start : start + LEXICAL + SIGNS] = 0  # a phrase tells nothing about how texts look
    table[: len(tiny), start + WIDTH :] = 0
    weights = np.where(is_phrase, weight, SHORT[question.name]).astype(np.float32)
    truth = np.array([_flags(given, question.labels) for given in labels], dtype=np.float32)
    return Aids(table.tocsr(), truth, weights, is_phrase)


def _short(row: Row, name: str) -> list[str]:
    """The labels of a short text; danger to life or money follows from its cause."""
    if name == "safety":
        return [str(bool({"safety", "fraud"} & set(row["cause"])))]
    return list(row.get(name, ["none"]))


def fit_space(texts: Sequence[str]) -> Space:
    """The n-grams that at least LEAST texts have, and the weight of every dense column."""
    seen = [np.zeros(BINS, dtype=np.int64) for _ in POWERS]
    spread: list[Floats] = []
    for batch in batches(texts):
        for k, block in enumerate(grams(batch)[: len(seen)]):
            cells = np.unique(block.rows.astype(np.int64) * BINS + block.bins) % BINS
            seen[k] += np.bincount(cells, minlength=BINS)
        spread.append(np.hstack([dense(batch), content.columns(batch)[2]]))
    bins = [np.flatnonzero(total >= LEAST).astype(np.int32) for total in seen]
    idf = [
        (np.log((1 + len(texts)) / (1 + total[b])) + 1).astype(np.float32)
        for total, b in zip(seen, bins, strict=True)
    ]
    columns = np.vstack(spread)
    deviation = np.maximum(columns.std(axis=0), 0.05)
    scale = np.full(columns.shape[1], MEANING, dtype=np.float32)
    scale[: LEXICAL + SIGNS] = PLAIN / deviation[: LEXICAL + SIGNS]
    scale[WIDTH:] = PHRASES / deviation[WIDTH:]
    return Space(bins, idf, False, 0, scale, list(POWERS))


def matrix(space: Space, texts: Sequence[str]) -> sparse.csr_matrix:
    return sparse.vstack(
        [content.read(space, batch, content.columns(batch)[2]).matrix() for batch in batches(texts)],
        format="csr",
    )


@dataclass(slots=True)
class Lesson:
    """A question with its kernels; `teach` learns from a part of the judged texts and all aids."""

    question: Question
    table: sparse.csr_matrix
    aids: Aids | None
    kernel: Floats  # judged and aids × judged and aids

    def teach(self, learn: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Rows used, their dual weights, the mean that is added."""
        height, truth = len(self.question.truth), self.question.truth
        mean = truth[learn].mean(axis=0)
        if self.aids is None:
            penalty = np.full(len(learn), RIDGE)
            return learn, ridge(self.kernel[np.ix_(learn, learn)], truth[learn] - mean, penalty), mean
        used = np.concatenate([learn, height + np.arange(len(self.aids.truth))])
        of_phrases = self.aids.truth[self.aids.phrases].mean(axis=0)
        usual = np.where(self.aids.phrases[:, None] & ~self.question.one_of, of_phrases, mean)
        target = np.vstack([truth[learn] - mean, self.aids.truth - usual])
        penalty = np.concatenate([np.full(len(learn), RIDGE), RIDGE / self.aids.weights])
        return used, ridge(self.kernel[np.ix_(used, used)], target, penalty), mean

    def outside(self, parts: NDArray[np.int64]) -> Floats:
        """Scores of every judged text by a model that has not seen its part."""
        scores = np.zeros_like(self.question.truth)
        for part in range(FOLDS):
            ask = np.flatnonzero(parts == part)
            used, dual, mean = self.teach(np.flatnonzero((parts != part) & self.question.known))
            scores[ask] = self.kernel[np.ix_(ask, used)] @ dual + mean
        return scores

    def weights(self) -> tuple[Floats, Floats]:
        """Of all texts together: columns × labels, and the bias."""
        used, dual, mean = self.teach(np.flatnonzero(self.question.known))
        table = (
            self.table if self.aids is None else sparse.vstack([self.table, self.aids.table], format="csr")
        )
        return np.asarray(table[used].T @ dual, dtype=np.float32), mean.astype(np.float32)


def lessons(rows: list[Row], abuse: list[Row], more: list[Row]) -> tuple[Space, list[Lesson]]:
    texts = [row["text"] for row in rows] + [row["text"] for row in abuse]
    space = fit_space(texts)
    table = matrix(space, texts)
    plain = np.asarray((table @ table.T).todense())
    found = []
    for question in questions(rows, abuse):
        helped = aids(question, space, more)
        kernel = plain
        if helped is not None:
            across = np.asarray((helped.table @ table.T).todense())
            among = np.asarray((helped.table @ helped.table.T).todense())
            kernel = np.vstack([np.hstack([plain, across.T]), np.hstack([across, among])])
        found.append(Lesson(question, table, helped, kernel))
    return space, found


def build(target: Path = content.MODEL, *, without: int | None = None) -> Model:
    """Fit, calibrate on scores out of fold, write the file; the card carries the scores.

    `without` leaves one part out altogether, so that it can be read by a model that has not seen it.
    """
    rows, abuse, more = (read_rows(f"{name}.jsonl") for name in ("texts_train", "abuse_train", "texts_more"))
    if without is not None:
        apart = folds(len(rows) + len(abuse)) == without
        rows, abuse = (
            [row for row, out in zip(rows, apart, strict=False) if not out],
            [row for row, out in zip(abuse, apart[len(rows) :], strict=True) if not out],
        )
    space, all_lessons = lessons(rows, abuse, more)
    parts = folds(len(rows) + len(abuse))
    weights, bias, heads, scores, first = [], [], {}, {}, 0
    limits: dict[str, float] = {}
    tops: dict[str, Top] = {}
    card: dict[str, Any] = {}
    for lesson in all_lessons:
        question, outside = lesson.question, lesson.outside(parts)
        head = _head(question, outside, first)
        scores[question.name] = judged(question, head, outside)
        scores[question.name] |= _calibration(question, outside, parts)
        if question.name not in (
            "safety",
            "signals",
            "cause",
        ):  # danger is always shown; signals are many or none
            tops[question.name] = _certainty(question, head, outside)
        if question.name == "abuse":
            card["abuse_limit"] = _abuse_limit(question, head, outside)
        columns, mean = lesson.weights()
        weights.append(columns)
        bias.append(mean)
        heads[question.name] = head
        first += len(question.labels)
    card |= {
        "name": "content",
        "data": f"{len(rows)} + {len(abuse)} + {len(more)} invented texts of this project (otklik/analysis/data)",
        "licence": "Apache-2.0",
        "method": f"kernel ridge, strength {RIDGE}, n-grams seen in {LEAST} texts or more, phrases of our lexicons",
        "split": f"{FOLDS} parts of the training texts; held texts of another author are scored by held.py",
        "limits": limits,
        "scores_cross_validated": scores,
    }
    card["habits"] = habits(rows, heads["cause"].labels)
    likely, truth = _likely_causes(all_lessons, heads, parts, rows, card)
    card["cause_level"] = level(likely, truth)
    tops["cause"], tops["no_cause"] = causes_given(likely, truth, card["cause_level"])
    card["confidence"] = {name: platt(*top) for name, top in tops.items()}
    for name, top in tops.items():
        error = ece(trusted(*top), top[1])
        scores.setdefault(name, {})["ece"] = None if error is None else round(error, 3)
        limits[name] = limit(applied(top[0], card["confidence"][name]), top[1])
    known = Model(space, np.hstack(weights), np.concatenate(bias), heads, card)
    known.save(target)
    return known


def _head(question: Question, scores: Floats, first: int) -> Head:
    at = question.known
    truth = question.truth[at]
    if question.one_of:
        slopes, shift = calibrate_one(scores[at], truth.argmax(axis=1), len(question.labels))
        lift = np.zeros(len(question.labels), dtype=np.float32)
    else:
        slopes, shift, lift = calibrate_many(scores[at], truth)
    return Head(question.name, question.labels, question.one_of, first, lift, slopes, shift)


def judged(question: Question, head: Head, scores: Floats) -> dict[str, Any]:
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


def _certainty(question: Question, head: Head, scores: Floats) -> Top:
    """How sure the likeliest label of each judged text was, and whether it was right."""
    at = question.known
    shares = head.probabilities(scores[at])
    top = shares.argmax(axis=1)
    right = question.truth[at][np.arange(len(top)), top] > 0
    return shares.max(axis=1), right


def _calibration(question: Question, scores: Floats, parts: NDArray[np.int64]) -> dict[str, Any]:
    """Expected calibration error on texts that neither the model nor the calibrator has seen."""
    sure, right = [], []
    for half in (parts % 2 == 0, parts % 2 == 1):
        fitted = Question(
            question.name, question.labels, question.truth, question.known & ~half, question.one_of
        )
        asked = Question(
            question.name, question.labels, question.truth, question.known & half, question.one_of
        )
        one, other = _certainty(asked, _head(fitted, scores, 0), scores)
        sure.append(one)
        right.append(other)
    error = ece(np.concatenate(sure), np.concatenate(right))
    return {"ece": None if error is None else round(error, 3)}


def habits(rows: list[Row], labels: list[str]) -> dict[str, list[float]]:
    """How usual each cause is in each industry: the logarithm of its share there over its share everywhere."""
    flags = np.array([_flags(row["cause"], labels) for row in rows], dtype=np.float64)
    industry = np.array([row["industry"] for row in rows])
    usual = flags.mean(axis=0)
    found = {}
    for name in sorted(set(industry.tolist())):
        here = flags[industry == name]
        share = (here.sum(axis=0) + USUAL * usual) / (len(here) + USUAL)
        found[name] = [round(float(value), 3) for value in np.log(share / usual)]
    return found


def _likely_causes(
    known: list[Lesson],
    heads: dict[str, Head],
    parts: NDArray[np.int64],
    rows: list[Row],
    card: dict[str, Any],
) -> tuple[Floats, Floats]:
    """Probabilities of causes as `cause.likelihood` gives them, of texts not learnt from, and the truth."""
    height = len(rows)
    by_name = {lesson.question.name: lesson for lesson in known}
    shares = {
        name: heads[name].probabilities(by_name[name].outside(parts)[:height]) for name in ("cause", "intent")
    }
    cause = np.clip(shares["cause"], 1e-4, 1 - 1e-4)
    logits = np.log(cause / (1 - cause)) + HABIT * np.array([card["habits"][row["industry"]] for row in rows])
    columns = [heads["intent"].labels.index(name) for name in UNHAPPY]
    unhappy = shares["intent"][:, columns].max(axis=1, keepdims=True)
    return unhappy**DOUBT / (1 + np.exp(-logits)), by_name["cause"].question.truth[:height]


def _abuse_limit(question: Question, head: Head, scores: Floats) -> float:
    """The probability of abuse that nearly all angry texts stay under."""
    shares = head.probabilities(scores)
    abusive = shares[:, [question.labels.index(name) for name in HARMFUL]].sum(axis=1)
    angry = question.truth[:, question.labels.index("angry")] > 0
    return round(float(np.quantile(abusive[angry], LAWFUL)), 4)


if __name__ == "__main__":
    print(json.dumps({k: v for k, v in build().card.items() if k != "data"}, indent=1))  # noqa: T201
