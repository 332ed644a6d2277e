"""Learns one field from labels of an organisation: seconds, judged on held texts before it replaces anything.

A field may have any labels. The new model is fitted on four fifths of the texts (copies of one text stay together)
and judged on the rest beside what answers the field today (`before`), then fitted on everything.
"""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from otklik.analysis.engine.dense import LEXICAL, SIGNS, WIDTH
from otklik.analysis.engine.features import Floats, Matrix
from otklik.analysis.engine.linear import Head, Space
from otklik.analysis.engine.vectors import vectors
from otklik.analysis.training.before import Before, judge, previous
from otklik.analysis.training.calibration import ece
from otklik.analysis.training.datasets import same
from otklik.analysis.training.fit import SEED, assemble, batches, fit_space, matrix
from otklik.analysis.training.tuning import MIXES, Truth, Tuning, crossed, tuned

__all__ = ["Outcome", "TooFew", "held_texts", "judge", "previous", "retrain"]

NEAR = 16  # pairs of words up to this distance
COST = 0.5
FEWEST = 20  # texts below which nothing can be learnt
EACH = 3  # texts a label needs, on average
ENOUGH = 200  # held texts from which on one half of them can tune the other
PARTS = 5  # one of them is held
RUSSIAN = 0.3  # share of words known to the vectors below which they only disturb


class TooFew(ValueError):
    """There is not enough to learn from; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a retraining did; scores are macro-F1 and accuracy on the held texts, `old` null when there was none."""

    field: str
    texts: int
    labels: int
    held: int
    old: dict[str, float] | None
    new: dict[str, float]
    ece: float | None
    seconds: float
    replaced: bool
    file: str | None

    def as_record(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Task:
    """Texts as rows of a space, and the numbers of their labels."""

    space: Space
    rows: Matrix
    truth: Truth
    names: list[str]
    texts: Sequence[str]


def retrain(
    field: str, texts: Sequence[str], labels: Sequence[str], out: Path, before: Before | None = None
) -> Outcome:
    """Learn `field`, judge it, write `out/FIELD.npz` unless it is worse than what was there `before`.

    An own model gives way to one that is worse on neither score, the shipped reader only to a better one.
    """
    begin = time.perf_counter()
    names = sorted(set(labels))
    if len(texts) < FEWEST or len(names) < 2 or len(names) * EACH > len(texts):
        raise TooFew(f"{len(texts)} texts with {len(names)} labels")
    truth = np.array([names.index(label) for label in labels], dtype=np.int64)
    held = held_texts(texts, truth)
    if not held.any():
        raise TooFew("no text can be held for judging")
    space = _space(texts)
    task = Task(space, matrix(space, texts), truth, names, texts)
    parts = _fit(task.rows[~held], truth[~held], len(names))
    by, logits = _tuned(task, parts, held)
    right = truth[held]
    new = _judged(right, logits.argmax(axis=1))
    old = None
    if before is not None:
        given = before.answer([text for text, kept in zip(texts, held, strict=True) if kept])
        old = _judged(right, np.array([names.index(one) if one in names else -1 for one in given]))
    path = out / f"{field}.npz" if old is None or before is None or _better(new, old, before) else None
    if path:
        card: dict[str, object] = {
            "name": field, "texts": len(texts), "labels": dict(Counter(labels)), "held": int(held.sum()),
            "scores": new, "seed": SEED,
        }  # fmt: skip
        for target, fitted in (
            (path, _fit(task.rows, truth, len(names))),
            (judge(out, field), parts),
        ):
            _write(target, field, task, fitted, by, card)
    gap = ece(_sure(logits), logits.argmax(axis=1) == right)
    seconds = round(time.perf_counter() - begin, 2)
    return Outcome(
        field, len(texts), len(names), int(held.sum()), old, new, None if gap is None else round(gap, 4), seconds,
        path is not None, str(path) if path else None,
    )  # fmt: skip


def _better(new: dict[str, float], old: dict[str, float], before: Before) -> bool:
    return all(new[name] >= old[name] for name in new) and not (before.shipped and new == old)


def _write(path: Path, field: str, task: Task, fitted: Parts, by: Tuning, card: dict[str, object]) -> None:
    weights, bias = _mixed(fitted, MIXES[by.mix])
    width = len(task.names)
    zeros = np.zeros(width, np.float32)
    head = Head(field, task.names, True, 0, zeros, np.eye(width, dtype=np.float32) * by.heat, zeros)
    assemble(task.space, [(weights, bias, head)], card).save(path)


def _tuned(task: Task, parts: Parts, held: NDArray[np.bool_]) -> tuple[Tuning, Floats]:
    """How the model is tuned, and the logits of the held texts, by a tuning that has not seen them."""
    scores = [_scores(task.rows[held], parts, mix) for mix in MIXES]
    if held.sum() >= ENOUGH:
        half = np.array([_number(text) // PARTS % 2 == 0 for text in task.texts])[held]
        if half.any() and not half.all():
            return tuned(scores, task.truth[held]), crossed(scores, task.truth[held], half)
    by = _tuned_within(task, ~held)
    return by, scores[by.mix] * np.float32(by.heat)


def _tuned_within(task: Task, learn: NDArray[np.bool_]) -> Tuning:
    """Tuned on the texts to learn from alone, each part of them read by a model of the others."""
    found: list[list[Floats]] = []
    right: list[Truth] = []
    texts = [text for text, taken in zip(task.texts, learn, strict=True) if taken]
    rows, truth = task.rows[learn], task.truth[learn]
    for part in range(1, PARTS):
        ask = _apart(texts, truth, part)
        if ask.any():
            fitted = _fit(rows[~ask], truth[~ask], len(task.names))
            found.append([_scores(rows[ask], fitted, mix) for mix in MIXES])
            right.append(truth[ask])
    if not found:
        return Tuning()
    return tuned([np.vstack(one) for one in zip(*found, strict=True)], np.concatenate(right))


def _space(texts: Sequence[str]) -> Space:
    space = fit_space(texts, near=NEAR)
    known = [(vectors().places(batch) >= 0).mean() for batch in batches(texts) if len(batch.starts)]
    if not known or np.mean(known) < RUSSIAN:
        space.scale[LEXICAL + SIGNS :] = 0
    return space


def held_texts(texts: Sequence[str], truth: Truth) -> NDArray[np.bool_]:
    """A fifth of the texts by a number of their content; a label keeps at least one text to learn from."""
    held = _apart(texts, truth, 0)
    if not held.any():  # few texts, or copies of one
        held = _spared(np.arange(len(truth)) % PARTS == 0, truth)
    return held


def _apart(texts: Sequence[str], truth: Truth, part: int) -> NDArray[np.bool_]:
    return _spared(np.array([_number(text) % PARTS == part for text in texts]), truth)


def _spared(apart: NDArray[np.bool_], truth: Truth) -> NDArray[np.bool_]:
    """Labels all of whose texts are apart get them back."""
    for label in np.unique(truth):
        mine = truth == label
        if apart[mine].all():
            apart[mine] = False
    return apart


def _number(text: str) -> int:
    """The same for all copies of a text."""
    return crc32(same(text).encode("utf-8", "surrogatepass"))


Parts = tuple[Floats, Floats, Floats, Floats]


def _fit(rows: Matrix, truth: Truth, width: int) -> Parts:
    with warnings.catch_warnings():  # labels that contradict each other; the held texts judge what came of it
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner = LinearSVC(C=COST, random_state=SEED, tol=1e-2).fit(rows, truth)
    weights, bias = learner.coef_.T.astype(np.float32), learner.intercept_.astype(np.float32)
    if len(learner.classes_) == 2:
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    full = np.zeros((rows.shape[1], width), np.float32)
    shift = np.full(width, -9, np.float32)
    full[:, learner.classes_], shift[learner.classes_] = weights, bias
    return full, shift, *_bayes(rows, truth, width)


def _bayes(rows: Matrix, truth: Truth, width: int) -> tuple[Floats, Floats]:
    """Naive Bayes of each label against all others, on the n-grams only."""
    grams = rows[:, :-WIDTH]
    members = np.eye(width, dtype=np.float32)[truth]
    inside = np.asarray(grams.T @ members) + 0.1
    outside = np.asarray(grams.sum(axis=0)).reshape(-1, 1) - inside + 0.3
    weights = np.zeros((rows.shape[1], width), np.float32)
    weights[:-WIDTH] = np.log((inside / inside.sum(axis=0)) / (outside / outside.sum(axis=0)))
    return weights, np.zeros(width, np.float32)


def _mixed(parts: Parts, mix: float) -> tuple[Floats, Floats]:
    return parts[0] + np.float32(mix) * parts[2], parts[1] + np.float32(mix) * parts[3]


def _scores(rows: Matrix, parts: Parts, mix: float) -> Floats:
    weights, bias = _mixed(parts, mix)
    return np.asarray(rows @ weights + bias, dtype=np.float32)


def _judged(truth: Truth, answer: NDArray[np.integer]) -> dict[str, float]:
    """Accuracy, and macro-F1 over the labels that people gave; an answer of −1 is no label of theirs."""
    each = [
        2 * ((truth == label) & (answer == label)).sum() / ((truth == label).sum() + (answer == label).sum())
        for label in np.unique(truth)
    ]
    return {
        "macro_f1": round(float(np.mean(each)), 4),
        "accuracy": round(float((truth == answer).mean()), 4),
    }


def _sure(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    sure: Floats = (powers.max(axis=1) / powers.sum(axis=1)).astype(np.float32)
    return sure
