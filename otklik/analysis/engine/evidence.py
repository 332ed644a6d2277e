"""Which words carried an answer: spans of the raw text that the interface highlights."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from otklik.analysis.engine import words
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import Batch, Ints

MOST = 5  # spans per answer
SHARE = 0.35  # of the strongest word's weight; weaker words are not shown

Spans = list[tuple[int, int]]


def spans(batch: Batch, carried: Floats) -> list[Spans]:
    """Per text the strongest words that mean something, neighbours joined, in order of the text."""
    carried = telling(batch, carried)
    found: list[Spans] = [[] for _ in range(len(batch))]
    for row in np.unique(batch.token_rows[carried > 0]).tolist():
        first = int(batch.bounds[row])
        found[row] = of_tokens(batch, completed(batch, strongest(carried, first, int(batch.bounds[row + 1]))))
    return found


def telling(batch: Batch, carried: Floats) -> Floats:
    """Without the weight of words like "и", "меня" and "неделю": a reader learns nothing from them."""
    return np.where(batch.once("mute", lambda: words.mute(batch)), np.float32(0), carried)


def strongest(carried: Floats, first: int, last: int) -> list[int]:
    """The tokens between two that carried most, in order; none when no word spoke for the answer."""
    part: list[float] = carried[first:last].tolist()  # of a dozen words: plain Python is faster than numpy
    top = max(part, default=0.0)
    if top <= 0:
        return []
    strong = [token for token, weight in enumerate(part, first) if weight >= top * SHARE]
    return sorted(sorted(strong, key=lambda token: -part[token - first])[:MOST])


def completed(batch: Batch, tokens: list[int]) -> list[int]:
    """The tokens with the negation before each of them, and without a "не" or "очень" that stands alone."""
    if not tokens:
        return tokens
    negations, leaning = words.negated(batch)[0], words.leaning(batch)
    rows = batch.token_rows
    kept = {token for token in tokens if not leaning[token]}
    kept |= {token - 1 for token in kept if token and negations[token - 1] and rows[token - 1] == rows[token]}
    kept |= {token for token in tokens if leaning[token] and token + 1 in kept}
    return sorted(kept) or tokens


def of_tokens(batch: Batch, tokens: Iterable[int]) -> Spans:
    """The places of tokens in their raw text; `tokens` in order, neighbours are joined."""
    begins, ends = _places(batch)
    joined: Spans = []
    before = -2
    for token in tokens:
        start, end = int(begins[token]), whole(batch, token, int(ends[token]))
        if joined and token == before + 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
        before = token
    return joined


def whole(batch: Batch, token: int, end: int) -> int:
    """Where a word really ends: of a run of one letter («ааааа») only three are read, all are shown."""
    raw = batch.texts[int(batch.token_rows[token])]
    while end < len(raw) and raw[end].isalpha() and raw[end].lower() == raw[end - 1].lower():
        end += 1
    return end


def _places(batch: Batch) -> tuple[Ints, Ints]:
    return batch.once(
        "places of tokens",
        lambda: (batch.where[batch.starts], batch.raw_ends(np.arange(len(batch.starts)))),
    )
