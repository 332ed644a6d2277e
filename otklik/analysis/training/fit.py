"""Fits spaces and heads (scikit-learn; never imported by the engine)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from otklik.analysis.engine import text
from otklik.analysis.engine.dense import LEXICAL, SIGNS, WIDTH, dense
from otklik.analysis.engine.features import BINS, Floats, Matrix, grams
from otklik.analysis.engine.linear import Head, Model, Space
from otklik.analysis.engine.objects import Named, around, mentions
from otklik.analysis.training.calibration import calibrate_many, calibrate_one, ece, micro_f1
from otklik.analysis.training.certainty import limit
from otklik.analysis.training.datasets import same

LEAST = 5  # an n-gram is kept when this many texts have it
BATCH = 512
SEED = 20
SHARE = 0.15  # what one standard deviation of a lexical column weighs beside n-grams
EXTRA_SHARE = 0.25  # the same for what stands near an object's name
MEANING = 1.4  # what the averaged vectors weigh


def batches(texts: Sequence[str]) -> Iterator[text.Batch]:
    """The texts cut into tokens, BATCH at a time: what a batch remembers is gone with it."""
    return (text.read(texts[k : k + BATCH]) for k in range(0, len(texts), BATCH))


def fit_space(
    texts: Sequence[str], *, folded: bool = False, near: int = 0, powers: Sequence[float] = (1, 1, 1)
) -> Space:
    """The space of the n-grams that at least LEAST of `texts` have (copies of one post count once)."""
    distinct = list({same(t): t for t in texts}.values())
    count = 3 if near else 2
    seen = [np.zeros(BINS, dtype=np.int32) for _ in range(count)]
    spread: list[Floats] = []
    for batch in batches(distinct):
        for k, block in enumerate(grams(batch, folded=folded, near=near)):
            cells = np.unique(block.rows.astype(np.int64) * BINS + block.bins) % BINS
            seen[k] += np.bincount(cells, minlength=BINS).astype(np.int32)
        spread.append(dense(batch)[:, : LEXICAL + SIGNS])
    bins = [np.flatnonzero(total >= LEAST).astype(np.int32) for total in seen]
    idf = [
        (np.log((1 + len(distinct)) / (1 + total[b])) + 1).astype(np.float32)
        for total, b in zip(seen, bins, strict=True)
    ]
    scale = np.full(WIDTH, MEANING, dtype=np.float32)
    scale[: LEXICAL + SIGNS] = SHARE / np.maximum(np.vstack(spread).std(axis=0), 0.02)
    return Space(bins, idf, folded, near, scale, [float(p) for p in powers[:count]])


def matrix(space: Space, texts: Sequence[str]) -> Matrix:
    """Texts as rows of the space's columns."""
    return sparse.vstack([space.read(batch).matrix() for batch in batches(texts)], format="csr")


@dataclass(slots=True)
class Task:
    """What one head learns: rows of a matrix and their labels (a list of labels for `many`)."""

    name: str
    labels: list[str]
    rows: Matrix
    truth: NDArray[np.int64]  # numbers of labels, or texts × labels of 0 and 1
    groups: Sequence[str]  # copies share a group: never on both sides of a fold
    cost: float = 0.15
    importance: Floats | None = None
    judged: NDArray[np.bool_] | None = None  # rows the calibration looks at (default: all)
    away: NDArray[np.bool_] | None = (
        None  # rows of another domain: their own bias and lexical weights, then dropped
    )
    extra: Floats | None = None  # further columns that only this head looks at
    lift: Sequence[float] | None = None  # added to the scores before a label is chosen
    ratio: bool = False  # two labels: n-grams scaled by how much more often one label has them (NB-LR)


def _prepared(task: Task, part: NDArray[np.intp]) -> tuple[Matrix, Floats]:
    """The rows as the learner of `part` sees them and what its weights are multiplied by afterwards."""
    rows, width = task.rows, task.rows.shape[1]
    factors = np.ones(width, dtype=np.float32)
    if task.ratio:
        learnt, yes = rows[part], task.truth[part] == 1
        one = np.asarray((learnt[yes] > 0).sum(axis=0)).ravel() + 1.0
        other = np.asarray((learnt[~yes] > 0).sum(axis=0)).ravel() + 1.0
        factors[:-WIDTH] = np.log((one / one.sum()) / (other / other.sum()))[:-WIDTH]
        rows = (rows @ sparse.diags(factors)).tocsr()
    if task.extra is not None:
        rows = sparse.hstack([rows, sparse.csr_matrix(task.extra * _shares(task))], format="csr")
    if task.away is not None:
        flags = task.away.astype(np.float32)
        rows = sparse.hstack(
            [rows, sparse.csr_matrix(2 * flags[:, None]), sparse.diags(flags) @ task.rows[:, -WIDTH:]],
            format="csr",
        )
    return rows, factors


def _shares(task: Task) -> Floats:
    """What the extra columns are multiplied by, so that they weigh like lexical ones."""
    extra = np.zeros((1, 0), np.float32) if task.extra is None else task.extra
    home = extra if task.away is None or task.extra is None else extra[~task.away]
    shares: Floats = (EXTRA_SHARE / np.maximum(home.std(axis=0), 0.02)).astype(np.float32)
    return shares


def fit_one(task: Task) -> tuple[Floats, Floats, Head]:
    """Weights, bias and head of a question with exactly one answer."""
    wanted = len(task.labels)
    out = _out_of_fold(task, lambda part: _svm(task, part), wanted)
    judged = np.ones(len(task.truth), bool) if task.judged is None else task.judged
    slopes, shift = calibrate_one(out[judged], task.truth[judged], wanted)
    weights, bias = _svm(task, np.arange(len(task.truth)))
    width = task.rows.shape[1]
    extra = None if task.extra is None else weights[width:] * _shares(task)[:, None]
    lift = np.array(task.lift or [0.0] * wanted, np.float32)
    head = Head(task.name, task.labels, True, 0, lift, slopes, shift, extra)
    head.measured = measured(head, out[judged], task.truth[judged])
    return weights[:width], bias, head


def measured(head: Head, out: Floats, truth: NDArray[np.int64]) -> dict[str, float]:
    """How good a head is on texts it did not learn, and from which confidence on it is right WORTH times of one.

    `out` are scores out of fold; each half of the texts is read with the calibration of the other half.
    """
    even = np.arange(len(truth)) % 2 == 0
    shares = np.zeros_like(out)
    for mine, other in ((even, ~even), (~even, even)):
        if head.one_of:
            slopes, shift = calibrate_one(out[other], truth[other], len(head.labels))
        else:
            slopes, shift, _ = calibrate_many(out[other], truth[other])
        shares[mine] = replace(head, slopes=slopes, shift=shift).probabilities(out[mine])
    chosen = head.chosen(out)
    if head.one_of:
        sure, right = shares[np.arange(len(truth)), chosen.astype(np.intp)], chosen == truth
        score = f1_score(truth, chosen, average="macro")
        gap = ece(sure, right)
    else:
        sure, right = np.maximum(shares, 1 - shares).min(axis=1), (chosen == (truth > 0)).all(axis=1)
        score = micro_f1(truth, chosen)
        gap = ece(shares.ravel(), truth.ravel() > 0)
    level = limit(sure, right)
    shown = sure >= level
    found = {
        "texts": len(truth), "macro_f1" if head.one_of else "micro_f1": score, "right": right.mean(), "ece": gap,
        "limit": level, "shown": shown.mean(), "right_when_shown": right[shown].mean(),
    }  # fmt: skip
    return {name: round(float(value), 4) for name, value in found.items() if value is not None}


def fit_many(task: Task) -> tuple[Floats, Floats, Head]:
    """Weights, bias and head of a question with several answers or none; thresholds for the best micro-F1."""
    out = _out_of_fold(task, lambda part: _each(task, part), len(task.labels))
    slopes, shift, lift = calibrate_many(out, task.truth)
    weights, bias = _each(task, np.arange(len(task.truth)))
    head = Head(task.name, task.labels, False, 0, lift, slopes, shift)
    head.measured = measured(head, out, task.truth)
    return weights, bias, head


def _out_of_fold(task: Task, fit, width: int) -> Floats:  # type: ignore[no-untyped-def]
    out = np.zeros((len(task.truth), width), dtype=np.float32)
    names = {name: k for k, name in enumerate(dict.fromkeys(task.groups))}
    groups = np.array([names[name] for name in task.groups])
    for learn, ask in GroupKFold(n_splits=4).split(groups, groups=groups):
        weights, bias = fit(learn)
        out[ask] = task.rows[ask] @ weights[: task.rows.shape[1]] + bias
        if task.extra is not None:
            out[ask] += (task.extra[ask] * _shares(task)) @ weights[task.rows.shape[1] :]
    return out


def _svm(task: Task, part: NDArray[np.intp]) -> tuple[Floats, Floats]:
    rows, factors = _prepared(task, part)
    width = task.rows.shape[1]
    importance = None if task.importance is None else task.importance[part]
    learner = (
        LogisticRegression(C=task.cost, solver="liblinear", random_state=SEED)
        if task.ratio
        else LinearSVC(C=task.cost, class_weight="balanced", random_state=SEED, tol=1e-3)
    )
    learner.fit(rows[part], task.truth[part], sample_weight=importance)
    kept = learner.coef_[:, : width + (0 if task.extra is None else task.extra.shape[1])].T
    weights, bias = kept.copy(), learner.intercept_
    weights[:width] *= factors[:, None]
    if len(learner.classes_) == 2:
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    full = np.zeros((len(weights), len(task.labels)), np.float32)
    shift = np.full(len(task.labels), -9, np.float32)
    full[:, learner.classes_], shift[learner.classes_] = weights, bias
    return full, shift


def _each(task: Task, part: NDArray[np.intp]) -> tuple[Floats, Floats]:
    columns, shifts = [], []
    for k in range(len(task.labels)):
        model = LinearSVC(C=task.cost, class_weight="balanced", random_state=SEED, tol=1e-3)
        model.fit(task.rows[part], task.truth[part, k])
        columns.append(model.coef_[0])
        shifts.append(model.intercept_[0])
    return np.array(columns, dtype=np.float32).T, np.array(shifts, dtype=np.float32)


def assemble(space: Space, fitted: list[tuple[Floats, Floats, Head]], card: dict[str, object]) -> Model:
    """One model file of several heads over the same space."""
    heads, first = {}, 0
    for weights, _, head in fitted:
        head.first = first
        heads[head.name] = head
        first += weights.shape[1]
    weights = np.hstack([w for w, _, _ in fitted])
    return Model(space, weights, np.concatenate([b for _, b, _ in fitted]), heads, card)


def answers(
    model: Model, name: str, texts: Sequence[str], objects: Sequence[str | None] | None = None
) -> tuple[NDArray[np.generic], Floats]:
    """Chosen labels and probabilities of one head for many texts."""
    head = model.heads[name]
    chosen, shares, done = [], [], 0
    for batch in batches(texts):
        scores = model.scores(model.space.read(batch))[:, head.columns]
        if head.extra is not None and objects is not None:
            scores = scores + around(batch, _named(batch, objects[done : done + len(batch)])) @ head.extra
        chosen.append(head.chosen(scores))
        shares.append(head.probabilities(scores))
        done += len(batch)
    return np.concatenate(chosen), np.concatenate(shares)


def near_objects(rows: Sequence[tuple[str, str]]) -> Floats:
    """`around` for many (text, object) pairs; an empty object looks at the whole text."""
    parts = [rows[k : k + BATCH] for k in range(0, len(rows), BATCH)]
    read = [(text.read([t for t, _ in part]), [name for _, name in part]) for part in parts]
    return np.vstack([around(batch, _named(batch, names)) for batch, names in read])


def _named(batch: text.Batch, names: Sequence[str | None]) -> list[Named]:
    return [mentions(batch, row, name or "") for row, name in enumerate(names)]
