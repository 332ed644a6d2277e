"""Joy, sadness, surprise, fear, anger: several or none."""

from __future__ import annotations

from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Model

EMOTIONS = ("joy", "sadness", "surprise", "fear", "anger")


def answers(model: Model, scores: Floats) -> tuple[list[list[str]], Floats]:
    """The emotions of each text, strongest first, and the probabilities of all five."""
    head = model.heads["emotions"]
    part = scores[:, head.columns]
    flags, shares = head.chosen(part), head.probabilities(part)
    found = [
        [head.labels[k] for k in sorted(flagged.nonzero()[0], key=lambda k: -share[k])]
        for flagged, share in zip(flags, shares, strict=True)
    ]
    return found, shares
