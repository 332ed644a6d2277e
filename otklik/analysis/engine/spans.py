"""Which words speak for an answer: phrases of our lexicons, and the words that carried the model's weight."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import cues, words
from otklik.analysis.engine.content import Content, Met
from otklik.analysis.engine.evidence import completed, whole
from otklik.analysis.engine.text import WORD

Spans = dict[str, list[list[int]]]
Phrases = dict[int, list[tuple[int, int]]]  # group → first and last token of every phrase of one text
MOST = 6  # spans of one field
SHORTEST = 3  # letters of a word that may be shown for the model's sake
GROUPS = {
    "intent": ("intents.{}",),
    "cause": ("causes.{}",),
    "signals": ("signals.{}",),
    "safety": ("grade.danger", "rules.harm"),
    "complexity": ("grade.check", "grade.law", "grade.long", "signals.promise_broken"),
    "impact": ("grade.{}",),
}
ABUSE = {
    "angry": ("abuse.mat", "abuse.company_anger"),
    "insult_person": ("abuse.person_insult",),
    "threat": ("abuse.threat_violence",),
    "hate": ("abuse.hate",),
    "doxxing": ("abuse.doxxing",),
    "sexual": ("abuse.sexual",),
    "spam": ("intents.spam",),
}
RUMOUR = {
    "absurd": ("rumours.absurd", "intents.rumour"),
    "serious": ("rumours.rumour_harm", "intents.rumour"),
    "unclear": ("intents.rumour",),
}
REPLY: dict[str, tuple[str, ...]] = {
    "yes": (
        "intents.question",
        "intents.purchase_interest",
        "signals.requested_remedy",
        "signals.deadline_named",
    ),
    "no": ("intents.no_reply", "intents.thanks", "signals.praise_employee", "intents.negative_feedback"),
}
URGENCY = {
    "2": ("grade.soon", "signals.deadline_named", "grade.now"),
    "3": ("grade.now", "grade.money_leaving", "grade.danger", "rules.harm", "grade.soon"),
}
GRAVE = (
    "grade.danger",
    "rules.harm",
    "grade.money_leaving",
    "grade.humiliation",
    "signals.vulnerable_person",
)
SEVERITY = {"2": ("grade.humiliation", "grade.long", "signals.promise_broken"), "3": GRAVE, "4": GRAVE}
TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "abuse": ABUSE,
    "rumour": RUMOUR,
    "expects_reply": REPLY,
    "urgency": URGENCY,
    "severity": SEVERITY,
}
CARRIED = (  # fields for which the model's words are shown where no phrase was met
    "intent", "cause", "abuse", "signals", "safety", "urgency", "impact", "rumour",
)  # fmt: skip
FOLLOWS = {  # fields that follow others: where they have no phrase of their own, the words of those
    "intent": ("cause", "tone"),
    "expects_reply": ("intent",),
    "severity": ("safety", "cause", "tone"),
    "complexity": ("cause", "intent"),
}
NOTHING: tuple[list[str] | None, ...] = (None, [], ["unclear"], ["other"])  # claims that need no words
TIMED = ("urgency",)  # fields for which a numeral or a unit of time is a word


def evidence(seen: Content, asked: Sequence[dict[str, list[str]]], given: Sequence[Spans]) -> list[Spans]:
    """Spans of every field of every text, in code points of the raw text."""
    answers = [dict(one) for one in given]
    by_row = _by_row(seen.hits, len(asked))
    for row, fields in enumerate(asked):
        here = by_row[row]
        if not here:
            continue
        for name, labels in fields.items():
            wanted = {number for label in labels for number in _numbers(name, label)} if labels else ()
            places = [place for number in wanted for place in here.get(number, ())]
            if places:
                answers[row][name] = _raw(seen, places)
    for row, met in seen.own.items():
        _own(seen, met, asked[row].get("cause", ()), answers[row], by_row[row])
    _carried(seen, asked, answers)
    for fields, answer in zip(asked, answers, strict=True):
        for name, sources in FOLLOWS.items():
            source = next((one for one in sources if one in answer), None)
            if source and name not in answer and fields.get(name) not in NOTHING:
                answer[name] = [list(span) for span in answer[source]]
    return answers


def _own(seen: Content, met: Met, given: Sequence[str], answer: Spans, here: Phrases) -> None:
    """The phrases of the organisation's own causes, beside those of ours."""
    found = [place for key, places in met.items() if key in given for place in places]
    if found:
        ours = {number for label in given for number in _numbers("cause", label)}
        answer["cause"] = _raw(seen, found + [place for number in ours for place in here.get(number, ())])


def _by_row(hits: cues.Hits, height: int) -> list[Phrases]:
    table: list[Phrases] = [{} for _ in range(height)]
    columns = (hits.rows.tolist(), hits.groups.tolist(), hits.firsts.tolist(), hits.lasts.tolist())
    for row, group, first, last in zip(*columns, strict=True):
        table[row].setdefault(group, []).append((min(first, last), max(first, last)))
    return table


@cache
def _numbers(name: str, label: str) -> tuple[int, ...]:
    matcher = cues.shipped()
    patterns = TABLES[name].get(label, ()) if name in TABLES else GROUPS[name]
    wanted = {pattern.format(label) for pattern in patterns}
    return tuple(number for number, group in enumerate(matcher.groups) if group in wanted)


def _raw(seen: Content, tokens: list[tuple[int, int]]) -> list[list[int]]:
    """Token spans as spans of the raw text, in order, joined where they meet."""
    begins, ends = seen.places()
    joined: list[list[int]] = []
    for first, last in sorted(tokens):
        start, end = begins[first], whole(seen.batch, last, ends[last])
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return joined[:MOST]


def _carried(seen: Content, asked: Sequence[dict[str, list[str]]], answers: list[Spans]) -> None:
    """The model's own words, for the fields of texts in which no phrase was met."""
    wanted = {name: _columns(seen, name, asked, answers) for name in CARRIED}
    if not len(seen.batch.hashes):
        return
    batch = seen.batch
    long = (batch.ends - batch.starts >= SHORTEST) & (batch.token_kinds == WORD) & ~words.leaning(batch)
    timed, plain = long & ~words.empty(batch), long & ~batch.once("mute", lambda: words.mute(batch))
    for name, columns in wanted.items():
        shown = timed if name in TIMED else plain
        asking = np.flatnonzero(columns >= 0).tolist()
        weights = seen.model.carried(seen.reading, columns, len(shown)) * shown if asking else columns
        for row in asking:
            first = int(batch.bounds[row])
            best = _best(weights[first : int(batch.bounds[row + 1])].tolist(), first)
            if best:
                answers[row][name] = _raw(seen, [(token, token) for token in completed(batch, best)])


def _columns(
    seen: Content, name: str, asked: Sequence[dict[str, list[str]]], answers: list[Spans]
) -> NDArray[np.int64]:
    """For each text the model's column of the label to be shown, −1 when there is nothing to show."""
    head = seen.model.heads[name]
    columns = np.full(len(asked), -1, dtype=np.int64)
    for row, fields in enumerate(asked):
        if name in answers[row] or not fields.get(name):
            continue
        label = next(
            (one for one in fields[name] if one not in ("none", "other", "unclear") and one in head.labels),
            None,
        )
        if label is not None:
            columns[row] = head.first + head.labels.index(label)
    return columns


def _best(weights: list[float], first: int) -> list[int]:
    """The few tokens from `first` on that weigh at least half as much as the heaviest."""
    top = max(weights, default=0.0)
    heavy = [at for at, weight in enumerate(weights) if weight >= top / 2] if top > 0 else []
    return sorted(first + at for at in sorted(heavy, key=lambda at: -weights[at])[:3])
