"""Which words carried an answer: spans of the raw text that the interface highlights."""

from __future__ import annotations

import numpy as np

from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import Batch

MOST = 5  # spans per answer
SHARE = 0.35  # of the strongest word's weight; weaker words are not shown

Spans = list[tuple[int, int]]


def spans(batch: Batch, carried: Floats) -> list[Spans]:
    """Per text the strongest words, neighbours joined, in order of the text."""
    ends = batch.raw_ends(np.arange(len(batch.starts)))
    begins = batch.where[batch.starts]
    found: list[Spans] = []
    for i in range(len(batch)):
        first, last = int(batch.bounds[i]), int(batch.bounds[i + 1])
        part = carried[first:last]
        top = float(part.max()) if len(part) else 0.0
        if top <= 0:
            found.append([])
            continue
        strong = np.flatnonzero(part >= top * SHARE)
        strong = np.sort(strong[np.argsort(-part[strong], kind="stable")][:MOST])
        found.append(_joined([(int(begins[first + k]), int(ends[first + k]), int(k)) for k in strong]))
    return found


def _joined(words: list[tuple[int, int, int]]) -> Spans:
    joined: Spans = []
    before = -2
    for start, end, number in words:
        if joined and number == before + 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
        before = number
    return joined
