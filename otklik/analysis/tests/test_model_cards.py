"""The page of a model says what its file says, and every model says what it learnt from and where it fails."""

from __future__ import annotations

import json

import pytest

from otklik.analysis.engine.linear import load
from otklik.analysis.training import cards
from otklik.analysis.training.build import CARDS, MODELS, card


@pytest.mark.parametrize("name", cards.NAMES)
def test_the_page_of_a_model_is_written_from_its_file(name):
    shown = (cards.PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert shown == cards.page(load(MODELS / f"{name}.npz"))


def test_the_page_of_the_content_model_is_written_from_its_file():
    shown = (cards.PAGES / "content.md").read_text(encoding="utf-8")
    assert shown == cards.content_page(load(MODELS / "content.npz"))


@pytest.mark.parametrize("name", cards.NAMES)
def test_a_model_file_carries_the_card_that_a_new_build_would_give_it(name):
    assert load(MODELS / f"{name}.npz").card == card(name)


@pytest.mark.parametrize("name", cards.NAMES)
def test_every_answer_was_measured_on_texts_that_were_not_learnt(name):
    for head in load(MODELS / f"{name}.npz").heads.values():
        assert head.measured["texts"] >= 500
        assert head.measured["ece"] <= 0.05
        assert 0.4 <= head.limit <= 0.9
        assert head.limit == 0.9 or head.measured["right_when_shown"] >= 0.75


@pytest.mark.parametrize("name", cards.NAMES)
def test_a_card_names_data_with_licences_split_scores_and_limits(name):
    about = json.loads((CARDS / f"{name}.json").read_text(encoding="utf-8"))
    assert all(about[key] for key in ("purpose", "languages", "data", "split", "scores", "limits", "licence"))
    assert all("Apache" in one or "MIT" in one or "CC BY" in one for one in about["data"])


def test_a_model_keeps_what_was_measured_through_a_save(tmp_path):
    model = load(MODELS / "general.npz")
    model.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (MODELS / "general.npz").read_bytes()
