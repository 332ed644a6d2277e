"""What the writer wants: several intents at once, and whether an answer is expected.

A complaint is dissatisfaction with an answer expected, openly or by sense (ISO 9000, 3.9.3); without that it is
negative feedback. A text is never both, and a complaint never goes without the expectation (`settled`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from otklik.analysis.engine import facts
from otklik.analysis.engine.bare import bare
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import likeliest

Expected = Literal["yes", "no", "unclear"]
EXPECTED: tuple[Expected, ...] = ("yes", "no", "unclear")
SURE = 0.5
LIKELY = 0.4  # probability from which a trouble beside praise is named
WANTED = 0.75  # probability of "yes" from which discontent waits for an answer and so is a complaint
WAIVED = 0.9  # how sure it is that no answer is wanted when the writer says so
PLAIN = 0.6  # probability of what a rule has found
CLEAR = 0.6  # probability of thanks that need no kind word
TOLD = 0.3  # probability of a complaint from which a danger in a long story is the writer's own trouble
STORY = 40  # tokens of a text that may be a story with a good end
ODDS = ("complaint", "negative_feedback")
OFFERS = ("advertising", "spam")  # a word of trouble in these is bait


@dataclass(frozen=True, slots=True)
class Intent:
    """Labels with their probabilities, the likeliest first; never empty."""

    labels: list[tuple[str, float]]
    expects_reply: Expected
    sure_of_reply: float

    def has(self, label: str) -> bool:
        return any(one == label for one, _ in self.labels)


def intents(seen: Content) -> list[Intent]:
    """The intents of every text of a batch; kind words do not hide a trouble."""
    found = list(outright(seen))
    rest = bare(seen)
    if rest is not None:
        mocking = facts.mocking(seen)
        for row, inner in zip(rest.rows, outright(rest.seen), strict=True):
            found[row] = _with_trouble(found[row], inner, mocking=bool(mocking[row]))
    return [settled(one) for one in found]


def outright(seen: Content) -> list[Intent]:
    """The intents of every text as it stands, praise and all; computed once."""
    return seen.batch.once("intents", lambda: [settled(one) for one in _read(seen)])


def _read(seen: Content) -> list[Intent]:
    head = seen.model.heads["intent"]
    shares = seen.shares("intent").copy()
    names = head.labels
    chosen = head.chosen(seen.head("intent")).astype(bool)
    _corrected(seen, names, shares, chosen)
    complaint, feedback = (names.index(name) for name in ODDS)
    waived = seen.met("intents.no_reply")
    asked = facts.met(seen, "demand") & ~waived
    _swap(shares, chosen, waived & (shares[:, complaint] > shares[:, feedback]), complaint, feedback)
    _swap(shares, chosen, asked & (shares[:, complaint] < shares[:, feedback]), complaint, feedback)
    both = chosen[:, complaint] & chosen[:, feedback]
    smaller = np.where(shares[:, complaint] >= shares[:, feedback], feedback, complaint)
    chosen[np.flatnonzero(both), smaller[both]] = False
    replies = seen.shares("expects_reply")
    expected = seen.labels("expects_reply")
    return [
        _one(names, given, share, dict(zip(expected, reply, strict=True)), waived=no)
        for given, share, reply, no in zip(
            chosen.tolist(), shares.tolist(), replies.tolist(), waived.tolist(), strict=True
        )
    ]


def _swap(shares: Floats, chosen: np.ndarray, rows: np.ndarray, one: int, other: int) -> None:
    """The two columns change places in these texts."""
    at = np.flatnonzero(rows)
    shares[at, one], shares[at, other] = shares[at, other], shares[at, one].copy()
    chosen[at, one], chosen[at, other] = chosen[at, other], chosen[at, one].copy()


def _corrected(seen: Content, names: list[str], shares: Floats, chosen: np.ndarray) -> None:
    """What the phrases of the rules say outright; `shares` and `chosen` are changed."""

    def drop(rows: np.ndarray, *labels: str) -> None:
        for label in labels:
            shares[rows, names.index(label)] *= 0.2
            chosen[rows, names.index(label)] = False

    def give(rows: np.ndarray, label: str) -> None:
        column = names.index(label)
        shares[rows, column] = np.maximum(shares[rows, column], PLAIN)
        chosen[rows, column] = True

    kind, troubled = facts.kind(seen), facts.troubled(seen)
    offered = chosen[:, [names.index(name) for name in OFFERS]].any(axis=1)
    grave = facts.harm(seen) | facts.met(seen, "theft") | facts.in_need(seen) | facts.for_life(seen)
    short, thanks, complaint = facts.short(seen), names.index("thanks"), names.index("complaint")
    praised = facts.met(seen, "praise") | facts.met(seen, "fine")
    told = (shares[:, complaint] >= TOLD) | facts.short(seen, STORY) | ~praised
    drop(grave & ~praised, "thanks")
    drop(~kind & short & (shares[:, thanks] < CLEAR), "thanks")
    gloomy = facts.met(seen, "bad_idiom") & ~grave
    drop(gloomy, "thanks", "suggestion", *OFFERS)
    lost = gloomy & ~chosen[:, [names.index(name) for name in ODDS]].any(axis=1)
    give(lost, "negative_feedback")
    fine = facts.pleased(seen)
    drop(fine, *ODDS, "rumour")
    give(fine, "thanks")
    thankful = facts.met(seen, "praise") & ~troubled & (shares[:, thanks] > shares[:, complaint])
    drop(thankful, *ODDS)
    plain = np.bincount(seen.batch.token_rows[facts.against(seen)], minlength=len(shares))[: len(shares)] == 0
    drop(facts.joking(seen) & plain & ~facts.met(seen, "demand"), *ODDS)
    told_where = facts.met(seen, "own_data") & ~troubled & short & (shares[:, complaint] < WANTED)
    drop(told_where, *ODDS)
    give(told_where & ~chosen.any(axis=1), "other")
    at_ease = ~facts.troubled(seen, asking=False)
    calm = facts.met(seen, "calm_ask") & at_ease & short
    at_ease &= shares[:, complaint] < WANTED
    calm |= facts.met(seen, "callback") & at_ease
    drop(calm, *ODDS, "other")
    give(calm, "question")
    wished = facts.met(seen, "wish") & at_ease
    drop(wished, *ODDS, "purchase_interest", "other")
    give(wished, "suggestion")
    waiting = facts.met(seen, "late") & ~calm & ~kind & (shares[:, complaint] >= 0.2)
    gossip = shares[:, names.index("rumour")] >= SURE
    mocking = facts.mocking(seen)
    drop(mocking, "thanks", *OFFERS)
    give(((grave & told & ~gossip | waiting) & ~offered) | mocking, "complaint")


def _one(
    names: list[str], chosen: list[bool], shares: list[float], said: dict[str, float], *, waived: bool
) -> Intent:
    order = likeliest(shares, chosen) or [shares.index(max(shares))]
    labels = [(names[k], round(shares[k], 4)) for k in order]
    if labels[0][0] == "negative_feedback" and not waived and said["yes"] >= WANTED:
        labels = _renamed(labels, *reversed(ODDS))
    return Intent(labels, *_expected(dict(labels), said, waived))


def _expected(labels: dict[str, float], reply: dict[str, float], waived: bool) -> tuple[Expected, float]:
    """A complaint or a question waits for an answer by definition, unless the writer says otherwise."""
    if waived:
        return "no", WAIVED
    top = max(EXPECTED, key=lambda name: reply[name])
    asks = max(labels.get("complaint", 0), labels.get("question", 0), labels.get("purchase_interest", 0))
    if asks >= SURE and reply["no"] < 1 - asks / 2:
        return "yes", round(max(reply["yes"], asks), 4)
    return top, round(reply[top], 4)


def _with_trouble(whole: Intent, inner: Intent, *, mocking: bool) -> Intent:
    """The intents of a text and of what it says apart from its praise."""
    trouble = [one for one in inner.labels if one[0] in ODDS and one[1] >= LIKELY]
    known = [one for one in whole.labels if not (mocking and one[0] == "thanks")]
    if not trouble or any(one[0] in ODDS for one in known):
        return replace(whole, labels=known) if known else replace(inner, labels=trouble or inner.labels)
    labels = sorted([*known, *trouble], key=lambda one: -one[1])
    return Intent(labels, inner.expects_reply, inner.sure_of_reply)


def settled(intent: Intent) -> Intent:
    """The same with the pair made to fit: a complaint waits for an answer, mere discontent does not."""
    names = [name for name, _ in intent.labels]
    if intent.expects_reply == "no" and "complaint" in names and intent.sure_of_reply >= WAIVED:
        return replace(intent, labels=_renamed(intent.labels, *ODDS))
    if "complaint" in names and intent.expects_reply != "yes":
        p = max(p for name, p in intent.labels if name == "complaint")
        others = [one for one in intent.labels if one[0] != "complaint"]
        if (
            p < SURE and others and others[0][1] >= p
        ):  # a faint complaint beside something else, nothing awaited
            return replace(intent, labels=others)
        if p < SURE and intent.expects_reply == "no" and intent.sure_of_reply >= SURE:
            return replace(intent, labels=_renamed(intent.labels, *ODDS))
        return replace(intent, expects_reply="yes", sure_of_reply=p)
    if names == ["thanks"] and intent.expects_reply == "yes":
        return replace(intent, expects_reply="no", sure_of_reply=intent.labels[0][1])
    if "negative_feedback" in names and "question" not in names and intent.expects_reply == "yes":
        p = max(p for name, p in intent.labels if name == "negative_feedback")
        return replace(intent, expects_reply="no", sure_of_reply=p)
    return intent


def _renamed(labels: list[tuple[str, float]], old: str, new: str) -> list[tuple[str, float]]:
    return [(new if name == old else name, p) for name, p in labels]
