"""Word vectors and word polarity: what a word means, also when no training text contained it.

The file is distilled by `otklik.analysis.training.vectors` from navec (MIT): 128 numbers of eight bits per word,
beside them how rare the word is and how good or bad it sounds by its neighbours in our lexicon.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import Batch, Hashes

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Vectors:
    hashes: Hashes  # sorted
    table: Floats  # words × dimensions
    rarity: Floats
    polarity: Floats

    def places(self, batch: Batch) -> NDArray[np.int64]:
        """For each token its row, −1 when the word is unknown."""
        return batch.once("places", lambda: placed(self.hashes, batch))


def found(sorted_hashes: Hashes, wanted: Hashes) -> NDArray[np.int64]:
    """Where each wanted number stands among the sorted ones, −1 when it is not there."""
    places = np.minimum(np.searchsorted(sorted_hashes, wanted), len(sorted_hashes) - 1)
    return np.where(sorted_hashes[places] == wanted, places, -1)


def placed(sorted_hashes: Hashes, batch: Batch) -> NDArray[np.int64]:
    """The same for every token of a batch; each of its words is looked up once, in order, which is quicker."""
    words, inverse = batch.once("words of tokens", lambda: np.unique(batch.hashes, return_inverse=True))
    return found(sorted_hashes, words)[inverse]


@cache
def vectors() -> Vectors:
    with np.load(DATA / "vectors.npz", allow_pickle=False) as file:
        return Vectors(
            file["hashes"],
            (file["codes"].astype(np.float32) * file["scale"]).astype(np.float32),
            file["rarity"].astype(np.float32) / 255,
            file["polarity"].astype(np.float32) / 40,
        )


def averages(batch: Batch, places: NDArray[np.int64]) -> Floats:
    """Two averages of the words' vectors per text, each of length one: all alike, and rare words counting more."""
    known = vectors()
    at = np.flatnonzero(places >= 0)
    rows, words = batch.token_rows[at], places[at]
    shape = (len(batch), len(known.hashes))
    halves = []
    for weights in (np.ones(len(at), dtype=np.float32), known.rarity[words]):
        total = sparse.csr_matrix((weights, (rows, words)), shape=shape) @ known.table
        lengths = np.linalg.norm(total, axis=1, keepdims=True)
        halves.append(total / np.maximum(lengths, 1e-6))
    return np.hstack(halves).astype(np.float32)
