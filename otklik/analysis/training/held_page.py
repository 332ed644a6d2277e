"""The table of held scores in docs/analysis.md: written from what `held` measured, the weakest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "analysis.md"
BEGIN = "<!-- held scores: written by `.venv/bin/python -m otklik.analysis.training.held --page` -->"
END = "<!-- end of held scores -->"
TITLES = {
    "main_intent": "main intent", "main_cause": "main cause, or none", "expects_reply": "whether an answer is expected",
    "safety": "danger to people", "lang": "language",
}  # fmt: skip
WORDS = {
    "positive_texts_read_as_negative": "positive texts read as negative",
    "deadline_named_not_found": "named deadlines not found",
    "P2_read_as_P3_or_P4": "texts of P2 read as P3 or P4",
}


def table(scores: dict[str, Any]) -> str:
    """Fields with one label by accuracy, then those with several, then the weakest places."""
    one = {name: found for name, found in scores.items() if isinstance(found, dict) and "macro_f1" in found}
    lines = [
        f"{scores['texts']} texts of an author whom no model has read.",
        "",
        "| field | right | macro-F1 | shown | right when shown |",
        "|---|---|---|---|---|",
    ]
    for name, found in sorted(one.items(), key=lambda pair: pair[1]["accuracy"]):
        shown = f"{found['share_shown']:.0%} | {found['shown']:.3f}" if name != "priority" else "always | "
        lines.append(
            f"| {TITLES.get(name, name)} | {found['accuracy']:.3f} | {found['macro_f1']:.3f} | {shown} |"
        )
    lines += [
        "",
        "| several labels, micro-F1 | all | told as a story | shown | of those shown |",
        "|---|---|---|---|---|",
    ]
    for name in ("cause", "signals", "intent"):
        found = scores[name]
        cells = [
            f"{found['all']:.3f}",
            f"{found['story']:.3f}",
            f"{found['share_shown']:.0%}",
            f"{found['shown']:.3f}",
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    places = [f"{WORDS[name]}: {count} of {of}" for name, (count, of) in scores["misread"].items()]
    lines += ["", "The weakest places: " + "; ".join(places) + ".", "", _danger(scores)]
    return "\n".join(lines)


def _danger(scores: dict[str, Any]) -> str:
    both = scores["abuse_sets_together"]
    return (
        f"Danger to people: {scores['safety_recall']:.0%} found, {scores['safety_precision']:.0%} of those called so "
        "are; "
        f"{scores['P1_seen_as_P1_or_P2']:.0%} of P1 seen as P1 or P2. "
        f"Angry or abusive, {both['texts']} other texts of two authors: AUC {both['auc']:.3f}, "
        f"{both['angry_called_abusive']:.1%} of the angry called abusive, "
        f"{both['abusive_found']:.0%} of the abusive found."
    )


def write(scores: dict[str, Any], page: Path = PAGE) -> None:
    """Replace the table between the two marks of the page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{page}: the marks of the table are missing")
    page.write_text(f"{before}{BEGIN}\n{table(scores)}\n{END}{after}", encoding="utf-8")
