"""What each shipped head learns from: the sets, their weights, the labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import Head, Space
from otklik.analysis.training.datasets import Row, companies, load, once, same
from otklik.analysis.training.fit import Task, fit_many, fit_one, matrix, near_objects

TONES = ["negative", "neutral", "positive", "mixed"]
TOWARDS = TONES[:3]
MIXED = 3
EMOTIONS = ["joy", "sadness", "surprise", "fear", "anger"]
LANGUAGES = ["ru", "uk", "kk", "en"]
OWN = Path(__file__).parents[1] / "data"

Fitted = tuple[Floats, Floats, Head]


def own_texts() -> list[Row]:
    """Our own customers' texts that may be learnt from, with the tone as label and the language as source."""
    lines = (OWN / "texts_train.jsonl").read_text(encoding="utf-8").splitlines()
    return [Row(one["text"], one["tone"], source=one["lang"]) for one in map(json.loads, lines)]


def _numbers(rows: Sequence[Row], labels: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([labels.index(row.label) for row in rows], dtype=np.int64)


def fit_towards(space: Space, tweets: Sequence[Row], sentences: Sequence[Row]) -> Fitted:
    """Tone towards a company: tweets of both domains; general sentences lend their words, not their balance."""
    rows = [*once(list(tweets)), *(row for row in sentences if row.label in TOWARDS)]
    away = np.array([not row.target for row in rows])
    return fit_one(
        Task(
            "towards", TOWARDS, matrix(space, [r.text for r in rows]), _numbers(rows, TOWARDS),
            [same(r.text) for r in rows], cost=0.05, away=away, judged=~away,
            importance=np.where(away, 0.5, 1.0).astype(np.float32),
            extra=near_objects([(r.text, r.target) for r in rows]),
        )
    )  # fmt: skip


def fit_tone(space: Space, tweets: Sequence[Row], sentences: Sequence[Row], own: Sequence[Row]) -> Fitted:
    """Tone of a whole text: general sentences and our own texts; tweets lend their words, not their balance."""
    rows = [*sentences, *own, *once(list(tweets))]
    away = np.array([bool(row.target) for row in rows])
    ours = np.array([k in range(len(sentences), len(sentences) + len(own)) for k in range(len(rows))])
    truth = _numbers(rows, TONES)
    weight = np.where(away, 0.3, np.where(ours, 1.5, 1.0)) * np.where(truth == MIXED, 0.3, 1.0)
    return fit_one(
        Task(
            "tone", TONES, matrix(space, [r.text for r in rows]), truth, [same(r.text) for r in rows],
            cost=0.04, away=away, judged=~away, importance=weight.astype(np.float32),
            lift=(0, 0, 0, -0.2),  # mixed is rare and hard: only when nothing else fits
        )
    )  # fmt: skip


def fit_emotions(space: Space, rows: Sequence[Row]) -> Fitted:
    """Five emotions, each for itself (CEDR)."""
    truth = np.array([[label in row.label.split("|") for label in EMOTIONS] for row in rows], dtype=np.int64)
    task = Task(
        "emotions",
        EMOTIONS,
        matrix(space, [r.text for r in rows]),
        truth,
        [same(r.text) for r in rows],
        cost=0.1,
    )
    return fit_many(task)


def fit_kazakh(space: Space, rows: Sequence[Row]) -> Fitted:
    """Polarity of Kazakh reviews (KazSAnDRA)."""
    labels = ["negative", "positive"]
    return fit_one(
        Task(
            "kazakh", labels, matrix(space, [r.text for r in rows]), _numbers(rows, labels),
            [same(r.text) for r in rows], cost=0.2, ratio=True,
            lift=(-0.12, 0.12),  # reviews outside the balanced set are mostly positive
        )
    )  # fmt: skip


def languages() -> list[Row]:
    """Texts whose language is known by their set."""
    rows = [
        Row(r.text, "ru")
        for r in [*companies(), *load("opensentiment_train"), *load("cedr_emotions_train")][::2]
    ]
    rows += [Row(r.text, "uk") for r in load("uk_sarcasm_train")]
    rows += [Row(r.text, "kk") for r in load("kazsandra_polarity_train")[:12000]]
    rows += [Row(r.text, "en") for r in load("banking77_en_train")]
    return rows + [Row(r.text, r.source) for r in own_texts() if r.source in LANGUAGES]


def fit_language(space: Space, rows: Sequence[Row]) -> Fitted:
    """ru, uk, kk or en."""
    task = Task(
        "language", LANGUAGES, matrix(space, [r.text for r in rows]), _numbers(rows, LANGUAGES),
        [same(r.text) for r in rows], cost=0.3,
    )  # fmt: skip
    return fit_one(task)
