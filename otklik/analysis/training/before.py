"""What a field's new model is compared with: the own model of a folder, or the shipped reader where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from otklik.analysis.engine import overrides, own
from otklik.analysis.engine.field import read_texts
from otklik.analysis.engine.labels import CLOSED, OPEN, label_names
from otklik.analysis.engine.linear import Model, load
from otklik.analysis.engine.reading import Item, Reader

BATCH = 256
EMPTY = "none"  # the one way in which an empty list is written here


@dataclass(frozen=True, slots=True)
class Before:
    """What answers a field today: `answer` gives one label a text; `shipped` when no own model does."""

    answer: Callable[[list[str]], list[str]]
    shipped: bool


def judge(out: Path, field: str) -> Path:
    """The twin of a field's model that never saw the held texts: only it can be compared fairly next time."""
    return out / f"{field}.judge.npz"


def previous(out: Path, field: str, labels: Sequence[str]) -> Before | None:
    """What a new model of the field is compared with; None when nothing today knows any of the labels.

    ValueError when a file is there that cannot answer the field.
    """
    for path in (judge(out, field), out / f"{field}.npz"):
        if path.exists():
            return Before(_by_model(overrides.checked(field, load(path)), field), shipped=False)
    if not known_to_shipped(field, labels):
        return None
    return Before(_by_reader(out, field), shipped=True)


def known_to_shipped(field: str, labels: Sequence[str]) -> bool:
    """Whether the shipped reader could be right: an answer towards a name needs the name, which labels do not give."""
    if field == "object_tone" or field not in shipped_fields():
        return False
    known = {str(one) for one in label_names().get(field, ("False", "True"))}
    given = {part for label in labels for part in (own.parts(label) or {EMPTY})} - {EMPTY}
    return bool(given & known)


def shipped_fields() -> tuple[str, ...]:
    """The fields of the contract that a model may answer."""
    return (*CLOSED, *OPEN, "safety")


def normal(field: str, label: str) -> str:
    """The one form of a label in which answers are compared and learnt: sets in order, nothing as EMPTY."""
    if field in own.SEVERAL:
        return own.BETWEEN.join(sorted(own.parts(label) - overrides.NOTHING)) or EMPTY
    return EMPTY if field == "cause" and label in overrides.NOTHING else label


def _by_model(model: Model, field: str) -> Callable[[list[str]], list[str]]:
    return lambda texts: [normal(field, ranked[0][0]) for ranked in read_texts(model, field, texts)]


def _by_reader(out: Path, field: str) -> Callable[[list[str]], list[str]]:
    """The shipped reader, with the general files of the folder where it has them."""

    def answer(texts: list[str]) -> list[str]:
        reader = Reader(folder=out)
        parts = [texts[k : k + BATCH] for k in range(0, len(texts), BATCH)]
        records = [one for part in parts for one in reader.read([Item(text) for text in part])]
        return [normal(field, own.said(record, field)) for record in records]

    return answer
