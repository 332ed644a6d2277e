"""Angry or abusive: mat about the service is anger and must be answered; an insult needs a person as its target.

The model judges the whole text by its words, by the phrases of our lexicon and by whom they are aimed at (`aim`).
Beside it stand rules: somebody's data are published to harm only when they are somebody else's; a threat of
violence and a name called after a person are what they are, however short the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from otklik.analysis.engine import facts
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.features import Floats

HARMFUL = ("insult_person", "threat", "hate", "doxxing", "sexual")
UPSET = frozenset(
    {"angry", "insult_person", "threat", "doxxing"}
)  # hate and lust are not about what went wrong
PLAIN = 0.8  # probability of what a rule has found


@dataclass(frozen=True, slots=True)
class Abuse:
    label: str
    p: float  # of the label
    abusive: float  # probability that a person is attacked


def abuses(seen: Content) -> list[Abuse]:
    """The answer for every text of a batch."""
    shares, labels = _shares(seen), seen.labels("abuse")
    limit = float(seen.model.card.get("abuse_limit", 0.5))
    harmful = [labels.index(name) for name in HARMFUL]
    calm = [labels.index(name) for name in ("none", "angry", "spam")]
    abusive = shares[:, harmful].sum(axis=1)
    answers = []
    for row in range(len(shares)):
        among = harmful if abusive[row] >= limit else calm
        at = among[int(shares[row, among].argmax())]
        answers.append(Abuse(labels[at], round(float(shares[row, at]), 4), round(float(abusive[row]), 4)))
    return answers


def fury(seen: Content) -> Floats:
    """How likely the writer is beside himself, 0–1: angry or worse. A sad or a sober complaint is neither."""
    shares, labels = _shares(seen), seen.labels("abuse")
    likely: Floats = shares[:, [labels.index(name) for name in UPSET]].sum(axis=1)
    return likely


def furious(label: str) -> float:
    """The same of a text of which the label is all that is known."""
    return 1.0 if label in UPSET else 0.0


def _shares(seen: Content) -> Floats:
    """Probabilities of the model, put right where the text says it plainly; not to be changed."""
    return seen.batch.once("abuse", lambda: _corrected(seen))


def _corrected(seen: Content) -> Floats:
    shares, labels = seen.shares("abuse").copy(), seen.labels("abuse")
    elsewhere = (facts.met(seen, "others_data") | seen.met("people.employee")) & ~facts.met(seen, "own_data")
    _moved(shares, ~elsewhere, labels.index("doxxing"), labels.index("none"))
    threat = facts.met(seen, "threat")
    _moved(shares, facts.met(seen, "figure") & ~threat, labels.index("threat"), labels.index("none"))
    _raised(shares, facts.met(seen, "crude"), labels.index("insult_person"))
    _raised(shares, threat, labels.index("threat"))
    return shares


def _moved(shares: Floats, rows: Sequence[bool] | np.ndarray, source: int, target: int) -> None:
    at = np.flatnonzero(rows)
    shares[at, target] += shares[at, source]
    shares[at, source] = 0


def _raised(shares: Floats, rows: np.ndarray, label: int) -> None:
    """At least PLAIN for the label; the others share what is left."""
    at = np.flatnonzero(rows & (shares[:, label] < PLAIN))
    rest = 1 - shares[at, label]
    shares[at] *= ((1 - PLAIN) / np.maximum(rest, 1e-6))[:, None]
    shares[at, label] = PLAIN
