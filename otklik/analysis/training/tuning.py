"""How much naive Bayes is mixed in, and the temperature: never chosen on a text whose score or ECE they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.features import Floats
from otklik.analysis.training.heat import temperature

MIXES = (0.0, 0.01, 0.02, 0.03, 0.05)  # of naive Bayes weights to those of the support vectors

Truth = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tuning:
    """`mix` is a place in MIXES; scores × `heat` are logits."""

    mix: int = 0
    heat: float = 1.0


def tuned(scores: Sequence[Floats], truth: Truth) -> Tuning:
    """The best mix and its temperature; `scores` are texts × labels for each of MIXES."""
    if not len(truth):
        return Tuning()
    mix = max(range(len(MIXES)), key=lambda k: float((scores[k].argmax(axis=1) == truth).mean()))
    chosen = scores[mix]
    ranked = np.sort(chosen, axis=1)
    usual = int(np.argsort(ranked[:, -1] - ranked[:, -2], kind="stable")[len(chosen) // 2])
    second = int(np.argsort(chosen[usual], kind="stable")[-2])
    # One more text, of the usual kind and answered wrong: no number of texts proves that nothing ever goes wrong.
    return Tuning(mix, temperature(np.vstack([chosen, chosen[usual]]), np.append(truth, second)))


def crossed(scores: Sequence[Floats], truth: Truth, half: NDArray[np.bool_]) -> Floats:
    """Logits of every text, each half tuned by the other half alone."""
    logits = np.zeros_like(scores[0])
    for mine, other in ((half, ~half), (~half, half)):
        by = tuned([one[other] for one in scores], truth[other])
        logits[mine] = scores[by.mix][mine] * by.heat
    return logits
