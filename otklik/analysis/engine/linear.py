"""Linear models in one file: a space of n-grams seen in five texts or more, weights, calibration, a card.

One product of sparse and dense matrices answers for all heads of a file. Files are `.npz` without pickles; no
text of the training sets is stored, only numbers of hashed n-grams.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from otklik.analysis.engine.dense import dense
from otklik.analysis.engine.features import Block, Columns, Floats, Matrix, column_map, counted, grams
from otklik.analysis.engine.text import Batch, Ints, read

FORMAT = 1
LIMIT = 0.5  # confidence below which an answer is hidden when nobody measured a limit
TRIAL = (
    "Проверка: 12 слов, one and қазақша!",
    "",
)  # read once to see that the numbers of a file fit together


@dataclass(slots=True)
class Space:
    """Which n-grams a file knows and how much each weighs; `power` scales the blocks and the dense columns."""

    bins: list[Ints]
    idf: list[Floats]
    folded: bool
    near: int
    scale: Floats  # of the dense columns
    powers: list[float]
    _columns: list[Columns] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self._columns:
            self._columns = [column_map(bins) for bins in self.bins]

    @property
    def width(self) -> int:
        """Columns of `read`: n-grams, then dense ones."""
        return sum(len(bins) for bins in self.bins) + len(self.scale)

    def read(self, batch: Batch) -> Reading:
        """The batch as numbers of this space."""
        blocks = grams(batch, folded=self.folded, near=self.near)
        return Reading(blocks, self.parts(blocks, len(batch)), dense(batch) * self.scale)

    def parts(self, blocks: Sequence[Block], height: int) -> list[Matrix]:
        """Each block of n-grams as texts × columns of this space, weighed; `height` texts."""
        return [
            counted(block, columns, idf, height) * power
            for block, columns, idf, power in zip(blocks, self._columns, self.idf, self.powers, strict=True)
        ]

    def occurrences(self, reading: Reading) -> Occurrences:
        """The n-grams of a reading that this space knows; gathered once."""
        if reading.known is None:
            found, start = [], 0
            for block, part, known in zip(reading.blocks, reading.parts, self._columns, strict=True):
                cells = block.cells(known)
                at = np.flatnonzero(cells >= 0)
                rows = block.rows[at].astype(np.intp)
                lengths = np.sqrt(np.maximum(np.diff(part.indptr), 1))[rows]  # rows have length one, roughly
                found.append(
                    (rows, cells[at].astype(np.intp) + start, block.tokens[at].astype(np.intp), lengths)
                )
                start += part.shape[1]
            reading.known = Occurrences(*(np.concatenate(column) for column in zip(*found, strict=True)))
        return reading.known


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Occurrences of known n-grams: text, column of the weights, token, and the length of the text's row."""

    rows: NDArray[np.intp]
    cells: NDArray[np.intp]
    tokens: NDArray[np.intp]
    lengths: NDArray[np.float64]


@dataclass(slots=True)
class Reading:
    """A batch in a space: occurrences (for evidence), sparse blocks and dense columns."""

    blocks: list[Block]
    parts: list[Matrix]
    plain: Floats
    known: Occurrences | None = None

    def matrix(self) -> Matrix:
        """All columns as one sparse matrix (training only)."""
        return sparse.hstack([*self.parts, sparse.csr_matrix(self.plain)], format="csr", dtype=np.float32)


@dataclass(slots=True)
class Head:
    """One question. `one_of`: exactly one label; otherwise each label stands for itself.

    `lift` is added to the scores before a label is chosen; probabilities come from `slopes` and `shift`:
    softmax(scores @ slopes + shift), or for each label alone the logistic of slope × score + shift.
    """

    name: str
    labels: list[str]
    one_of: bool
    first: int  # its columns of the weights
    lift: Floats
    slopes: Floats
    shift: Floats
    extra: Floats | None = None  # weights of further columns that only this head looks at
    measured: dict[str, float] = field(
        default_factory=dict
    )  # on texts it had not learnt: `training.fit.measured`

    @property
    def limit(self) -> float:
        """Confidence from which on an answer is shown as a fact."""
        return float(self.measured.get("limit", LIMIT))

    @property
    def columns(self) -> slice:
        return slice(self.first, self.first + len(self.labels))

    def probabilities(self, scores: Floats) -> Floats:
        """Calibrated, texts × labels."""
        if not self.one_of:
            return _logistic(scores * self.slopes + self.shift)
        logits = scores @ self.slopes + self.shift
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares

    def chosen(self, scores: Floats) -> NDArray[np.intp] | NDArray[np.bool_]:
        """`one_of`: the number of the label; otherwise a flag per label."""
        return (scores + self.lift).argmax(axis=1) if self.one_of else scores + self.lift > 0


def likeliest(shares: Sequence[float], chosen: Sequence[bool]) -> list[int]:
    """The numbers of the chosen labels of one text, the likeliest first."""
    return sorted((k for k, one in enumerate(chosen) if one), key=lambda k: -shares[k])


def _logistic(values: Floats) -> Floats:
    return (1 / (1 + np.exp(-np.clip(values, -30, 30)))).astype(np.float32)


@dataclass(slots=True)
class Model:
    """A file: a space, the weights of all its heads, and the card that says where they come from."""

    space: Space
    weights: Floats
    bias: Floats
    heads: dict[str, Head]
    card: dict[str, Any]

    def scores(self, reading: Reading) -> Floats:
        """Texts × all columns of all heads."""
        total = reading.plain @ self.weights[-reading.plain.shape[1] :] + self.bias
        start = 0
        for part in reading.parts:
            total += part @ self.weights[start : start + part.shape[1]]
            start += part.shape[1]
        return total.astype(np.float32)

    def carried(self, reading: Reading, columns: NDArray[np.intp], tokens: int) -> Floats:
        """How much each token of the batch spoke for column `columns[row]` of its text; −1 asks for none."""
        met = self.space.occurrences(reading)
        at = np.flatnonzero((columns >= 0)[met.rows])
        places = met.cells[at] * self.weights.shape[1] + columns[met.rows[at]]
        values = (
            np.take(self.weights, places) / met.lengths[at]
        )  # by place in the flat table: the quickest way
        total = np.bincount(met.tokens[at], weights=values, minlength=tokens)[:tokens]
        return total.astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the file (weights in sixteen bits), whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_bytes(self.dumps())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def dumps(self) -> bytes:
        """The bytes of the file."""
        arrays: dict[str, NDArray[Any]] = {
            "weights": self.weights.astype(np.float16),
            "bias": self.bias,
            "scale": self.space.scale,
        }
        for k, (bins, idf) in enumerate(zip(self.space.bins, self.space.idf, strict=True)):
            arrays[f"steps{k}"] = np.diff(bins, prepend=0).astype(np.uint32)
            arrays[f"idf{k}"] = idf.astype(np.float16)
        heads = []
        for head in self.heads.values():
            heads.append(
                {"name": head.name, "labels": head.labels, "one_of": head.one_of, "first": head.first}
                | ({"measured": head.measured} if head.measured else {})
            )
            arrays |= {f"{head.name}_lift": head.lift, f"{head.name}_slopes": head.slopes}
            arrays[f"{head.name}_shift"] = head.shift
            if head.extra is not None:
                arrays[f"{head.name}_extra"] = head.extra
        about = {
            "format": FORMAT,
            "folded": self.space.folded,
            "near": self.space.near,
            "powers": self.space.powers,
            "heads": heads,
            "card": self.card,
        }
        text = json.dumps(about, ensure_ascii=False, sort_keys=True)
        arrays["about"] = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stub sees only allow_pickle
        return file.getvalue()


def load(path: Path) -> Model:
    """Read a file written by `Model.save`; ValueError naming it when it is none, OSError when it cannot be opened."""
    try:
        return loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def loads(data: bytes) -> Model:
    """The same from the bytes of a file; ValueError when they are no model of this format."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = dict(file)
        about = json.loads(arrays["about"].tobytes().decode("utf-8"))
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']}")
        return _assembled(arrays, about)
    except Exception as error:  # whatever numpy, zipfile and json say of a file that is not ours
        raise ValueError(f"not a model file of format {FORMAT} ({error})") from error


def tried(model: Model) -> Model:
    """The model, when it can read; ValueError when it was made for another kind of reading."""
    try:
        scores = model.scores(model.space.read(read(TRIAL)))
        for head in model.heads.values():
            head.probabilities(scores[:, head.columns])
    except Exception as error:
        raise ValueError(f"the model does not fit to this version ({error})") from error
    return model


def standing_in(model: Model, shipped: Model) -> Model:
    """The model, when it can stand where the shipped one does; ValueError names what it lacks."""
    if len(model.space.scale) != len(shipped.space.scale) or len(model.space.bins) != len(shipped.space.bins):
        raise ValueError("it is a model of another kind")
    for name, head in shipped.heads.items():
        mine = model.heads.get(name)
        missing = [name] if mine is None else [one for one in head.labels if one not in mine.labels]
        if mine is None or missing or mine.one_of != head.one_of:
            raise ValueError(f"it has no answer {missing[0] if missing else name!r} (of {name!r})")
    return model


def _assembled(arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> Model:
    count = len(about["powers"])
    space = Space(
        [np.cumsum(arrays[f"steps{k}"]).astype(np.int32) for k in range(count)],
        [arrays[f"idf{k}"].astype(np.float32) for k in range(count)],
        bool(about["folded"]),
        int(about["near"]),
        arrays["scale"].astype(np.float32),
        [float(power) for power in about["powers"]],
    )
    heads = {
        h["name"]: Head(
            h["name"],
            list(h["labels"]),
            bool(h["one_of"]),
            int(h["first"]),
            arrays[f"{h['name']}_lift"],
            arrays[f"{h['name']}_slopes"],
            arrays[f"{h['name']}_shift"],
            arrays.get(f"{h['name']}_extra"),
            dict(h.get("measured", {})),
        )
        for h in about["heads"]
    }
    weights = arrays["weights"].astype(np.float32)
    bias = arrays["bias"].astype(np.float32)
    ends = [head.columns.stop for head in heads.values()]
    if weights.shape != (space.width, len(bias)) or max(ends, default=0) > len(bias):
        raise ValueError("weights, n-grams and labels do not fit together")
    numbers = [weights, bias, space.scale, *space.idf]
    for head in heads.values():
        _check(head)
        numbers += [head.lift, head.slopes, head.shift]
    if not all(np.isfinite(one).all() for one in numbers):
        raise ValueError("a number is missing")
    if not isinstance(about["card"], dict):
        raise ValueError("there is no card")
    return Model(space, weights, bias, heads, about["card"])


def _check(head: Head) -> None:
    width = len(head.labels)
    slopes = (width, width) if head.one_of else (width,)
    if not width or head.first < 0 or not all(isinstance(label, str) for label in head.labels):
        raise ValueError(f"the head {head.name!r} has no labels")
    if head.lift.shape != (width,) or head.shift.shape != (width,) or head.slopes.shape != slopes:
        raise ValueError(f"the calibration of {head.name!r} does not fit its labels")
