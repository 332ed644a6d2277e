"""What a message is about: one linear model over n-grams, word vectors, our phrases and the look of the text.

It answers for intent, cause, severity and the rest of the contract that no public Russian data teaches; the
modules beside it add the rules. Everything is computed for a whole batch at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import cues
from otklik.analysis.engine.aim import aim
from otklik.analysis.engine.dense import dense
from otklik.analysis.engine.features import Floats, grams
from otklik.analysis.engine.linear import Model, Reading, Space, load
from otklik.analysis.engine.text import Batch

MODEL = Path(__file__).parent / "models" / "content.npz"
LOOK = 10  # columns of `look`
NO_CAUSE = "cause_or_none"  # the head that also knows that there is none
RIDGE = 4.0  # what the scores of the head `cause` weigh beside its logarithms
LEAST = -12.0  # smallest logarithm of a probability that is looked at
DIGIT = re.compile(r"\d")
Met = dict[str, list[tuple[int, int]]]  # key → first and last token of every phrase


@dataclass(slots=True)
class Content:
    """A batch as the content model saw it."""

    batch: Batch
    hits: cues.Hits
    counts: Floats  # texts × groups of phrases
    reading: Reading
    scores: Floats  # texts × labels of all heads
    model: Model
    own: dict[int, Met] = field(default_factory=dict)  # causes of the organisation's own, by text
    _shares: dict[str, Floats] = field(default_factory=dict)
    _places: tuple[list[int], list[int]] | None = None

    def head(self, name: str) -> Floats:
        """Scores of one head: texts × its labels."""
        return self.scores[:, self.model.heads[name].columns]

    def shares(self, name: str) -> Floats:
        """Calibrated probabilities of one head; not to be changed in place."""
        if name not in self._shares:
            scores = self.head(name)
            if name == "cause" and NO_CAUSE in self.model.heads:
                scores = blended(scores, self.head(NO_CAUSE))
            self._shares[name] = self.model.heads[name].probabilities(scores)
        return self._shares[name]

    def places(self) -> tuple[list[int], list[int]]:
        """Where every token begins and ends in its raw text."""
        if self._places is None:
            batch = self.batch
            ends = batch.raw_ends(np.arange(len(batch.starts)))
            self._places = batch.where[batch.starts].tolist(), ends.tolist()
        return self._places

    def labels(self, name: str) -> list[str]:
        return self.model.heads[name].labels

    def met(self, group: str) -> NDArray[np.bool_]:
        """Which texts have a phrase of this group."""
        return self.counts[:, cues.shipped().group(group)] > 0


def blended(ridge: Floats, choice: Floats) -> Floats:
    """Scores of causes from both models: which cause it is, and whether there is one at all (last of `choice`)."""
    logs = choice - np.logaddexp.reduce(choice, axis=1, keepdims=True)
    some = np.log1p(-np.exp(np.minimum(logs[:, -1:], -1e-6)))
    mixed: Floats = (RIDGE * ridge + (np.maximum(logs[:, :-1], LEAST) + np.maximum(some, LEAST)) / 2).astype(
        np.float32
    )
    return mixed


@lru_cache(maxsize=4)
def model(path: Path = MODEL) -> Model:
    return load(path)


def understand(batch: Batch, known: Model) -> Content:
    """Read a batch with the content model."""
    hits, counts, extra = columns(batch)
    reading = read(known.space, batch, extra)
    return Content(batch, hits, counts, reading, known.scores(reading), known)


def read(space: Space, batch: Batch, extra: Floats) -> Reading:
    """The batch as numbers of the space: n-grams, the dense columns of all models, and our own."""
    blocks = grams(batch)
    parts = space.parts(blocks, len(batch))
    return Reading(blocks, parts, (np.hstack([dense(batch), extra]) * space.scale).astype(np.float32))


def columns(batch: Batch) -> tuple[cues.Hits, Floats, Floats]:
    """Phrases found, their counts, and the columns that the model adds to n-grams and vectors."""
    matcher = cues.shipped()
    hits = matcher.find(batch)
    counts = hits.counts(len(batch), len(matcher.groups))
    learnt = np.log1p(counts[:, : matcher.learnt])
    return hits, counts, np.hstack([learnt, look(batch), aim(batch, hits)]).astype(np.float32)


def look(batch: Batch) -> Floats:
    """Length, capitals, the largest number, whether it ends with a question: per text."""
    rows = np.zeros((len(batch), LOOK), dtype=np.float32)
    for number, whole in enumerate(batch.texts):
        text = whole[:2000]
        end = text.rstrip()[-1:]
        size = len(text)
        digits = len(DIGIT.findall(text))
        rows[number] = (
            np.log1p(size), size < 25, size < 60, end == "?", end == "!", end == ")",
            min(text.count("«"), 3), min(digits, 20) / 10, min(text.count("!"), 6), min(text.count("?"), 3),
        )  # fmt: skip
    return rows
