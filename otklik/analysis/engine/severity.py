"""How grave, how hard, how wide, how urgent: the first assessment of ISO 10002, 7.5, and the priority from it.

P1: safety, or severity 4 that reaches a group. P2: severity 3, or now, or many people. P4: a trifle that the first
line settles. All else is P3. Tone may raise a priority by one step, never lower it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.content import Content
from otklik.analysis.engine.intent import Intent

Impact = Literal["one", "group", "mass"]
Priority = Literal["P1", "P2", "P3", "P4"]
DANGER = 0.4  # probability of danger that is enough: a danger overlooked costs more than one checked in vain
DANGER_NAMED = 0.15  # the same beside a word of danger
GRAVE = 2.2  # expected severity from which a case is serious
NOW, SOON = 0.25, 0.35  # probabilities of the upper steps of urgency that are enough
TROUBLE = ("complaint", "negative_feedback", "rumour", "employee_post")


@dataclass(frozen=True, slots=True)
class Assessment:
    severity: int
    complexity: int
    impact: Impact
    urgency: int
    safety: bool
    priority: Priority
    confidence: dict[str, float]


def assess(seen: Content, intents: Sequence[Intent], anger: NDArray[np.float32]) -> list[Assessment]:
    """The assessment of every text; `anger` is how negative its tone is, 0–1."""
    heads = {name: seen.shares(name) for name in ("severity", "complexity", "impact", "urgency", "safety")}
    named = seen.met("grade.danger") | seen.met("grade.money_leaving")
    answers = []
    for row, intent in enumerate(intents):
        given = {name: _pick(seen.labels(name), shares[row]) for name, shares in heads.items()}
        trouble = any(intent.has(label) for label in TROUBLE)
        danger = float(heads["safety"][row, seen.labels("safety").index("True")])
        safety = danger >= (DANGER_NAMED if named[row] else DANGER)
        given["severity"] = _severity(heads["severity"][row], given["severity"])
        given["urgency"] = _urgency(heads["urgency"][row], given["urgency"])
        answers.append(_one(given, safety and trouble, danger, trouble, float(anger[row])))
    return answers


def _severity(shares: NDArray[np.float32], likeliest: tuple[str, float]) -> tuple[str, float]:
    """Serious cases are rare and must not be lost to the usual ones: from GRAVE on the expectation decides."""
    expected = float(shares @ np.arange(1, 5))
    if expected < GRAVE or likeliest[0] in ("3", "4"):
        return likeliest
    return "3", round(float(shares[2:].sum()), 4)


def _urgency(shares: NDArray[np.float32], likeliest: tuple[str, float]) -> tuple[str, float]:
    if shares[2] >= NOW:
        return "3", round(float(shares[2]), 4)
    if shares[1:].sum() >= SOON:
        return "2", round(float(shares[1:].sum()), 4)
    return likeliest


def _pick(labels: list[str], shares: NDArray[np.float32]) -> tuple[str, float]:
    at = int(shares.argmax())
    return labels[at], round(float(shares[at]), 4)


def _one(
    given: dict[str, tuple[str, float]], safety: bool, danger: float, trouble: bool, anger: float
) -> Assessment:
    severity, urgency = int(given["severity"][0]), int(given["urgency"][0])
    complexity = int(given["complexity"][0])
    impact: Impact = given["impact"][0]  # type: ignore[assignment] # labels of the head
    if safety:  # danger to people is never a trifle that can wait for days
        severity = max(severity, 3)
        urgency = max(urgency, 2)
    if not trouble:
        severity, urgency = min(severity, 2), min(urgency, 2)
    confidence = {name: share for name, (_, share) in given.items()}
    confidence["safety"] = round(danger if safety else 1 - danger, 4)
    return Assessment(
        severity, complexity, impact, urgency, safety,
        priority(severity, complexity, impact, urgency, safety=safety, anger=anger), confidence,
    )  # fmt: skip


def priority(  # noqa: PLR0913 the scales of 7.5
    severity: int, complexity: int, impact: Impact, urgency: int, *, safety: bool, anger: float = 0.0
) -> Priority:
    """The priority by 7.5; `anger` (0–1) may lift it by one step to P2 at most."""
    if safety or (severity == 4 and impact != "one"):
        return "P1"
    if severity >= 3 or urgency == 3 or impact == "mass":
        return "P2"
    furious = anger >= 0.9 and severity == 2
    if furious:
        return "P2"
    if severity == 1 and complexity == 1:
        return "P3" if anger >= 0.9 else "P4"
    return "P3"
