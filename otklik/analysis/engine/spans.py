"""Which words speak for an answer: phrases of our lexicons, and the words that carried the model's weight."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import cues, words
from otklik.analysis.engine.content import Content, Met
from otklik.analysis.engine.evidence import completed, whole
from otklik.analysis.engine.text import WORD

Spans = dict[str, list[list[int]]]
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
        present = {group for group, _, _ in here}
        for name, labels in fields.items():
            wanted = {number for label in labels for number in _numbers(name, label) if number in present}
            if wanted:
                answers[row][name] = _raw(seen, [(a, b) for group, a, b in here if group in wanted])
    for row, met in seen.own.items():
        _own(seen, met, asked[row].get("cause", ()), answers[row], by_row[row])
    _carried(seen, asked, answers)
    for fields, answer in zip(asked, answers, strict=True):
        for name, sources in FOLLOWS.items():
            source = next((one for one in sources if one in answer), None)
            if source and name not in answer and fields.get(name) not in NOTHING:
                answer[name] = [list(span) for span in answer[source]]
    return answers


def _own(
    seen: Content, met: Met, given: Sequence[str], answer: Spans, here: list[tuple[int, int, int]]
) -> None:
    """The phrases of the organisation's own causes, beside those of ours."""
    found = [place for key, places in met.items() if key in given for place in places]
    if found:
        ours = {number for label in given for number in _numbers("cause", label)}
        answer["cause"] = _raw(seen, found + [(a, b) for group, a, b in here if group in ours])


def _by_row(hits: cues.Hits, height: int) -> list[list[tuple[int, int, int]]]:
    table: list[list[tuple[int, int, int]]] = [[] for _ in range(height)]
    columns = (hits.rows.tolist(), hits.groups.tolist(), hits.firsts.tolist(), hits.lasts.tolist())
    for row, group, first, last in zip(*columns, strict=True):
        table[row].append((group, min(first, last), max(first, last)))
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
    needed = np.zeros(len(asked), dtype=bool)
    for columns in wanted.values():
        needed |= columns >= 0
    if not needed.any() or not len(seen.batch.hashes):
        return
    rows, cells, tokens, sizes = _occurrences(seen, needed)
    batch = seen.batch
    long = (batch.ends - batch.starts >= SHORTEST) & (batch.token_kinds == WORD) & ~words.leaning(batch)
    timed, plain = long & ~words.empty(batch), long & ~batch.once("mute", lambda: words.mute(batch))
    for name, columns in wanted.items():
        shown = timed if name in TIMED else plain
        at = np.flatnonzero(columns[rows] >= 0)
        values = seen.model.weights[cells[at], columns[rows[at]]] / sizes[at]
        weights = np.bincount(tokens[at], weights=values, minlength=len(shown))[: len(shown)] * shown
        for row in np.flatnonzero(columns >= 0).tolist():
            first = int(batch.bounds[row])
            best = _best(weights[first : int(batch.bounds[row + 1])])
            if len(best):
                tokens_of = completed(batch, [first + k for k in best.tolist()])
                answers[row][name] = _raw(seen, [(token, token) for token in tokens_of])


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


def _occurrences(
    seen: Content, needed: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.float64]]:
    """The n-grams of the needed texts that the model knows: text, column, token, and the length of the row."""
    found, start = [], 0
    for block, part, known in zip(
        seen.reading.blocks, seen.reading.parts, seen.model.space._columns, strict=False
    ):
        at = np.flatnonzero(needed[block.rows])
        cells = block.cells(known)[at]
        inside = cells >= 0
        at = at[inside]
        columns = cells[inside].astype(np.int64) + start
        rows = block.rows[at]
        found.append((rows, columns, block.tokens[at], np.sqrt(np.maximum(np.diff(part.indptr), 1))[rows]))
        start += part.shape[1]
    rows, cells, tokens = (np.concatenate([one[k] for one in found]) for k in range(3))
    return rows, cells, tokens, np.concatenate([one[3] for one in found])


def _best(weights: NDArray[np.float64]) -> NDArray[np.intp]:
    """The few words that weigh at least half as much as the heaviest."""
    if not len(weights) or weights.max() <= 0:
        return np.zeros(0, dtype=np.intp)
    order = np.argsort(-weights, kind="stable")[:3]
    heavy: NDArray[np.intp] = order[weights[order] >= weights.max() / 2]
    return heavy
