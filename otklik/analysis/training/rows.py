"""Our own labelled texts, as lines of JSON."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.features import Floats

DATA = Path(__file__).parents[1] / "data"
BLOCK = 700  # where the second half of `texts_train` begins, written later than the first
BLOCKS = 3
LIGHT, HEAVY = 0.5, 2.0  # bounds of what a text weighs

Row = dict[str, Any]


def read_rows(name: str) -> list[Row]:
    """The lines of one of our data files."""
    return [
        json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.strip()
    ]


@dataclass(slots=True)
class Judged:
    """The texts a model of content learns from and is tuned on; weights and blocks are of `rows`, then `abuse`."""

    rows: list[Row]
    abuse: list[Row]
    weights: Floats
    parts: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> Judged:
        """Without the texts not chosen."""
        height = len(self.rows)
        return Judged(
            [row for row, kept in zip(self.rows, chosen, strict=False) if kept],
            [row for row, kept in zip(self.abuse, chosen[height:], strict=True) if kept],
            self.weights[chosen],
            self.parts[chosen],
        )


def judged() -> Judged:
    """All training texts in three blocks of writing: a block is read by models that have not seen it.

    The third author wrote many more complaints than come in, so that rare causes are learnt: their texts are weighed
    to the mixture of the first author's. A text that two people labelled stands there twice, at half its weight. The
    texts about abuse are dealt out evenly.
    """
    first, third, abuse = (
        read_rows(f"{name}.jsonl") for name in ("texts_train", "texts_third", "abuse_train")
    )
    usual, here = (Counter(row["intent"][0] for row in rows) for rows in (first, third))
    shares = [
        min(HEAVY, max(LIGHT, usual[name] / len(first) * len(third) / here[name]))
        for name in (row["intent"][0] for row in third)
    ]
    blocks = [0] * BLOCK + [1] * (len(first) - BLOCK) + [2] * len(third)
    rows, weights = [*first, *third], np.array([1.0] * len(first) + shares)
    again = _labelled_again(rows)
    weights[list(again)] /= 2
    dealt = np.random.default_rng(20).permutation(len(abuse)) % BLOCKS
    return Judged(
        [*rows, *again.values()],
        abuse,
        np.concatenate([weights, weights[list(again)], np.ones(len(abuse))]).astype(np.float32),
        np.concatenate([blocks, [blocks[k] for k in again], dealt]).astype(np.int64),
    )


def _labelled_again(rows: list[Row]) -> dict[int, Row]:
    """Number of a text → the text with the labels of the second person."""
    second = {row["sha1"]: row for row in read_rows("second_labels.jsonl")}
    known = [hashlib.sha1(row["text"].encode(), usedforsecurity=False).hexdigest() for row in rows]
    return {k: rows[k] | second[one] for k, one in enumerate(known) if one in second}
