"""Learns what an organisation's labels teach on top of the shipped models: seconds, judged on labels apart.

Kernel ridge on the residual (label − shipped probability), so every score out of sample is known in closed form:
with the inverse of C = K + penalty/weight, the residual of a row by a model without that row is α / C⁻¹ on the
diagonal (leave one out, Allen 1974). The strength is chosen by that, on the labels learnt from only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from otklik.analysis.engine import own
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.features import BINS, Floats, Matrix
from otklik.analysis.engine.linear import Head, Model, Space
from otklik.analysis.engine.overrides import Record
from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.training.heat import temperature

LEAST = 5  # an n-gram is kept when this many texts of the organisation have it
PENALTIES = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
BATCH = 256


@dataclass(slots=True)
class Texts:
    """Texts as the shipped models read them."""

    texts: list[str]
    seen: list[Content]
    records: list[Record]

    def __add__(self, other: Texts) -> Texts:
        return Texts(self.texts + other.texts, self.seen + other.seen, self.records + other.records)


def look(reader: Reader, texts: Sequence[str]) -> Texts:
    """Read texts by the shipped models; `reader` has nothing of the organisation's own."""
    seen, records = [], []
    for start in range(0, len(texts), BATCH):
        part, found = reader.look([Item(one) for one in texts[start : start + BATCH]])
        seen.append(part)
        records += found
    return Texts(list(texts), seen, records)


def base(field: str, labels: list[str], known: Texts) -> tuple[Floats, Floats]:
    """`own.base` over all batches."""
    found, at = [], 0
    for seen in known.seen:
        found.append(own.base(field, labels, seen, known.records[at : at + len(seen.batch)]))
        at += len(seen.batch)
    return np.vstack([one for one, _ in found]), np.vstack([one for _, one in found])


def fit_space(known: Texts, width: int) -> Space:
    """N-grams that LEAST texts of the organisation have; `width`: dense columns."""
    totals = [np.zeros(BINS, dtype=np.int64) for _ in range(2)]
    for seen in known.seen:
        for total, block in zip(totals, seen.reading.blocks, strict=False):
            cells = np.unique(block.rows.astype(np.int64) * BINS + block.bins) % BINS
            np.add(total, np.bincount(cells, minlength=BINS), out=total)
    bins = [np.flatnonzero(total >= LEAST).astype(np.int32) for total in totals]
    size = len(known.texts)
    idf = [
        (np.log((1 + size) / (1 + total[some])) + 1).astype(np.float32)
        for total, some in zip(totals, bins, strict=True)
    ]
    return Space(bins, idf, False, 0, np.ones(width, np.float32), [own.DENSE, own.DENSE])


def matrix(model: Model, known: Texts, shares: Floats, given: Floats) -> Matrix:
    """All batches as rows of a model's space."""
    rows, at = [], 0
    for seen in known.seen:
        part = slice(at, at + len(seen.batch))
        rows.append(own.read(model, seen, shares[part], given[part]).matrix())
        at = part.stop
    return sparse.vstack(rows, format="csr")


@dataclass(slots=True)
class Fitted:
    """What was learnt with which strength; `outside`: scores of every row by a model without it."""

    model: Model
    penalty: float
    outside: Floats


def fit(field: str, labels: list[str], known: Texts, truth: Floats, weights: Floats) -> Fitted:
    """Learn from all rows given; the strength with the smallest weighted squared error out of sample."""
    shares, given = base(field, labels, known)
    size = len(known.seen[0].batch)
    space = fit_space(known, own.columns(known.seen[0], shares[:size], given[:size]).shape[1])
    zeros = np.zeros(len(labels), np.float32)
    one_of = field not in own.SEVERAL
    head = Head(field, labels, one_of, 0, zeros, np.eye(len(labels), dtype=np.float32), zeros)
    model = Model(space, np.zeros((space.width, len(labels)), np.float32), zeros, {field: head}, {})
    rows = matrix(model, known, shares, given)
    kernel = np.asarray((rows @ rows.T).todense(), dtype=np.float64)
    penalty, dual, outside = _strongest(kernel, truth - shares, truth, weights)
    model.weights = np.asarray(rows.T @ dual, dtype=np.float32)
    if one_of:
        head.slopes *= temperature(outside.astype(np.float32), truth.argmax(axis=1))
    else:
        head.slopes, head.shift = np.full(len(labels), 6, np.float32), np.full(len(labels), -3, np.float32)
    return Fitted(model, penalty, outside.astype(np.float32))


def _strongest(
    kernel: NDArray[np.float64], left: Floats, truth: Floats, weights: Floats
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """The penalty with the smallest weighted squared error out of sample, its dual weights, the scores."""
    found = []
    for penalty in PENALTIES:
        inverse = np.linalg.inv(kernel + np.diag(penalty / weights))
        dual = inverse @ left
        outside = truth - dual / np.diag(inverse)[:, None]
        error = float((weights[:, None] * (truth - outside) ** 2).sum())
        found.append((error, penalty, dual, outside))
    _error, penalty, dual, outside = min(found, key=lambda one: one[0])
    return penalty, dual, outside
