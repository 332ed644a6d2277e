"""Tone of a whole text and towards an object that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import words
from otklik.analysis.engine.clauses import Parts
from otklik.analysis.engine.dense import FLIP
from otklik.analysis.engine.evidence import Spans, completed, of_tokens, spans, strongest, telling
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Head, Model, Reading
from otklik.analysis.engine.objects import Named, around
from otklik.analysis.engine.text import Batch, Points, read
from otklik.analysis.engine.vectors import vectors

TONES = ("negative", "neutral", "positive", "mixed")
TOWARDS = TONES[:3]
MUTE = ",.;:-—–/«»\"'“”"  # signs that are not shown as words that carried a tone
SIGNS = 0.7  # probability of what emoji say by themselves
SETTLED = 0.75  # probability of what a comparison of two names says
LEAST = 1.0  # strength of emoji from which they say something
SOUNDS = 1.0  # how good or bad a word outside the lexicon sounds by its neighbours, from where it is likely to tell
LIKELY, UNLIKELY = 0.8, 0.45  # what such words weigh beside those of the lexicon
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

    def answers(self, spans: Sequence[Spans]) -> list[Answer]:
        """The answer of every line with the words that carried it."""
        shares = np.round(self.shares.astype(np.float64), 4).tolist()
        given = [dict(zip(self.names, one, strict=True)) for one in shares]
        return [
            Answer(label, p, p[label], shown)
            for label, p, shown in zip(self.labels, given, spans, strict=True)
        ]


def calm(names: Sequence[str]) -> Answer:
    """A text without a word is neutral by definition and nothing is claimed about it."""
    return Answer("neutral", {name: float(name == "neutral") for name in names}, 0.0)


def whole(model: Model, scores: Floats) -> Tones:
    """Tone of each whole text."""
    return _tones(model, "tone", scores, TONES)


def by_signs(batch: Batch, wordless: NDArray[np.bool_], whole: Tones) -> None:
    """Texts without a word: their emoji decide by our lexicon, signs alone claim nothing."""
    if not wordless.any():
        return
    strength = np.bincount(batch.token_rows, weights=words.scores(batch), minlength=len(batch))
    for row in np.flatnonzero(wordless).tolist():
        label = "neutral" if abs(strength[row]) < LEAST else "positive" if strength[row] > 0 else "negative"
        whole.labels[row] = label
        whole.shares[row] = (1 - SIGNS) / (len(whole.names) - 1)
        whole.shares[row, whole.names.index(label)] = SIGNS


def towards(model: Model, batch: Batch, scores: Floats, named: Sequence[Named], parts: Parts) -> Tones:
    """Tone towards each of the named objects; those with a part of their own are judged by it alone."""
    if not named:
        return Tones(TOWARDS, [], np.zeros((0, len(TOWARDS)), dtype=np.float32))
    head = model.heads["towards"]
    found = scores[[one.row for one in named]]
    found[:, head.columns] += _near(head, batch, named)
    if parts:
        texts, about = _apart(batch, named, parts)
        own = model.scores(model.space.read(texts))
        own[:, head.columns] += _near(head, texts, about)
        found[list(parts)] = own
    return _tones(model, "towards", found, TOWARDS)


def _near(head: Head, batch: Batch, named: Sequence[Named]) -> Floats | float:
    """What the words near the names add to the scores."""
    return 0.0 if head.extra is None else around(batch, named) @ head.extra


def _apart(batch: Batch, named: Sequence[Named], parts: Parts) -> tuple[Batch, list[Named]]:
    """The parts as texts of their own, with the places of the names in them."""
    apart = read([_piece(batch, named[k], tokens) for k, tokens in parts.items()])
    about = []
    for row, (k, tokens) in enumerate(parts.items()):
        first, last = int(apart.bounds[row]), int(apart.bounds[row + 1])
        own = set(named[k].tokens) if last - first == len(tokens) else set()
        about.append(Named(row, [first + at for at, token in enumerate(tokens) if token in own]))
    return apart, about


def _piece(batch: Batch, one: Named, tokens: list[int] | None) -> str:
    whole = batch.texts[one.row]
    return whole if tokens is None else " ".join(whole[a:b] for a, b in of_tokens(batch, tokens))


def _tones(model: Model, name: str, scores: Floats, names: tuple[str, ...]) -> Tones:
    head = model.heads[name]
    part = scores[:, head.columns]
    chosen = head.chosen(part)
    return Tones(names, [head.labels[int(k)] for k in chosen], head.probabilities(part))


def settled(towards: Tones, said: dict[int, str]) -> None:
    """Put what a comparison says (line → label) above the model's word."""
    for line, label in said.items():
        at = towards.names.index(label)
        rest = 1 - towards.shares[line, at]
        if towards.shares[line, at] < SETTLED:
            towards.shares[line] *= (1 - SETTLED) / max(float(rest), 1e-6)
            towards.shares[line, at] = SETTLED
        towards.labels[line] = label


def replace_kazakh(  # noqa: PLR0913, PLR0917 - the parts of a reading
    model: Model,
    batch: Batch,
    rows: list[int],
    whole: Tones,
    toward: Tones,
    named: Sequence[Named],
    parts: Parts,
) -> None:
    """Kazakh texts are judged by their own model, which knows negative and positive only."""
    kazakh = set(rows)
    about = [k for k, one in enumerate(named) if one.row in kazakh]
    pieces = [batch.texts[row] for row in rows]
    pieces += [_piece(batch, named[k], parts.get(k)) for k in about]
    head = model.heads["kazakh"]
    scores = model.scores(model.space.read(read(pieces)))
    chosen, shares = head.chosen(scores), head.probabilities(scores)
    for place, (tones, line) in enumerate([*((whole, row) for row in rows), *((toward, k) for k in about)]):
        tones.labels[line] = head.labels[int(chosen[place])]
        tones.shares[line] = 0
        tones.shares[line, 0], tones.shares[line, 2] = shares[place]


def evidence(model: Model, batch: Batch, reading: Reading, whole: Tones) -> list[Spans]:
    """Words that made a text negative, positive or mixed; a neutral text has nothing to show."""
    return spans(batch, _carried(model, "tone", batch, reading, whole.labels))


def evidence_towards(  # noqa: PLR0913, PLR0917 - the parts of a reading
    model: Model, batch: Batch, reading: Reading, towards: Tones, named: Sequence[Named], parts: Parts
) -> list[Spans]:
    """For each object its name and the words that made the tone towards it; names of others are left out."""
    shown: list[Spans] = [[] for _ in named]
    names = {token for one in named for token in one.tokens}
    waiting = list(range(len(named)))
    while waiting:  # one object of every text at a time
        turn = {named[k].row: k for k in reversed(waiting)}
        waiting = [k for k in waiting if turn[named[k].row] != k]
        labels = [towards.labels[turn[row]] if row in turn else "neutral" for row in range(len(batch))]
        carried = telling(batch, _carried(model, "towards", batch, reading, labels))
        for row, k in turn.items():
            first, last = int(batch.bounds[row]), int(batch.bounds[row + 1])
            own = parts.get(k)
            part = carried if own is None else _only(carried, own)
            said = set(completed(batch, strongest(part, first, last))) - names
            shown[k] = of_tokens(batch, sorted(said.union(named[k].tokens)))
    return shown


def _only(carried: Floats, tokens: list[int]) -> Floats:
    kept = np.zeros_like(carried)
    kept[tokens] = carried[tokens]
    return kept


def _carried(model: Model, name: str, batch: Batch, reading: Reading, labels: list[str]) -> Floats:
    """How much each token spoke for the label of its text; 0 in neutral texts."""
    head = model.heads[name]
    columns = np.array([-1 if one == "neutral" else head.first + head.labels.index(one) for one in labels])
    carried = with_lexicon(batch, model.carried(reading, columns, len(batch.starts)), labels)
    return np.where(np.isin(batch.points[batch.starts], _mute()), np.float32(0), carried)


@cache
def _mute() -> Points:
    return np.array([ord(sign) for sign in MUTE], dtype=np.uint32)


def with_lexicon(batch: Batch, carried: Floats, labels: list[str]) -> Floats:
    """Add to each word's weight what the lexicon says in the direction of its text's label."""
    strength, places = words.scores(batch), vectors().places(batch)
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
    sounds = np.where(places >= 0, vectors().polarity[places], 0) * np.where(mixed, 1, sides)
    plain = np.where(sounds >= SOUNDS, LIKELY, UNLIKELY)  # words outside the lexicon
    weighed = (carried / top[batch.token_rows] + HINT * hints) * np.where(hints > 0, 1, plain)
    return weighed.astype(np.float32)
