"""What the writer wants: several intents at once, and whether an answer is expected.

A complaint is dissatisfaction with an answer expected, openly or by sense (ISO 9000, 3.9.3); without that it is
negative feedback. A text is never both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from otklik.analysis.engine.content import Content

Expected = Literal["yes", "no", "unclear"]
EXPECTED: tuple[Expected, ...] = ("yes", "no", "unclear")
SURE = 0.5


@dataclass(frozen=True, slots=True)
class Intent:
    """Labels with their probabilities, the likeliest first; never empty."""

    labels: list[tuple[str, float]]
    expects_reply: Expected
    sure_of_reply: float

    def has(self, label: str) -> bool:
        return any(one == label for one, _ in self.labels)


def intents(seen: Content) -> list[Intent]:
    """The intents of every text of a batch."""
    head = seen.model.heads["intent"]
    scores, shares = seen.head("intent"), seen.shares("intent").copy()
    names = head.labels
    complaint, feedback = names.index("complaint"), names.index("negative_feedback")
    waived = seen.met("intents.no_reply")
    moved = waived & (shares[:, complaint] > shares[:, feedback])
    at = np.flatnonzero(moved)
    shares[at, complaint], shares[at, feedback] = shares[at, feedback], shares[at, complaint].copy()
    chosen = head.chosen(scores)
    chosen[moved, complaint], chosen[moved, feedback] = (
        False,
        chosen[moved, complaint] | chosen[moved, feedback],
    )
    both = chosen[:, complaint] & chosen[:, feedback]
    smaller = np.where(shares[:, complaint] >= shares[:, feedback], feedback, complaint)
    chosen[np.flatnonzero(both), smaller[both]] = False
    replies = seen.shares("expects_reply")
    return [
        _one(names, chosen[row], shares[row], replies[row], seen.labels("expects_reply"), bool(waived[row]))
        for row in range(len(shares))
    ]


def _one(  # noqa: PLR0913 the columns of one text
    names: list[str],
    chosen: np.ndarray,
    shares: np.ndarray,
    reply: np.ndarray,
    replies: list[str],
    waived: bool,
) -> Intent:
    at = np.flatnonzero(chosen)
    if not len(at):
        at = np.array([int(shares.argmax())])
    order = at[np.argsort(-shares[at], kind="stable")]
    labels = [(names[k], round(float(shares[k]), 4)) for k in order]
    return Intent(labels, *_expected(dict(labels), dict(zip(replies, reply.tolist(), strict=True)), waived))


def _expected(labels: dict[str, float], reply: dict[str, float], waived: bool) -> tuple[Expected, float]:
    """A complaint or a question waits for an answer by definition, unless the writer says otherwise."""
    if waived:
        return "no", 0.9
    top = max(EXPECTED, key=lambda name: reply[name])
    asks = max(labels.get("complaint", 0), labels.get("question", 0), labels.get("purchase_interest", 0))
    if asks >= SURE and reply["no"] < 1 - asks / 2:
        return "yes", round(max(reply["yes"], asks), 4)
    if "negative_feedback" in labels and "question" not in labels and top == "yes" and reply["yes"] < 0.6:
        return "no", round(max(reply["no"], labels["negative_feedback"]), 4)
    return top, round(reply[top], 4)
