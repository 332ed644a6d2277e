"""What the trained models say about a batch: language, tone, tone towards a named object, emotions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import emotions, evidence, language, text, tone
from otklik.analysis.engine.evidence import Spans
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Model, Reading, load

MODELS = Path(__file__).parent / "models"


@dataclass(slots=True)
class Answer:
    """One label with the probabilities of all of them; `p[label]` is how sure the model is."""

    label: str
    p: dict[str, float]


@dataclass(slots=True)
class Trained:
    """The trained half of a reading."""

    lang: str
    code_switched: bool
    tone: Answer
    object_tone: Answer | None
    emotions: list[str]
    emotion_p: dict[str, float]
    evidence: dict[str, Spans] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Models:
    """The files a reading needs."""

    general: Model
    kazakh: Model


@cache
def models(folder: Path | None = None) -> Models:
    """The models of a folder, loaded once; a file it does not have is the shipped one.

    ValueError names the file that cannot be read.
    """
    return Models(_load(folder, "general.npz"), _load(folder, "kazakh.npz"))


def _load(folder: Path | None, name: str) -> Model:
    own = MODELS / name if folder is None or not (folder / name).exists() else folder / name
    try:
        return load(own)
    except OSError as error:
        raise ValueError(f"{error.filename}: {error.strerror}") from error


def read_trained(
    texts: Sequence[str], objects: Sequence[str | None] | None = None, *, folder: Path | None = None
) -> list[Trained]:
    """Read texts in one batch (256 is a good size); `objects` are names towards which the tone is asked."""
    return read_batch(text.read(texts), objects or [None] * len(texts), models(folder))


def read_batch(batch: text.Batch, objects: Sequence[str | None], known: Models) -> list[Trained]:
    """The same for a batch that is already cut into tokens."""
    if not len(batch):
        return []
    reading = known.general.space.read(batch)
    scores = known.general.scores(reading)
    heads = known.general.heads
    spoken, sure, switched = language.decide(
        batch, heads["language"].probabilities(scores[:, heads["language"].columns])
    )
    whole = tone.whole(known.general, scores)
    towards = tone.towards(known.general, batch, scores, objects)
    kazakh = [k for k, name in enumerate(spoken) if name == "kk"]
    if kazakh:
        tone.replace_kazakh(known.kazakh, batch, kazakh, whole, towards)
    moods, mood_shares = emotions.answers(known.general, scores)
    silent = np.diff(batch.bounds) == 0
    shown = _evidence(batch, known.general, reading, whole, spoken)
    return [
        _one(
            k,
            batch,
            spoken,
            sure,
            switched,
            whole,
            towards,
            objects,
            moods,
            mood_shares,
            shown,
            bool(silent[k]),
        )
        for k in range(len(batch))
    ]


def _one(  # noqa: PLR0913, PLR0917 - one row of every answer
    k: int,
    batch: text.Batch,
    spoken: list[str],
    sure: list[float],
    switched: list[bool],
    whole: tone.Tones,
    towards: tone.Tones | None,
    objects: Sequence[str | None],
    moods: list[list[str]],
    mood_shares: Floats,
    shown: list[Spans],
    silent: bool,
) -> Trained:
    """An empty text is neutral by definition and nothing is claimed about it."""
    answer = Answer("neutral", {"negative": 0.0, "neutral": 1.0, "positive": 0.0, "mixed": 0.0})
    toward = Answer("neutral", {"negative": 0.0, "neutral": 1.0, "positive": 0.0})
    if not silent:
        answer = Answer(whole.labels[k], whole.shares_of(k))
        toward = Answer(towards.labels[k], towards.shares_of(k)) if towards else toward
    wanted = bool(objects[k])
    confidence = {"lang": round(sure[k], 4), "tone": answer.p[answer.label]}
    confidence["emotions"] = float(np.where(mood_shares[k] >= 0.5, mood_shares[k], 1 - mood_shares[k]).min())
    if wanted:
        confidence["object_tone"] = toward.p[toward.label]
    if silent:
        confidence = dict.fromkeys(confidence, 0.0)
    found = {} if silent or not shown[k] else {"tone": shown[k]}
    return Trained(
        spoken[k],
        switched[k],
        answer,
        toward if wanted else None,
        [] if silent else moods[k],
        {name: round(float(p), 4) for name, p in zip(emotions.EMOTIONS, mood_shares[k], strict=True)},
        found,
        confidence,
        batch.notes[k],
    )


def _evidence(
    batch: text.Batch, model: Model, reading: Reading, whole: tone.Tones, spoken: list[str]
) -> list[Spans]:
    """Words that made a text negative, positive or mixed; a neutral text has nothing to show."""
    head = model.heads["tone"]
    columns: NDArray[np.intp] = np.array(
        [-1 if label == "neutral" else head.first + head.labels.index(label) for label in whole.labels]
    )
    carried = model.carried(reading, columns, len(batch.starts))
    return evidence.spans(batch, tone.with_lexicon(batch, carried, whole.labels))
