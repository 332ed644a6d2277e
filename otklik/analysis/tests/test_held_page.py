"""The table of held scores is written by the command, between two marks of the page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from otklik.analysis.training import held_page
from otklik.analysis.training.held import report


def row(tone: str, signals: list[str], severity: int = 2) -> dict[str, Any]:
    return {
        "tone": tone, "intent": ["complaint"], "cause": ["safety"], "signals": signals, "expects_reply": "yes",
        "severity": severity, "complexity": 1, "impact": "one", "urgency": 2, "safety": severity == 4,
        "rumour": "none", "lang": "ru", "abuse": "angry", "story": False,
    }  # fmt: skip


def answer(tone: str, abstained: list[str]) -> dict[str, Any]:
    given = row(tone, []) | {
        "priority": "P1",
        "safety": True,
        "abstained": abstained,
        "tone": {"label": tone, "p": {}},
    }
    return given | {name: [{"label": given[name][0], "p": 1.0}] for name in ("intent", "cause")}


@pytest.fixture
def scores() -> dict[str, Any]:
    rows = [row("positive", []), row("positive", ["deadline_named"]), row("negative", [], 4)]
    given = [answer("negative", []), answer("positive", ["tone"]), answer("negative", [])]
    abuse = [{"abuse": "angry"}, {"abuse": "threat"}]
    found = report(rows, given, abuse, np.array([0.1, 0.9]), ["none", "threat"])
    return found | {"abuse_sets_together": found["abuse_set"]}


def test_every_field_says_how_often_it_is_right_when_it_is_shown(scores: dict[str, Any]) -> None:
    assert scores["tone"] == {"accuracy": 0.667, "macro_f1": 0.667, "shown": 0.5, "share_shown": 0.667}
    assert scores["misread"]["positive_texts_read_as_negative"] == [1, 2]
    assert scores["misread"]["deadline_named_not_found"] == [1, 1]


def test_the_page_shows_the_weakest_field_first_and_keeps_what_stands_around(scores, tmp_path) -> None:
    page = tmp_path / "analysis.md"
    page.write_text(f"before\n{held_page.BEGIN}\nyesterday\n{held_page.END}\nafter\n", encoding="utf-8")
    held_page.write(scores, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "yesterday" not in text
    assert text.index("| tone | 0.667 | 0.667 | 67% | 0.500 |") < text.index("| language |")
    assert "positive texts read as negative: 1 of 2" in text


def test_the_page_of_the_project_has_the_marks() -> None:
    assert held_page.PAGE.read_text(encoding="utf-8").count(held_page.END) == 1


def test_a_page_without_the_marks_is_left_alone(scores, tmp_path) -> None:
    page = tmp_path / "analysis.md"
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="marks"):
        held_page.write(scores, page)
    assert page.read_text(encoding="utf-8") == "nothing"
