"""Writes the card of each shipped model as a page: `.venv/bin/python -m otklik.analysis.training.cards`.

Everything comes from the model file itself: what it learnt from (put there by `build` out of `cards/NAME.json`) and
what was measured while it was fitted. A test holds page and file together.
"""

from __future__ import annotations

import sys
from pathlib import Path

from otklik.analysis.engine.linear import Head, Model, load
from otklik.analysis.training.build import MODELS

PAGES = Path(__file__).parents[3] / "docs" / "models"
NAMES = ("general", "kazakh")
COLUMNS = (("texts", "texts"), ("macro_f1", "macro-F1"), ("micro_f1", "micro-F1"), ("right", "right"), ("ece", "ECE"),
           ("limit", "shown from"), ("shown", "share shown"), ("right_when_shown", "right when shown"))  # fmt: skip


def page(model: Model) -> str:
    """The card in words and tables."""
    card = model.card
    lines = [
        f"# Model card: {card['name']}",
        "",
        f"The file is `otklik/analysis/engine/models/{card['name']}.npz`; this page is written from it by "
        "`.venv/bin/python -m otklik.analysis.training.cards`.",
        "",
    ]
    for title, key in (("For", "purpose"), ("Languages", "languages"), ("Features", "features"), ("Learner", "learner"),
                       ("Split", "split"), ("Licence", "licence")):  # fmt: skip
        if key in card:
            lines.append(f"- **{title}**: {card[key]}")
    grams = " + ".join(f"{len(bins):,}" for bins in model.space.bins)
    lines.append(
        f"- **Inside**: {grams} hashed n-grams, each seen in at least {card['least_texts_per_ngram']} different texts, "
        f"{len(model.space.scale)} dense columns; no text, no pickle."
    )
    lines.append(
        f"- **Built by**: `.venv/bin/python -m otklik.analysis.training.build {card['name']}` (seed {card['seed']}; "
        "the same bytes every time on one machine with one set of library versions)"
    )
    lines += ["", "## Data", ""] + [f"- {one}" for one in card["data"]]
    lines += ["", "## Answers", "", "| head | labels |", "|---|---|"]
    lines += [f"| {head.name} | {', '.join(head.labels)} |" for head in model.heads.values()]
    lines += ["", "## Scores", "", str(card["scores"]), ""] + _scores(list(model.heads.values()))
    lines += ["", "## Limits", ""] + [f"- {one}" for one in card["limits"]]
    return "\n".join(lines) + "\n"


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
    path.write_text(page(load(MODELS / f"{name}.npz")), encoding="utf-8")
    return path


if __name__ == "__main__":
    for one in NAMES:
        sys.stdout.write(f"{write(one)}\n")
