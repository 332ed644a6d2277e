"""An organisation with texts that were read and labels that people gave: for tests of learning."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from otklik.analysis import ports
from otklik.analysis.models import Reading
from otklik.analysis.services import corrections, reader
from otklik.analysis.services.readings import keep

DATA = Path(__file__).parents[1] / "data" / "texts_train.jsonl"
KIND = "letter"  # of subjects that only these tests have


@cache
def rows() -> tuple[dict[str, Any], ...]:
    """Texts of the project with their labels, in an order of no meaning."""
    with DATA.open(encoding="utf-8") as lines:
        every = [json.loads(line) for line in lines]
    order = np.random.default_rng(5).permutation(len(every))
    return tuple(every[k] for k in order)


def convention(row: dict[str, Any]) -> str:
    """This organisation calls every discontent a complaint: it answers all of them."""
    main = str(row["intent"][0])
    return "complaint" if main in ("negative_feedback", "suggestion") else main


class Letters:
    """Subjects of one kind: what customers wrote to several organisations."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.of: dict[int, int] = {}

    def connect(self, monkeypatch: Any) -> None:
        monkeypatch.setitem(
            ports.text_sources, KIND, lambda ids: {pk: self.texts[pk] for pk in ids if pk in self.texts}
        )
        monkeypatch.setitem(ports.history, KIND, ports.History(self.count, self.page))

    def count(self, organisation_id: int) -> int:
        return sum(one == organisation_id for one in self.of.values())

    def page(self, organisation_id: int, after_id: int, size: int) -> dict[int, str]:
        mine = sorted(pk for pk, one in self.of.items() if one == organisation_id and pk > after_id)
        return {pk: self.texts[pk] for pk in mine[:size]}

    def arrive(self, organisation_id: int, texts: list[str]) -> list[int]:
        """Texts come in and are read."""
        begin = len(self.texts) + 1
        ids = list(range(begin, begin + len(texts)))
        self.texts |= dict(zip(ids, texts, strict=True))
        self.of |= dict.fromkeys(ids, organisation_id)
        version = reader.version(organisation_id)
        keep(organisation_id, KIND, dict(zip(ids, reader.read(organisation_id, texts), strict=True)), version)
        return ids

    def label(self, ids: list[int], labels: list[str], *, by: Any, field: str = "intent") -> None:
        for pk, label in zip(ids, labels, strict=True):
            corrections.correct(KIND, pk, field, label, by=by)


def reading(pk: int) -> Reading:
    return Reading.objects.get(kind=KIND, object_id=pk)
