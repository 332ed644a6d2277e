"""Learns one field from labels of an organisation: seconds, judged on held texts before it replaces anything.

A field may have any labels. The new model is fitted on four fifths of the texts (copies of one text stay
together), judged on the rest beside the model that is used today, then fitted on everything.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from otklik.analysis.engine.dense import LEXICAL, SIGNS, WIDTH
from otklik.analysis.engine.features import Floats, Matrix
from otklik.analysis.engine.field import read_texts
from otklik.analysis.engine.linear import Head, Model, Space, load
from otklik.analysis.engine.vectors import vectors
from otklik.analysis.training.calibration import ece
from otklik.analysis.training.datasets import same
from otklik.analysis.training.fit import SEED, assemble, batches, fit_space, matrix
from otklik.analysis.training.heat import temperature

NEAR = 16  # pairs of words up to this distance
COST = 0.5
MIXES = (0.0, 0.01, 0.02, 0.03, 0.05)  # of naive Bayes weights to those of the support vectors
FEWEST = 20  # texts below which nothing can be learnt
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


def retrain(
    field: str, texts: Sequence[str], labels: Sequence[str], out: Path, old: Model | None = None
) -> Outcome:
    """Learn `field`, judge it, write `out/FIELD.npz` unless it is worse than `old` on the held texts."""
    begin = time.perf_counter()
    names = sorted(set(labels))
    if len(texts) < FEWEST or len(names) < 2:
        raise TooFew(
            f"{len(texts)} texts with {len(names)} labels: at least {FEWEST} texts and 2 labels are needed"
        )
    truth = np.array([names.index(label) for label in labels], dtype=np.int64)
    held = held_texts(texts, truth)
    space = _space(texts)
    rows = matrix(space, texts)
    parts = _fit(rows[~held], truth[~held], len(names))
    mix = max(MIXES, key=lambda share: _accuracy(_scores(rows[held], parts, share), truth[held]))
    scores = _scores(rows[held], parts, mix)
    heat = temperature(scores, truth[held])
    new = _judged(truth[held], scores.argmax(axis=1))
    before = _old(old, field, [t for t, h in zip(texts, held, strict=True) if h], truth[held], names)
    better = before is None or new["macro_f1"] >= before["macro_f1"]
    path = out / f"{field}.npz" if better else None
    if path:
        card: dict[str, object] = {
            "name": field, "texts": len(texts), "labels": dict(Counter(labels)), "held": int(held.sum()),
            "scores": new, "seed": SEED,
        }  # fmt: skip
        for target, fitted in ((path, _fit(rows, truth, len(names))), (judge(out, field), parts)):
            weights, bias = _mixed(fitted, mix)
            zeros = np.zeros(len(names), np.float32)
            head = Head(field, names, True, 0, zeros, np.eye(len(names), dtype=np.float32) * heat, zeros)
            assemble(space, [(weights, bias, head)], card).save(target)
    gap = ece(_sure(scores * heat), scores.argmax(axis=1) == truth[held])
    seconds = round(time.perf_counter() - begin, 2)
    return Outcome(
        field,
        len(texts),
        len(names),
        int(held.sum()),
        before,
        new,
        gap,
        seconds,
        better,
        str(path) if path else None,
    )


def judge(out: Path, field: str) -> Path:
    """The twin of a field's model that never saw the held texts: only it can be compared fairly next time."""
    return out / f"{field}.judge.npz"


def previous(out: Path, field: str) -> Model | None:
    """What a new model of the field is compared with; ValueError when a file is there but cannot be read."""
    for path in (judge(out, field), out / f"{field}.npz"):
        if path.exists():
            return load(path)
    return None


def _space(texts: Sequence[str]) -> Space:
    space = fit_space(texts, near=NEAR)
    known = [(vectors().places(batch) >= 0).mean() for batch in batches(texts) if len(batch.starts)]
    if not known or np.mean(known) < RUSSIAN:
        space.scale[LEXICAL + SIGNS :] = 0
    return space


def held_texts(texts: Sequence[str], truth: NDArray[np.int64]) -> NDArray[np.bool_]:
    """A fifth of the texts by a number of their content; a label keeps at least one text to learn from."""
    numbers = np.array([crc32(same(text).encode("utf-8", "surrogatepass")) % 5 for text in texts])
    held: NDArray[np.bool_] = numbers == 0
    for label in np.unique(truth):
        mine = truth == label
        if held[mine].all():
            held[mine] = False
    if not held.any():
        held[::5] = True
    return held


Parts = tuple[Floats, Floats, Floats, Floats]


def _fit(rows: Matrix, truth: NDArray[np.int64], width: int) -> Parts:
    learner = LinearSVC(C=COST, random_state=SEED, tol=1e-2).fit(rows, truth)
    weights, bias = learner.coef_.T.astype(np.float32), learner.intercept_.astype(np.float32)
    if len(learner.classes_) == 2:
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    full = np.zeros((rows.shape[1], width), np.float32)
    shift = np.full(width, -9, np.float32)
    full[:, learner.classes_], shift[learner.classes_] = weights, bias
    return full, shift, *_bayes(rows, truth, width)


def _bayes(rows: Matrix, truth: NDArray[np.int64], width: int) -> tuple[Floats, Floats]:
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


def _accuracy(scores: Floats, truth: NDArray[np.int64]) -> float:
    return float((scores.argmax(axis=1) == truth).mean())


def _judged(truth: NDArray[np.int64], answer: NDArray[np.integer]) -> dict[str, float]:
    return {
        "macro_f1": round(float(f1_score(truth, answer, average="macro", zero_division=0)), 4),
        "accuracy": round(float((truth == answer).mean()), 4),
    }


def _sure(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    sure: Floats = (powers.max(axis=1) / powers.sum(axis=1)).astype(np.float32)
    return sure


def _old(
    old: Model | None, field: str, texts: list[str], truth: NDArray[np.int64], names: list[str]
) -> dict[str, float] | None:
    """The model of today on the same held texts; a label that the new labels do not have counts as wrong."""
    if old is None or field not in old.heads:
        return None
    answers = [ranked[0][0] for ranked in read_texts(old, field, texts)]
    return _judged(truth, np.array([names.index(a) if a in names else -1 for a in answers]))
