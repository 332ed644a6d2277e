"""Joy, sadness, surprise, fear, anger: several or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.evidence import Spans, spans
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Head, Model, Reading, likeliest
from otklik.analysis.engine.text import SINGLE, WORD, Batch

EMOTIONS = ("joy", "sadness", "surprise", "fear", "anger")


@dataclass(slots=True)
class Mood:
    """The emotions of a text, strongest first, the probabilities of all, and the words that carried the given ones."""

    labels: list[str]
    p: dict[str, float]
    spans: Spans
    sure: float  # of the least certain of the five answers


def answers(model: Model, batch: Batch, reading: Reading, scores: Floats) -> list[Mood]:
    """The emotions of each text."""
    head = model.heads["emotions"]
    part = scores[:, head.columns]
    flags, shares = head.chosen(part).astype(bool), head.probabilities(part)
    sure = np.maximum(shares, 1 - shares).min(axis=1).tolist()
    shown = spans(batch, _carried(model, head, batch, reading, flags))
    rounded = np.round(shares.astype(np.float64), 4).tolist()
    moods = []
    for row, (given, share) in enumerate(zip(flags.tolist(), shares.tolist(), strict=True)):
        labels = [head.labels[k] for k in likeliest(share, given)]
        moods.append(Mood(labels, dict(zip(head.labels, rounded[row], strict=True)), shown[row], sure[row]))
    return moods


def _carried(model: Model, head: Head, batch: Batch, reading: Reading, flags: NDArray[np.bool_]) -> Floats:
    """How much each word or emoji spoke for the emotion that it spoke for most, among those given."""
    total = np.zeros(len(batch.starts), dtype=np.float32)
    left = flags.copy()
    while left.any():  # one emotion of every text at a time
        turn = left.argmax(axis=1)
        columns = np.where(left.any(axis=1), head.first + turn, -1)
        total = np.maximum(total, model.carried(reading, columns, len(total)))
        left[np.arange(len(left)), turn] = False
    return np.where((batch.token_kinds == WORD) | (batch.token_kinds == SINGLE), total, np.float32(0))
