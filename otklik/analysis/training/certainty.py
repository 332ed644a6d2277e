"""From which probability on a label is given, and from which on a field is worth showing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from otklik.analysis.engine.features import Floats
from otklik.analysis.training.calibration import micro_f1

WORTH = 0.75  # share of right answers above which a field is shown

Half = NDArray[np.bool_]
Top = tuple[
    Floats, NDArray[np.bool_], Half
]  # how sure the chosen label was, was it right, which half of the texts


def limit(sure: Floats, right: NDArray[np.bool_]) -> float:
    """The lowest probability from which on answers are right often enough to be shown."""
    for level in np.arange(0.4, 0.9, 0.02):
        shown = sure >= level
        if shown.any() and right[shown].mean() >= WORTH:
            return round(float(level), 2)
    return 0.9


def level(likely: Floats, truth: Floats) -> float:
    """The probability from which a cause is given, for the best micro-F1."""
    return round(
        float(max(np.arange(0.12, 0.5, 0.02), key=lambda level: micro_f1(truth, likely >= level))), 2
    )


def causes_given(
    likely: Floats, plain: Floats, truth: Floats, given: NDArray[np.bool_], half: Half
) -> tuple[Top, Top]:
    """How sure the first cause is and whether it was right; the same of saying that there is none.

    `likely` knows the industry and the intent, `plain` only the text; `given` says which texts get a cause.
    """
    top, best = likely.argmax(axis=1), likely.max(axis=1)
    right = truth[np.arange(len(top)), top] > 0
    none = truth.sum(axis=1) == 0
    return (best[given], right[given], half[given]), (
        1 - plain[~given].max(axis=1),
        none[~given],
        half[~given],
    )


def platt(sure: Floats, right: NDArray[np.bool_]) -> list[float]:
    """Slope and shift that turn the probability of a chosen label into the share of right answers."""
    fitted = LogisticRegression(C=10.0).fit(logit(sure)[:, None], right)
    return [round(float(fitted.coef_[0, 0]), 4), round(float(fitted.intercept_[0]), 4)]


def applied(sure: Floats, slope_and_shift: list[float]) -> Floats:
    slope, shift = slope_and_shift
    shares: Floats = 1 / (1 + np.exp(-(slope * logit(sure) + shift)))
    return shares


def logit(shares: Floats) -> Floats:
    inside = np.clip(shares, 1e-3, 1 - 1e-3)
    logits: Floats = np.log(inside / (1 - inside))
    return logits


def trusted(sure: Floats, right: NDArray[np.bool_], half: Half) -> Floats:
    """Each half of the texts judged with what the other half taught."""
    shown: Floats = np.where(
        half, applied(sure, platt(sure[~half], right[~half])), applied(sure, platt(sure[half], right[half]))
    )
    return shown
