"""What the trained models say about a batch: language, tone, tone towards a named object, emotions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from otklik.analysis.engine import emotions, language, text, tone
from otklik.analysis.engine.clauses import preferred, shared_out
from otklik.analysis.engine.evidence import Spans
from otklik.analysis.engine.linear import Model, load
from otklik.analysis.engine.objects import Named, mentions
from otklik.analysis.engine.tone import Answer

__all__ = ["Answer", "Trained", "models", "read_trained"]

MODELS = Path(__file__).parent / "models"


@dataclass(slots=True)
class Trained:
    """The trained half of a reading; `object_tone` is given for texts about whose object it was asked."""

    lang: str
    code_switched: bool
    tone: Answer
    emotions: list[str]
    emotion_p: dict[str, float]
    evidence: dict[str, Spans] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    object_tone: Answer | None = None
    limits: dict[str, float] = field(default_factory=dict)  # confidence from which a field is shown as a fact


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
    batch = text.read(texts)
    named = [mentions(batch, row, name) for row, name in enumerate(objects or ()) if name]
    read, towards = read_batch(batch, named, models(folder))
    for one, answer in zip(named, towards, strict=True):
        read[one.row].object_tone = answer
        read[one.row].confidence["object_tone"] = answer.sure
    return read


def read_batch(
    batch: text.Batch, named: Sequence[Named], known: Models
) -> tuple[list[Trained], list[Answer]]:
    """The same for a batch that is already cut into tokens; the tone towards each of `named`, in their order."""
    if not len(batch):
        return [], []
    model = known.general
    reading = model.space.read(batch)
    scores = model.scores(reading)
    language_shares = model.heads["language"].probabilities(scores[:, model.heads["language"].columns])
    spoken = language.decide(batch, language_shares)
    whole = tone.whole(model, scores)
    wordless = np.bincount(batch.token_rows[language.spelled(batch)], minlength=len(batch)) == 0
    tone.by_signs(batch, wordless & (np.diff(batch.bounds) > 0), whole)
    parts = shared_out(batch, named)
    towards = tone.towards(model, batch, scores, named, parts)
    kazakh = [k for k, name in enumerate(spoken[0]) if name == "kk"]
    if kazakh:
        tone.replace_kazakh(known.kazakh, batch, kazakh, whole, towards, named, parts)
    tone.settled(towards, preferred(batch, named))
    shown = tone.evidence(model, batch, reading, whole)
    moods = emotions.answers(model, batch, reading, scores)
    silent = np.diff(batch.bounds) == 0
    limits = {name: _limits(known, name) for name in language.LANGUAGES}
    said = whole.answers(shown)
    read = [
        _one(batch.notes[k], spoken, k, said[k], moods[k], silent=bool(silent[k])) for k in range(len(batch))
    ]
    for one in read:
        one.limits = limits[one.lang]
    spans = tone.evidence_towards(model, batch, reading, towards, named, parts)
    return read, [
        tone.calm(tone.TOWARDS) if silent[one.row] else answer
        for one, answer in zip(named, towards.answers(spans), strict=True)
    ]


def _limits(known: Models, spoken: str) -> dict[str, float]:
    """From which confidence on each field is right often enough; Kazakh tones come from their own model."""
    heads = known.general.heads
    limits = {"lang": language.SHOWN, "tone": heads["tone"].limit, "emotions": heads["emotions"].limit}
    limits["object_tone"] = heads["towards"].limit
    if spoken == "kk":
        limits["tone"] = limits["object_tone"] = known.kazakh.heads["kazakh"].limit
    return limits


def _one(  # noqa: PLR0913, PLR0917 - one row of every answer
    notes: list[str], spoken: language.Spoken, k: int, said: Answer, mood: emotions.Mood, *, silent: bool
) -> Trained:
    names, sure, second = spoken
    confidence = {"lang": round(sure[k], 4), "tone": said.sure, "emotions": mood.sure}
    found = {"tone": said.spans, "emotions": mood.spans, "code_switched": second[k]}
    return Trained(
        names[k],
        bool(second[k]),
        tone.calm(tone.TONES) if silent else said,
        [] if silent else mood.labels,
        mood.p,
        {} if silent else {name: spans for name, spans in found.items() if spans},
        dict.fromkeys(confidence, 0.0) if silent else confidence,
        notes,
    )
