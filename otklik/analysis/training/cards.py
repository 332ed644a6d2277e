"""Writes the card of each shipped model as a page: `.venv/bin/python -m otklik.analysis.training.cards`.

Everything comes from the model file itself: what it learnt from (put there by `build` out of `cards/NAME.json`) and
what was measured while it was fitted. A test holds page and file together.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from otklik.analysis.engine.linear import Head, Model, load
from otklik.analysis.training.build import CARDS, MODELS

PAGES = Path(__file__).parents[3] / "docs" / "models"
NAMES = ("general", "kazakh")
ABOUT = (("For", "purpose"), ("Languages", "languages"), ("Features", "features"), ("Learner", "learner"),
         ("Split", "split"), ("Licence", "licence"))  # fmt: skip
COLUMNS = (("texts", "texts"), ("macro_f1", "macro-F1"), ("micro_f1", "micro-F1"), ("right", "right"), ("ece", "ECE"),
           ("limit", "shown from"), ("shown", "share shown"), ("right_when_shown", "right when shown"))  # fmt: skip


def page(model: Model) -> str:
    """The card in words and tables."""
    card = model.card
    built = f"build {card['name']}` (seed {card['seed']}"
    lines = _head(model, card, str(card["name"]), f"{card['least_texts_per_ngram']} different texts", built)
    lines += ["", "## Data", ""] + [f"- {one}" for one in card["data"]]
    lines += ["", "## Answers", "", "| head | labels |", "|---|---|"]
    lines += [f"| {head.name} | {', '.join(head.labels)} |" for head in model.heads.values()]
    lines += ["", "## Scores", "", str(card["scores"]), ""] + _scores(list(model.heads.values()))
    lines += ["", "## Limits", ""] + [f"- {one}" for one in card["limits"]]
    return "\n".join(lines) + "\n"


def content_page(model: Model) -> str:
    """The same for the content model: its file keeps what was measured, `cards/content.json` what it is."""
    about: dict[str, Any] = json.loads((CARDS / "content.json").read_text(encoding="utf-8"))
    about["learner"] = model.card["method"]
    scores: dict[str, dict[str, float]] = model.card["scores_cross_validated"]
    limits: dict[str, float] = model.card["limits"]
    lines = _head(model, about, "content", "5 different texts", "content` (fixed seeds")
    lines += ["", "## Data", ""] + [f"- {one}" for one in about["data"]]
    lines += ["", "## Answers", "", "| head | labels |", "|---|---|"]
    lines += [f"| {head.name} | {', '.join(head.labels)} |" for head in model.heads.values()]
    names = ("micro_f1", "macro_f1", "accuracy", "ece")
    lines += ["", "## Scores", "", "By models that had not seen the block of writing.", ""]
    lines += ["| field | micro-F1 | macro-F1 | right | ECE | shown from |", "|---|---|---|---|---|---|"]
    for field, measured in scores.items():
        cells = [_cell(name, measured.get(name)) for name in names] + [_cell("limit", limits.get(field))]
        lines.append(f"| {field} | " + " | ".join(cells) + " |")
    lines += ["", "## Limits", ""] + [f"- {one}" for one in about["limits"]]
    return "\n".join(lines) + "\n"


def _head(model: Model, about: dict[str, Any], name: str, least: str, built: str) -> list[str]:
    """What the model is, what is inside, and the command that builds it."""
    grams = " + ".join(f"{len(bins):,}" for bins in model.space.bins)
    return [
        f"# Model card: {name}",
        "",
        f"The file is `otklik/analysis/engine/models/{name}.npz`; this page is written from it by "
        "`.venv/bin/python -m otklik.analysis.training.cards`.",
        "",
        *(f"- **{title}**: {about[key]}" for title, key in ABOUT if key in about),
        f"- **Inside**: {grams} hashed n-grams, each seen in at least {least}, "
        f"{len(model.space.scale)} dense columns; no text, no pickle.",
        f"- **Built by**: `.venv/bin/python -m otklik.analysis.training.{built}; "
        "the same bytes every time on one machine with one set of library versions)",
    ]


def _scores(heads: list[Head]) -> list[str]:
    """Cross-validated, of the heads that were measured."""
    rows = [
        "| head | " + " | ".join(title for _, title in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for head in heads:
        cells = [_cell(name, head.measured.get(name)) for name, _ in COLUMNS]
        rows.append(f"| {head.name} | " + " | ".join(cells) + " |")
    return rows


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if name == "texts" else f"{value:.3f}"


def write(name: str) -> Path:
    """The page of one shipped model."""
    path = PAGES / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    model = load(MODELS / f"{name}.npz")
    path.write_text(content_page(model) if name == "content" else page(model), encoding="utf-8")
    return path


if __name__ == "__main__":
    for one in (*NAMES, "content"):
        sys.stdout.write(f"{write(one)}\n")
