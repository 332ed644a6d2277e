"""What few labels teach: simulated organisations that label by conventions other than ours (docs/learning.md).

The shipped content model has seen the texts of the project, so it is built anew without a part of them, and that
part is the organisation. Run: nice -n 19 .venv/bin/python -m bench.few_labels
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from otklik.analysis.engine import own
from otklik.analysis.engine.reading import Reader
from otklik.analysis.training.adapt import look
from otklik.analysis.training.content import build
from otklik.analysis.training.lesson import Lesson, TooFew, adapt, judged, said_by
from otklik.analysis.training.rows import judged as our_texts

PARTS, DRAWS, TESTED, MOST = (0, 1, 2), 3, 100, 400
TOGETHER = {
    "delivery_lost": "delivery_late", "delivery_damaged": "product_defect", "warranty_refusal": "refund_delay",
    "price_bill": "refund_delay", "promotion_terms": "refund_delay", "hard_to_reach": "service_quality",
    "wrong_information": "service_quality", "staff_rudeness": "service_quality", "cleanliness": "service_quality",
    "booking": "service_quality",
}  # fmt: skip
Row = dict[str, Any]


def cause(row: Row) -> str:
    return str((row["cause"] or [""])[0])


def grave(row: Row) -> str:
    late = cause(row) in ("delivery_late", "delivery_lost") and row["severity"] == 2
    return "3" if late else str(row["severity"])


def heated(row: Row) -> str:
    return "neutral" if row["tone"] in ("negative", "mixed") and row["severity"] == 1 else str(row["tone"])


def complains(row: Row) -> str:
    main = str(row["intent"][0])
    return "complaint" if main == "negative_feedback" else main


CONVENTIONS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "cause: related causes are one": ("cause", lambda row: TOGETHER.get(cause(row), cause(row))),
    "intent: every discontent is a complaint": ("intent", complains),
    "severity: late delivery is serious": ("severity", grave),
    "tone: trifles are neutral": ("tone", heated),
    "none: intent as shipped": ("intent", lambda row: str(row["intent"][0])),
}


def simulate(
    world: tuple[list[Row], Reader, list[Row]], name: str, labels: int, seed: int, *, biased: bool
) -> list[float] | None:
    """Agreement on held labels and on texts apart, before and after; whether it would be used; seconds; labels."""
    rows, reader, records = world
    field, convention = CONVENTIONS[name]
    machine = [own.said(one, field) for one in records]
    order = np.random.default_rng(seed).permutation(len(rows)).tolist()
    apart, pool = order[:TESTED], order[TESTED:]
    truth = [convention(row) for row in rows]
    chosen = pool[:labels]
    if biased:
        wrong = [k for k in pool if truth[k] != machine[k]][: int(labels * 0.77)]
        chosen = wrong + [k for k in pool if truth[k] == machine[k]][: int(labels * 0.23)]
    silent = [rows[k]["text"] for k in pool if k not in set(chosen)]
    begin = time.perf_counter()
    try:
        found = adapt(
            Lesson(field, [rows[k]["text"] for k in chosen], [truth[k] for k in chosen], silent), reader, None
        )
    except TooFew:
        return None
    seconds = time.perf_counter() - begin
    asked, right = look(reader, [rows[k]["text"] for k in apart]), [truth[k] for k in apart]
    before, after = (
        judged(right, said_by(model, field, asked))["agreement"] for model in (None, found.model)
    )
    return [
        found.old["agreement"], found.new["agreement"], float(found.better), before, after, seconds, len(chosen),
    ]  # fmt: skip


def main() -> None:
    known = our_texts()
    parts = known.parts[: len(known.rows)]
    worlds = []
    for part in PARTS:
        folder = Path(tempfile.mkdtemp(prefix="learning-"))
        build(folder / "content.npz", without=part)
        mine = [row for row, one in zip(known.rows, parts, strict=True) if one == part][:MOST]
        reader = Reader(folder=folder)
        worlds.append((mine, reader, look(reader, [row["text"] for row in mine]).records))
    for name in CONVENTIONS:
        for labels, biased in ((60, False), (140, False), (60, True)):
            runs = [
                simulate(world, name, labels, seed, biased=biased)
                for world in worlds
                for seed in range(DRAWS)
            ]
            table = np.array([run for run in runs if run is not None])
            used = table[table[:, 2] > 0]
            mean = table.mean(axis=0)
            kind = "corrections" if biased else "at random"
            sys.stdout.write(
                f"{name:42} {mean[6]:4.0f} {kind:11} held {mean[0]:.3f} → {mean[1]:.3f}  apart {mean[3]:.3f} →"
                f" {mean[4]:.3f}  used {len(used)} of {len(table)}, worse apart {(used[:, 4] < used[:, 3]).sum()}"
                f"  {mean[5]:.1f} s\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
