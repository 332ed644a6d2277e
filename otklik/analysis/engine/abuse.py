"""Angry or abusive: mat about the service is anger and must be answered; an insult needs a person as its target.

The model judges the whole text by its words, by the phrases of our lexicon and by whom they are aimed at (`aim`).
"""

from __future__ import annotations

from dataclasses import dataclass

from otklik.analysis.engine.content import Content

HARMFUL = ("insult_person", "threat", "hate", "doxxing", "sexual")


@dataclass(frozen=True, slots=True)
class Abuse:
    label: str
    p: float  # of the label
    abusive: float  # probability that a person is attacked


def abuses(seen: Content) -> list[Abuse]:
    """The answer for every text of a batch."""
    shares, labels = seen.shares("abuse"), seen.labels("abuse")
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
