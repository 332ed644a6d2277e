"""Tone of a whole text and towards an object that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import words
from otklik.analysis.engine.dense import FLIP
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Model
from otklik.analysis.engine.objects import around
from otklik.analysis.engine.text import Batch, read

TONES = ("negative", "neutral", "positive", "mixed")
TOWARDS = TONES[:3]
HINT = 0.4  # what one step of the lexicon's strength adds, as a share of the text's strongest word


@dataclass(slots=True)
class Tones:
    """Labels and probabilities of a batch, in the order of `names`."""

    names: tuple[str, ...]
    labels: list[str]
    shares: Floats

    def shares_of(self, k: int) -> dict[str, float]:
        return {name: round(float(p), 4) for name, p in zip(self.names, self.shares[k], strict=True)}


def whole(model: Model, scores: Floats) -> Tones:
    """Tone of each whole text."""
    return _tones(model, "tone", scores, TONES)


def towards(model: Model, batch: Batch, scores: Floats, objects: Sequence[str | None]) -> Tones | None:
    """Tone towards the named object of each text; None when no text names one."""
    if not any(objects):
        return None
    extra = model.heads["towards"].extra
    more = None if extra is None else around(batch, objects) @ extra
    return _tones(model, "towards", scores, TOWARDS, more)


def _tones(
    model: Model, name: str, scores: Floats, names: tuple[str, ...], more: Floats | None = None
) -> Tones:
    head = model.heads[name]
    part = scores[:, head.columns] if more is None else scores[:, head.columns] + more
    chosen = head.chosen(part)
    return Tones(names, [head.labels[int(k)] for k in chosen], head.probabilities(part))


def replace_kazakh(model: Model, batch: Batch, rows: list[int], text: Tones, toward: Tones | None) -> None:
    """Kazakh texts are judged by their own model, which knows negative and positive only."""
    part = read([batch.texts[k] for k in rows])
    head = model.heads["kazakh"]
    scores = model.scores(model.space.read(part))
    chosen, shares = head.chosen(scores), head.probabilities(scores)
    for place, k in enumerate(rows):
        bad, good = float(shares[place, 0]), float(shares[place, 1])
        for tones in (text, toward):
            if tones is not None:
                tones.labels[k] = head.labels[int(chosen[place])]
                tones.shares[k] = 0
                tones.shares[k, 0], tones.shares[k, 2] = bad, good


def with_lexicon(batch: Batch, carried: Floats, labels: list[str]) -> Floats:
    """Add to each word's weight what the lexicon says in the direction of its text's label."""
    strength = words.scores(batch)
    _, behind = words.negated(batch)
    strength = np.where(behind, strength * np.float32(FLIP), strength)
    direction: NDArray[np.float32] = np.array(
        [{"negative": -1.0, "positive": 1.0}.get(label, 0.0) for label in labels], dtype=np.float32
    )
    sides = direction[batch.token_rows]
    mixed = np.array([label == "mixed" for label in labels])[batch.token_rows]
    hints = np.where(mixed, np.abs(strength), strength * sides)
    top = np.full(len(batch), 1e-6, dtype=np.float32)
    np.maximum.at(top, batch.token_rows, carried)
    return (carried / top[batch.token_rows] + HINT * hints).astype(np.float32)
