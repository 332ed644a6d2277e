"""Tone of a whole text and towards an object that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import words
from otklik.analysis.engine.dense import FLIP
from otklik.analysis.engine.evidence import Spans, of_tokens, spans, strongest
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Model, Reading
from otklik.analysis.engine.objects import Named, around
from otklik.analysis.engine.text import Batch, read

TONES = ("negative", "neutral", "positive", "mixed")
TOWARDS = TONES[:3]
HINT = 0.4  # what one step of the lexicon's strength adds, as a share of the text's strongest word


@dataclass(slots=True)
class Answer:
    """One label with the probabilities of all of them, how sure the model is, and the words that carried it."""

    label: str
    p: dict[str, float]
    sure: float
    spans: Spans = field(default_factory=list)


@dataclass(slots=True)
class Tones:
    """Labels and probabilities of a batch, in the order of `names`."""

    names: tuple[str, ...]
    labels: list[str]
    shares: Floats

    def answer(self, k: int, spans: Spans) -> Answer:
        """The answer of one line with the words that carried it."""
        p = {name: round(share, 4) for name, share in zip(self.names, self.shares[k].tolist(), strict=True)}
        return Answer(self.labels[k], p, p[self.labels[k]], spans)


def calm(names: Sequence[str]) -> Answer:
    """A text without a word is neutral by definition and nothing is claimed about it."""
    return Answer("neutral", {name: float(name == "neutral") for name in names}, 0.0)


def whole(model: Model, scores: Floats) -> Tones:
    """Tone of each whole text."""
    return _tones(model, "tone", scores, TONES)


def towards(model: Model, batch: Batch, scores: Floats, named: Sequence[Named]) -> Tones:
    """Tone towards each of the named objects."""
    if not named:
        return Tones(TOWARDS, [], np.zeros((0, len(TOWARDS)), dtype=np.float32))
    extra = model.heads["towards"].extra
    more = None if extra is None else around(batch, named) @ extra
    return _tones(model, "towards", scores[[one.row for one in named]], TOWARDS, more)


def _tones(
    model: Model, name: str, scores: Floats, names: tuple[str, ...], more: Floats | None = None
) -> Tones:
    head = model.heads[name]
    part = scores[:, head.columns] if more is None else scores[:, head.columns] + more
    chosen = head.chosen(part)
    return Tones(names, [head.labels[int(k)] for k in chosen], head.probabilities(part))


def replace_kazakh(  # noqa: PLR0913, PLR0917 - the parts of a reading
    model: Model, batch: Batch, rows: list[int], text: Tones, toward: Tones, named: Sequence[Named]
) -> None:
    """Kazakh texts are judged by their own model, which knows negative and positive only."""
    part = read([batch.texts[k] for k in rows])
    head = model.heads["kazakh"]
    scores = model.scores(model.space.read(part))
    chosen, shares = head.chosen(scores), head.probabilities(scores)
    about: dict[int, list[int]] = {}
    for k, one in enumerate(named):
        about.setdefault(one.row, []).append(k)
    for place, k in enumerate(rows):
        bad, good = float(shares[place, 0]), float(shares[place, 1])
        for tones, lines in ((text, [k]), (toward, about.get(k, []))):
            for line in lines:
                tones.labels[line] = head.labels[int(chosen[place])]
                tones.shares[line] = 0
                tones.shares[line, 0], tones.shares[line, 2] = bad, good


def evidence(model: Model, batch: Batch, reading: Reading, whole: Tones) -> list[Spans]:
    """Words that made a text negative, positive or mixed; a neutral text has nothing to show."""
    return spans(batch, _carried(model, "tone", batch, reading, whole.labels))


def evidence_towards(
    model: Model, batch: Batch, reading: Reading, towards: Tones, named: Sequence[Named]
) -> list[Spans]:
    """For each object its name and the words that made the tone towards it."""
    shown: list[Spans] = [[] for _ in named]
    waiting = list(range(len(named)))
    while waiting:  # one object of every text at a time
        turn = {named[k].row: k for k in reversed(waiting)}
        waiting = [k for k in waiting if turn[named[k].row] != k]
        labels = [towards.labels[turn[row]] if row in turn else "neutral" for row in range(len(batch))]
        carried = _carried(model, "towards", batch, reading, labels)
        for row, k in turn.items():
            first, last = int(batch.bounds[row]), int(batch.bounds[row + 1])
            tokens = {*named[k].tokens, *strongest(carried, first, last).tolist()}
            shown[k] = of_tokens(batch, sorted(tokens))
    return shown


def _carried(model: Model, name: str, batch: Batch, reading: Reading, labels: list[str]) -> Floats:
    """How much each token spoke for the label of its text; 0 in neutral texts."""
    head = model.heads[name]
    columns = np.array([-1 if one == "neutral" else head.first + head.labels.index(one) for one in labels])
    return with_lexicon(batch, model.carried(reading, columns, len(batch.starts)), labels)


def with_lexicon(batch: Batch, carried: Floats, labels: list[str]) -> Floats:
    """Add to each word's weight what the lexicon says in the direction of its text's label."""
    strength = words.scores(batch)
    _, behind = words.negated(batch)
    strength = np.where(behind, strength * np.float32(FLIP), strength)
    direction: NDArray[np.float32] = np.array(
        [{"negative": -1.0, "positive": 1.0}.get(label, 0.0) for label in labels], dtype=np.float32
    )
    sides = direction[batch.token_rows]
    mixed = np.array([label == "mixed" for label in labels])[batch.token_rows]
    hints = np.where(mixed, np.abs(strength), strength * sides)
    top = np.full(len(batch), 1e-6, dtype=np.float32)
    np.maximum.at(top, batch.token_rows, carried)
    return (carried / top[batch.token_rows] + HINT * hints).astype(np.float32)
