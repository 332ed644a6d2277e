"""How grave, how hard, how wide, how urgent: the first assessment of ISO 10002, 7.5, and the priority from it.

P1: safety, or severity 4 that reaches a group. P2: severity 3, or now, or many people. P4: a trifle that the first
line settles. All else is P3. Tone may raise a priority by one step, never lower it: kind words are taken away and
what remains is assessed as well, the graver of both counts.

Safety is danger to people's life and health. Stolen money is grave and urgent, not dangerous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import facts
from otklik.analysis.engine.bare import bare
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.intent import OFFERS, SURE, Intent, outright

Impact = Literal["one", "group", "mass"]
Priority = Literal["P1", "P2", "P3", "P4"]
DANGER = 0.4  # probability of danger that is enough: a danger overlooked costs more than one checked in vain
DANGER_NAMED = 0.15  # the same beside a word of danger
NEVER = 2.0  # no probability is enough: a figure of speech, or money and not people
PLAIN = 0.9  # probability of danger where the text says it plainly
GRAVE = 2.2  # expected severity from which a case is serious
NOW, SOON = 0.25, 0.35  # probabilities of the upper steps of urgency that are enough
SEEN = 0.25  # probability of trouble without which a likely danger is none
FURY = 0.5  # likely enough that the writer is beside himself: this raises the priority
TROUBLE = ("complaint", "negative_feedback", "rumour", "employee_post")
WIDER: tuple[Impact, ...] = ("one", "group", "mass")


@dataclass(frozen=True, slots=True)
class Assessment:
    severity: int
    complexity: int
    impact: Impact
    urgency: int
    safety: bool
    priority: Priority
    confidence: dict[str, float]


def assess(seen: Content, intents_: Sequence[Intent], anger: NDArray[np.float32]) -> list[Assessment]:
    """The assessment of every text; `anger` says how likely the writer is beside himself, 0–1."""
    found = _assess(seen, intents_, anger)
    rest = bare(seen)
    if rest is not None:
        inner = _assess(rest.seen, outright(rest.seen), anger[rest.rows])
        for row, one in zip(rest.rows, inner, strict=True):
            found[row] = _graver(found[row], one, float(anger[row]))
    return found


def _assess(seen: Content, intents_: Sequence[Intent], anger: NDArray[np.float32]) -> list[Assessment]:
    heads = {name: seen.shares(name) for name in ("severity", "complexity", "impact", "urgency")}
    picked = {name: _picked(seen.labels(name), shares) for name, shares in heads.items()}
    dangers = seen.shares("safety")[:, seen.labels("safety").index("True")].tolist()
    signs = _Signs.of(seen)
    answers = []
    for row, intent in enumerate(intents_):
        given = {name: values[row] for name, values in picked.items()}
        given["severity"] = _severity(heads["severity"][row], given["severity"])
        given["urgency"] = _urgency(heads["urgency"][row], given["urgency"])
        offer = intent.labels[0][0] in OFFERS
        unhappy = max((p for name, p in intent.labels if name in TROUBLE), default=0.0)
        stated = signs.plain[row] and not offer and unhappy > 0
        grave = signs.grave[row] and not offer
        pressing = signs.pressing[row] and not offer
        _raise(given, "severity", 3, when=grave)
        _raise(given, "urgency", 3, when=pressing)
        _raise(given, "urgency", 2, when=signs.soon[row] and not offer and unhappy > 0)
        most = 1 if signs.joking[row] and unhappy < SURE else 2 if not unhappy else 4
        if stated or grave or pressing:
            most = 4
        likely = dangers[row] >= signs.enough[row] and unhappy >= SEEN and most > 1
        danger = max(dangers[row], PLAIN) if stated else dangers[row]
        answers.append(_one(given, stated or likely, danger, most, float(anger[row])))
    return answers


@dataclass(frozen=True, slots=True)
class _Signs:
    """What the rules found in each text of a batch."""

    plain: list[bool]  # danger to people
    grave: list[bool]  # severity 3 at least
    pressing: list[bool]  # urgency 3
    soon: list[bool]  # urgency 2 at least, for a text in trouble
    joking: list[bool]
    enough: list[float]  # probability of danger that is enough

    @classmethod
    def of(cls, seen: Content) -> _Signs:
        theft, threat, now, deadline = (
            facts.met(seen, name) for name in ("theft", "threat", "now", "deadline")
        )
        need, joking = facts.in_need(seen), facts.joking(seen)
        enough = np.where(seen.met("grade.danger"), DANGER_NAMED, DANGER)
        enough[joking | theft] = NEVER
        return cls(
            plain=_plain(seen).tolist(), grave=(theft | threat | need).tolist(), pressing=(theft | now).tolist(),
            soon=(need | deadline).tolist(), joking=joking.tolist(), enough=enough.tolist(),
        )  # fmt: skip


def _plain(seen: Content) -> facts.Flags:
    """Danger to people told in so many words; a fairy tale is none."""
    found: facts.Flags = (facts.harm(seen) | facts.for_life(seen)) & ~seen.met("rumours.absurd")
    return found


def _raise(given: dict[str, tuple[str, float]], name: str, least: int, *, when: bool) -> None:
    if when and int(given[name][0]) < least:
        given[name] = str(least), PLAIN


def _graver(one: Assessment, other: Assessment, anger: float) -> Assessment:
    """The upper step of each scale, with the confidence of the reading that gave it."""
    sure = dict(one.confidence)
    for name in ("severity", "complexity", "urgency", "safety"):
        if getattr(other, name) > getattr(one, name):
            sure[name] = other.confidence[name]
    if WIDER.index(other.impact) > WIDER.index(one.impact):
        sure["impact"] = other.confidence["impact"]
    severity, complexity = max(one.severity, other.severity), max(one.complexity, other.complexity)
    impact: Impact = max(one.impact, other.impact, key=WIDER.index)
    urgency, safety = max(one.urgency, other.urgency), one.safety or other.safety
    return replace(
        one, severity=severity, complexity=complexity, impact=impact, urgency=urgency, safety=safety,
        priority=priority(severity, complexity, impact, urgency, safety=safety, anger=anger), confidence=sure,
    )  # fmt: skip


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


def _picked(labels: list[str], shares: NDArray[np.float32]) -> list[tuple[str, float]]:
    """The likeliest label of every text and its probability."""
    best, top = shares.argmax(axis=1).tolist(), shares.max(axis=1).tolist()
    return [(labels[at], round(p, 4)) for at, p in zip(best, top, strict=True)]


def _one(
    given: dict[str, tuple[str, float]], safety: bool, danger: float, most: int, anger: float
) -> Assessment:
    """The scales of one text; severity and urgency are at most `most`, where nobody is in trouble."""
    severity, urgency = int(given["severity"][0]), int(given["urgency"][0])
    complexity = int(given["complexity"][0])
    impact: Impact = given["impact"][0]  # type: ignore[assignment] # labels of the head
    if safety:  # danger to people is never a trifle that can wait for days
        severity = max(severity, 3)
        urgency = max(urgency, 2)
    severity, urgency = min(severity, most), min(urgency, most)
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
    if severity == 2 and anger >= FURY:
        return "P2"
    if severity == 1 and complexity == 1:
        return "P3" if anger >= FURY else "P4"
    return "P3"
