"""Retraining of one field from what an organisation's people said: learnt on four fifths, judged on the fifth.

Which fifth is a number of the text: copies stay together, and what is held is never learnt from, by no version. So
every version can be compared with every other on all held labels, and the one that is used is the one judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from otklik.analysis.engine import evidence, own
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Model
from otklik.analysis.engine.reading import Reader
from otklik.analysis.training.adapt import Texts, fit, look
from otklik.analysis.training.datasets import same

FEWEST = 30  # labelled texts below which nothing is learnt
MOST = 1200  # labels learnt from, the newest, so that it takes seconds
SILENT = 300  # texts beside them that nobody has spoken of
WEIGHT = 0.5  # of a silent text, beside a label
PARTS = 5
WORDS = 24  # shown of what was learnt
SHORTEST = 4  # letters of a shown word
TWICE = 2  # texts that have a shown word
LIFT = 1.5  # how much likelier than elsewhere it must be in texts whose answer changed


class TooFew(ValueError):
    """There is not enough to learn from; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Labels of one field, and `silent` texts of which nobody has spoken.

    People correct what is wrong more often than they confirm what is right; without the silent texts a model would
    learn that no answer is ever right.
    """

    field: str
    texts: list[str]
    labels: list[str]
    silent: list[str]


@dataclass(slots=True)
class Adapted:
    """A learnt model and its judgement: agreement (share of held labels) and macro-F1, beside what is in use."""

    model: Model
    learnt: int
    held: int
    old: dict[str, float]
    new: dict[str, float]
    better: bool
    card: dict[str, Any]


def held(text: str) -> bool:
    """Whether a text is kept for judging, now and for ever."""
    return crc32(same(text).encode("utf-8", "surrogatepass")) % PARTS == 0


def adapt(lesson: Lesson, reader: Reader, in_use: Model | None) -> Adapted:
    """Learn, and judge beside the model in use (None: the shipped one). Raises TooFew.

    `reader` has nothing learnt. Better means: not fewer held labels right, and more of them, or more of those
    learnt from (each by a model without it).
    """
    field = lesson.field
    pairs = list(zip(lesson.texts, lesson.labels, strict=True))
    taught = [pair for pair in pairs if not held(pair[0])][-MOST:]
    asked = [pair for pair in pairs if held(pair[0])]
    if len(pairs) < FEWEST or not taught or not asked:
        raise TooFew(f"{len(pairs)} labelled texts, {len(asked)} of them held: at least {FEWEST} are needed")
    learn, ask = (look(reader, [text for text, _ in some]) for some in (taught, asked))
    silent = look(reader, lesson.silent[:SILENT])
    right, truth = ([label for _, label in some] for some in (taught, asked))
    kept = said_by(None, field, silent)
    before = said_by(None, field, learn)
    names = names_of(field, [*right, *truth, *kept, *before, *said_by(None, field, ask)])
    weights = np.array([1.0] * len(right) + [WEIGHT] * len(kept), np.float32)
    fitted = fit(field, names, learn + silent, flags(field, names, [*right, *kept]), weights)
    outside = own.chosen(field, names, fitted.outside[: len(right)])
    mended, spoilt = _moved(right, before, outside)
    old, new = (judged(truth, said_by(model, field, ask)) for model in (in_use, fitted.model))
    sure = mended - spoilt > (mended + spoilt) ** 0.5  # more than chance would give
    better = new["agreement"] > old["agreement"] or (new["agreement"] == old["agreement"] and sure)
    now = said_by(fitted.model, field, silent)
    card: dict[str, Any] = {
        "field": field, "penalty": fitted.penalty, "silent": len(kept), "mended": mended, "spoilt": spoilt,
        "changed": round(sum(one != other for one, other in zip(now, kept, strict=True)) / max(len(kept), 1), 4),
        "words": words(fitted.model, field, learn, before, right),
    }  # fmt: skip
    fitted.model.card = {name: card[name] for name in ("field", "penalty")}
    return Adapted(fitted.model, len(right), len(truth), old, new, better, card)


def names_of(field: str, labels: Sequence[str]) -> list[str]:
    """The labels a model has to know, in order; of sets their members."""
    several = field in own.SEVERAL
    return sorted({one for label in labels for one in (own.parts(label) if several else (label,))}) or [""]


def flags(field: str, names: list[str], labels: Sequence[str]) -> Floats:
    """Texts × names: 1 where the name is (of) the label."""
    found = np.zeros((len(labels), len(names)), np.float32)
    for row, label in enumerate(labels):
        for one in own.parts(label) if field in own.SEVERAL else (label,):
            found[row, names.index(one)] = 1
    return found


def said_by(model: Model | None, field: str, known: Texts) -> list[str]:
    """The labels that the shipped models give, or a learnt model upon them."""
    found = [own.said(record, field) for record in known.records]
    at = 0
    for seen in known.seen if model is not None else ():
        part = known.records[at : at + len(seen.batch)]
        for row, given in enumerate(own.answers({field: model}, seen, part)[field]):  # type: ignore[dict-item]  # not None here
            if given is not None:
                found[at + row] = given.label
        at += len(seen.batch)
    return found


def judged(truth: Sequence[str], answers: Sequence[str]) -> dict[str, float]:
    """Share of labels that agree, and macro-F1 over the labels that people gave."""
    rows = list(zip(truth, answers, strict=True))
    each = []
    for label in sorted(set(truth)):
        both = sum(one == other == label for one, other in rows)
        either = sum(one == label for one, _ in rows) + sum(other == label for _, other in rows)
        each.append(2 * both / either)
    agreed = sum(one == other for one, other in rows)
    return {"agreement": round(agreed / len(rows), 4), "macro_f1": round(sum(each) / len(each), 4)}


def _moved(right: Sequence[str], before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many wrong answers became right, and right ones wrong."""
    rows = list(zip(right, before, after, strict=True))
    return (
        sum(label == now != then for label, then, now in rows),
        sum(label == then != now for label, then, now in rows),
    )


def words(
    model: Model, field: str, known: Texts, before: Sequence[str], right: Sequence[str]
) -> list[dict[str, Any]]:
    """Words that spoke for the new label in texts whose answer changed to what the person said, most texts first."""
    head = model.heads[field]
    texts: dict[tuple[str, str], int] = defaultdict(int)
    everywhere: dict[str, int] = defaultdict(int)
    at = moved = 0
    for seen in known.seen:
        part = slice(at, at + len(seen.batch))
        at = part.stop
        shares, given = own.base(field, head.labels, seen, known.records[part])
        reading = own.read(model, seen, shares, given)
        wanted = [
            now if now != then and now in head.labels else ""
            for now, then in zip(right[part], before[part], strict=True)
        ]
        moved += sum(map(bool, wanted))
        columns = np.array([head.labels.index(label) if label else -1 for label in wanted])
        spans = evidence.spans(seen.batch, model.carried(reading, columns, len(seen.batch.starts)))
        for text, label, some in zip(seen.batch.texts, wanted, spans, strict=True):
            for word in _bare(text):
                everywhere[word] += 1
            for word in _bare(" ".join(text[start:end] for start, end in some)) if label else ():
                texts[word, label] += 1
    usual = moved / max(at, 1)  # a word that is as common in texts that did not change says nothing
    told = sorted(
        (
            (count, word, label)
            for (word, label), count in texts.items()
            if count >= TWICE and count > LIFT * usual * everywhere[word]
        ),
        reverse=True,
    )
    return [{"word": word, "label": label, "texts": count} for count, word, label in told[:WORDS]]


def _bare(text: str) -> set[str]:
    """Words without signs around them, in small letters; numbers and short words are left out."""
    found = (one.strip("«»\"'.,!?:;()–-…") for one in text.lower().split())
    return {one for one in found if len(one) >= SHORTEST and one.isalpha()}
