"""Scores → probabilities that mean what they say, and the error of probabilities (ECE)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from sklearn.linear_model import LogisticRegression

from otklik.analysis.engine.features import Floats

BINS = 15
FEWEST = 500  # below this many texts no error is reported


def calibrate_one(
    scores: Floats, truth: NDArray[np.int64], width: int, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Slopes (width × width) and shift of softmax(scores @ slopes + shift), fitted on scores out of fold."""
    model = LogisticRegression(C=10.0, max_iter=500).fit(scores, truth, sample_weight=weights)
    coefficients, shifts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        shifts = np.concatenate([-shifts, shifts]) / 2
    slopes = np.zeros((width, width), dtype=np.float32)
    shift = np.full(width, -20, dtype=np.float32)
    slopes[:, model.classes_] = coefficients.T
    shift[model.classes_] = shifts
    return slopes, shift


def calibrate_many(
    scores: Floats, truth: NDArray[Any], weights: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Slope, shift and lift of each label; the lift is where micro-F1 over all labels is best."""
    slopes, shifts = [], []
    for k in range(scores.shape[1]):
        model = LogisticRegression(C=10.0).fit(scores[:, [k]], truth[:, k], sample_weight=weights)
        slopes.append(model.coef_[0, 0])
        shifts.append(model.intercept_[0])
    slope, shift = np.array(slopes, dtype=np.float32), np.array(shifts, dtype=np.float32)
    shares = 1 / (1 + np.exp(-(scores * slope + shift)))
    best = max(np.arange(0.2, 0.61, 0.01), key=lambda level: micro_f1(truth, shares >= level, weights))
    lift = (shift - np.log(best / (1 - best))) / slope
    return slope, shift, lift.astype(np.float32)


def micro_f1(truth: NDArray[Any], answer: NDArray[Any], weights: Floats | None = None) -> float:
    """Over all labels together; `weights` are of the texts."""
    each = 1.0 if weights is None else weights[:, None]
    both = float(((answer & (truth > 0)) * each).sum())
    return 2 * both / max(1.0, float(((answer + 0.0 + (truth > 0)) * each).sum()))


def ece(confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS) -> float | None:
    """Expected calibration error over bins of equal size; None when there are too few texts."""
    if len(confidence) < FEWEST:
        return None
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [abs(confidence[part].mean() - right[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(confidence))


def ridge(system: Floats, target: Floats, penalty: Floats) -> Floats:
    """Dual weights of all rows."""
    whole = system.astype(np.float64)
    whole[np.diag_indices(len(whole))] += penalty
    weights: Floats = linalg.solve(whole, target, assume_a="pos", overwrite_a=True)
    return weights
