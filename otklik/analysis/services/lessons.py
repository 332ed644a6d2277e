"""What one field of an organisation is learnt from, and the learning itself: slow, and outside of transactions."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from otklik.analysis import labels, ports, queries
from otklik.analysis.engine.linear import Model
from otklik.analysis.models import Reading
from otklik.analysis.services import reader
from otklik.analysis.training.datasets import same
from otklik.analysis.training.lesson import FEWEST, MOST, SILENT, Adapted, Lesson, TooFew, adapt

POOL = 3 * SILENT  # newest readings that the silent texts are drawn from
STEP = 3
NEWEST = 4 * MOST  # words of people looked at

__all__ = ["FEWEST", "Outcome", "lesson_of", "teach"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a field; `adapted` is None when there was too little, `why` says so."""

    field: str
    adapted: Adapted | None
    seconds: float
    sources: dict[str, int]
    why: str = ""


def teach(organisation_id: int, field: str, in_use: Model | None) -> Outcome:
    """Learn one field from everything said of it, judged beside the version in use (None: the shipped models)."""
    begin = time.perf_counter()
    lesson, sources = lesson_of(organisation_id, field)
    plain = replace(reader.reader(organisation_id), learnt={})
    try:
        adapted = adapt(lesson, plain, in_use)
    except TooFew:
        return Outcome(field, None, 0.0, sources, "too_few")
    return Outcome(field, adapted, round(time.perf_counter() - begin, 2), sources)


def lesson_of(organisation_id: int, field: str) -> tuple[Lesson, dict[str, int]]:
    """The last word of people on every text, oldest first, copies of a text once; texts that are gone are left out."""
    rows = list(labels.last_words(organisation_id, field)[:NEWEST])
    texts = _texts((row.kind, row.object_id) for row in rows)
    causes = queries.causes(organisation_id)
    found: dict[str, tuple[str, str]] = {}
    sources: Counter[str] = Counter()
    for row in rows:  # the newest first
        text = texts.get((row.kind, row.object_id), "")
        if text.strip() and same(text) not in found:
            right = causes.lives(row.right) if field == "cause" else row.right
            found[same(text)] = text, labels.for_models(field, right)
            sources[row.source] += 1
    pairs = list(found.values())[::-1]
    silent = _silent(organisation_id, field, found)
    return Lesson(field, [text for text, _ in pairs], [label for _, label in pairs], silent), dict(sources)


def _silent(organisation_id: int, field: str, known: dict[str, Any]) -> list[str]:
    """Newest texts of which nobody has spoken, every STEP-th, none of them a copy of a labelled one."""
    rows = Reading.objects.filter(organisation_id=organisation_id, version=reader.version(organisation_id))
    picked = [
        (kind, object_id)
        for kind, object_id, corrected in rows.order_by("-id").values_list("kind", "object_id", "corrected")[
            :POOL
        ]
        if field not in corrected
    ]
    step = STEP if len(picked) > SILENT * 2 else 1
    texts = _texts(picked[::step][:SILENT])
    found = {same(text): text for text in texts.values() if text.strip()}
    return [text for key, text in found.items() if key not in known]


def _texts(wanted: Any) -> dict[tuple[str, int], str]:
    """Texts of subjects, by kind and number."""
    by_kind: dict[str, list[int]] = {}
    for kind, object_id in wanted:
        by_kind.setdefault(kind, []).append(object_id)
    found = {}
    for kind, ids in by_kind.items():
        source = ports.text_sources.get(kind)
        for object_id, text in source(ids).items() if source else ():
            found[kind, object_id] = text
    return found
