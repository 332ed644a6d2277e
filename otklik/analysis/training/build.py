"""Rebuilds the shipped models: `.venv/bin/python -m otklik.analysis.training.build [NAME…]`.

Names: lexicon, vectors (needs $OTKLIK_NAVEC), general, kazakh; without names all but vectors. Seeds are fixed,
files come out byte for byte the same on the same machine and library versions.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from otklik.analysis.engine.linear import Model
from otklik.analysis.training import heads, lexicon, vectors
from otklik.analysis.training.datasets import Row, companies, load
from otklik.analysis.training.fit import LEAST, SEED, assemble, fit_space

MODELS = Path(__file__).parents[1] / "engine" / "models"
CARDS = Path(__file__).parent / "cards"


def general(tweets: list[Row], target: Path | None = None) -> Model:
    """Tone, tone towards a company, emotions, language: one space, one file."""
    sentences, moods, spoken, own = (
        load("opensentiment_train"), load("cedr_emotions_train"), heads.languages(), heads.own_texts()
    )  # fmt: skip
    space = fit_space([r.text for r in [*tweets, *sentences, *moods, *own, *spoken]])
    fitted = [
        heads.fit_towards(space, tweets, sentences),
        heads.fit_tone(space, tweets, sentences, own),
        heads.fit_emotions(space, moods),
        heads.fit_language(space, spoken),
    ]
    model = assemble(space, fitted, card("general"))
    if target:
        model.save(target)
    return model


def kazakh(rows: list[Row], target: Path | None = None) -> Model:
    """Polarity of Kazakh texts: a space of its own, letters folded, pairs of words."""
    space = fit_space([r.text for r in rows], folded=True, near=12)
    space.scale[:] = 0  # Russian vectors and lexicons cost a tenth of a point of macro-F1 in cross-validation
    model = assemble(space, [heads.fit_kazakh(space, rows)], card("kazakh"))
    if target:
        model.save(target)
    return model


def card(name: str) -> dict[str, Any]:
    """The card of a model, with what is fixed in code added."""
    path = CARDS / f"{name}.json"
    about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"name": name}
    return about | {"seed": SEED, "least_texts_per_ngram": LEAST}


def corpus() -> list[str]:
    """The Russian texts whose words the vectors should cover."""
    return [
        r.text
        for r in [
            *companies(),
            *load("opensentiment_train"),
            *load("cedr_emotions_train"),
            *heads.own_texts(),
        ]
    ]


def main(names: list[str]) -> int:
    """Build what is named; 2 for an unknown name."""
    known = ("lexicon", "vectors", "general", "kazakh")
    if unknown := [name for name in names if name not in known]:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or ("lexicon", "general", "kazakh"):
        if name == "lexicon":
            lexicon.build()
        elif name == "vectors":
            vectors.build(Path(os.environ["OTKLIK_NAVEC"]), lexicon.forms(), corpus())
        elif name == "general":
            general(companies(), MODELS / "general.npz")
        else:
            kazakh(load("kazsandra_polarity_train"), MODELS / "kazakh.npz")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
