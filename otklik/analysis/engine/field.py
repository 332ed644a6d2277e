"""Answers of one field's model: labels with probabilities, the best first."""

from __future__ import annotations

from collections.abc import Sequence

from otklik.analysis.engine import text
from otklik.analysis.engine.linear import Model

Ranked = list[tuple[str, float]]


def read_field(model: Model, name: str, batch: text.Batch) -> list[Ranked]:
    """For each text all labels of the head `name` with their probabilities; the chosen label stands first."""
    head = model.heads[name]
    scores = model.scores(model.space.read(batch))[:, head.columns]
    shares = head.probabilities(scores)
    ranked = []
    for values, order in zip(shares, (-(scores + head.lift)).argsort(axis=1, kind="stable"), strict=True):
        ranked.append([(head.labels[int(k)], round(float(values[k]), 4)) for k in order])
    return ranked


def read_texts(model: Model, name: str, texts: Sequence[str], size: int = 256) -> list[Ranked]:
    """The same for many texts, in batches."""
    return [
        ranked
        for start in range(0, len(texts), size)
        for ranked in read_field(model, name, text.read(texts[start : start + size]))
    ]
