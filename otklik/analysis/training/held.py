"""Scores of the whole reading: held texts of another author, or the training texts by cross-validation.

.venv/bin/python -m otklik.analysis.training.held           held texts; only totals are printed
.venv/bin/python -m otklik.analysis.training.held --page    held texts; the table of docs/analysis.md is written anew
.venv/bin/python -m otklik.analysis.training.held --cross   each block of writing read by models that have not seen it
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from otklik.analysis.engine import content, text
from otklik.analysis.engine.abuse import HARMFUL, abuses
from otklik.analysis.engine.cause import Taxonomy
from otklik.analysis.engine.reading import Item, Reader, Record
from otklik.analysis.engine.severity import priority
from otklik.analysis.training import held_page
from otklik.analysis.training.calibration import micro_f1
from otklik.analysis.training.content import build
from otklik.analysis.training.rows import BLOCKS, Row, judged, read_rows

MAIN = ("intent", "cause")
SCALES = ("expects_reply", "severity", "complexity", "impact", "urgency", "safety", "rumour", "lang")


def answers(rows: Sequence[Row], folder: Path | None) -> list[Record]:
    """Every text read with the preset of its industry."""
    readers = {name: Reader(Taxonomy(name), folder=folder) for name in {row.get("industry") for row in rows}}
    found: list[Record] = [{} for _ in rows]
    for name, reader in readers.items():
        at = [k for k, row in enumerate(rows) if row.get("industry") == name]
        for k, answer in zip(at, reader.read([Item(rows[k]["text"]) for k in at]), strict=True):
            found[k] = answer
    return found


def several(rows: Sequence[Row], given: Sequence[Record], name: str) -> dict[str, float]:
    """Micro-F1 of a field with several labels: all texts, stories, others."""
    labels = sorted({one for row in rows for one in row[name]})
    truth = np.array([[label in row[name] for label in labels] for row in rows])
    found = np.array([[label in names(answer[name]) for label in labels] for answer in given])
    story = np.array([bool(row.get("story")) for row in rows])
    shown = np.array([name not in answer["abstained"] for answer in given])
    parts = {"all": np.ones(len(rows), bool), "story": story, "plain": ~story, "shown": shown}
    return {part: round(micro_f1(truth[at], found[at]), 3) for part, at in parts.items()} | {
        "share_shown": round(float(shown.mean()), 3)
    }


def names(labels: Sequence[Any]) -> list[str]:
    return [one["label"] if isinstance(one, dict) else one for one in labels]


def single(
    rows: Sequence[Row], given: Sequence[Record], name: str, read: Callable[[Any], str]
) -> dict[str, float]:
    """Accuracy and macro-F1 of a field with one label, and accuracy of the answers that are shown."""
    truth = np.array([read(row) for row in rows])
    found = np.array([read(answer) for answer in given])
    shown = np.array([name not in answer["abstained"] for answer in given])
    each = [
        2 * ((truth == label) & (found == label)).sum() / ((truth == label).sum() + (found == label).sum())
        for label in np.unique(truth)
    ]
    right = truth == found
    return {
        "accuracy": round(float(right.mean()), 3),
        "macro_f1": round(float(np.mean(each)), 3),
        "shown": round(float(right[shown].mean()), 3) if shown.any() else 0.0,
        "share_shown": round(float(shown.mean()), 3),
    }


def first_of(name: str) -> Callable[[Any], str]:
    """The main label of a field with several."""
    return lambda one: next(iter(names(one[name])), "")


def _plain(name: str, one: Row | Record) -> str:
    return str(one[name])


def of_tone(one: Row | Record) -> str:
    return str(one["tone"]["label"] if isinstance(one["tone"], dict) else one["tone"])


def of_priority(one: Row | Record) -> str:
    if "priority" in one:
        return str(one["priority"])
    return priority(one["severity"], one["complexity"], one["impact"], one["urgency"], safety=one["safety"])


def abuse_scores(rows: Sequence[Row], shares: NDArray[np.float64], labels: Sequence[str]) -> dict[str, float]:
    """Angry against abusive (a person attacked); advertising floods are another matter."""
    truth = np.array([row["abuse"] for row in rows])
    harmful, angry = np.isin(truth, HARMFUL), truth == "angry"
    both, given = harmful | angry, np.isin(labels, HARMFUL)
    same = np.array(labels) == truth
    return {
        "texts": int(both.sum()),
        "auc": round(float(roc_auc_score(harmful[both], shares[both])), 3),
        "angry_called_abusive": round(float(given[angry].mean()), 3),
        "abusive_found": round(float(given[harmful].mean()), 3),
        "kind_right_of_found": round(float(same[harmful & given].mean()), 3),
        "none_called_abusive": round(float(given[truth == "none"].mean()), 3)
        if (truth == "none").any()
        else 0.0,
    }


def abuse_of(rows: Sequence[Row], folder: Path | None) -> tuple[NDArray[np.float64], list[str]]:
    known = content.model(content.MODEL if folder is None else folder / content.MODEL.name)
    found = abuses(content.understand(text.read([row["text"] for row in rows]), known))
    return np.array([one.abusive for one in found]), [one.label for one in found]


def report(rows: list[Row], given: list[Record], abuse: list[Row], shares: Any, labels: list[str]) -> Record:
    """All scores in one object."""
    result: Record = {"texts": len(rows)}
    for name in ("intent", "cause", "signals"):
        result[name] = several(rows, given, name)
    for name in MAIN:
        result[f"main_{name}"] = single(rows, given, name, first_of(name))
    for name in SCALES:
        result[name] = single(rows, given, name, partial(_plain, name))
    result["tone"] = single(rows, given, "tone", of_tone)
    result["priority"] = single(rows, given, "priority", of_priority)
    result["misread"] = misread(rows, given)
    first = np.array([of_priority(row) == "P1" for row in rows])
    lifted = np.array([of_priority(answer) in ("P1", "P2") for answer in given])
    result["P1_seen_as_P1_or_P2"] = round(float(lifted[first].mean()), 3)
    dangerous = np.array([row["safety"] for row in rows])
    found = np.array([answer["safety"] for answer in given])
    result["safety_recall"] = round(float(found[dangerous].mean()), 3)
    result["safety_precision"] = round(float(dangerous[found].mean()), 3)
    result["abuse_set"] = abuse_scores(abuse, shares, labels)
    return result


def misread(rows: Sequence[Row], given: Sequence[Record]) -> dict[str, list[int]]:
    """The weakest places by name: how many of how many."""
    both = list(zip(rows, given, strict=True))
    positive = [of_tone(answer) for row, answer in both if of_tone(row) == "positive"]
    deadline = [answer["signals"] for row, answer in both if "deadline_named" in row["signals"]]
    second = [of_priority(answer) for row, answer in both if of_priority(row) == "P2"]
    return {
        "positive_texts_read_as_negative": [positive.count("negative"), len(positive)],
        "deadline_named_not_found": [sum("deadline_named" not in one for one in deadline), len(deadline)],
        "P2_read_as_P3_or_P4": [sum(one in ("P3", "P4") for one in second), len(second)],
    }


def cross() -> Record:
    """The training texts, each block of writing read by models that have not seen it."""
    known = judged()
    rows, abuse, height = known.rows, known.abuse, len(known.rows)
    given: list[Record] = [{} for _ in rows]
    shares, labels = np.zeros(len(abuse)), ["none"] * len(abuse)
    for part in range(BLOCKS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            build(folder / content.MODEL.name, without=part)
            asked = np.flatnonzero(known.parts[:height] == part).tolist()
            for k, answer in zip(asked, answers([rows[k] for k in asked], folder), strict=True):
                given[k] = answer
            asked = np.flatnonzero(known.parts[height:] == part).tolist()
            values, found = abuse_of([abuse[k] for k in asked], folder)
            for k, value, label in zip(asked, values.tolist(), found, strict=True):
                shares[k], labels[k] = value, label
    return report(rows, given, abuse, shares, labels)


def held() -> Record:
    rows, abuse = read_rows("texts_held.jsonl"), read_rows("abuse_held.jsonl")
    result = report(rows, answers(rows, None), abuse, *abuse_of(abuse, None))
    fresh = read_rows("abuse_held_second.jsonl")
    result["abuse_set_second"] = abuse_scores(fresh, *abuse_of(fresh, None))
    both = [*abuse, *fresh]
    result["abuse_sets_together"] = abuse_scores(both, *abuse_of(both, None))
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cross", action="store_true")
    parser.add_argument("--page", action="store_true")
    asked = parser.parse_args()
    scores = cross() if asked.cross else held()
    if asked.page and not asked.cross:
        held_page.write(scores)
    print(json.dumps(scores, indent=1))  # noqa: T201
