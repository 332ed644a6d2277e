"""What the shipped model of content promises, and what stands in its card."""

from __future__ import annotations

import numpy as np
import pytest

from otklik.analysis.engine import content, text

CARD = content.model().card
SHOWN = (
    "intent",
    "expects_reply",
    "cause",
    "signals",
    "severity",
    "complexity",
    "impact",
    "urgency",
    "abuse",
    "rumour",
)


@pytest.mark.parametrize("field", SHOWN)
def test_a_number_shown_is_off_by_at_most_five_points_where_the_calibrator_has_not_been(field):
    assert CARD["scores_cross_validated"][field]["ece"] <= 0.05


def test_every_field_with_a_number_has_a_limit_of_showing_it():
    assert set(CARD["confidence"]) == set(CARD["limits"]) == {*SHOWN, "no_cause"}


def test_which_cause_comes_from_one_model_and_whether_any_from_the_other():
    ridge = np.array([[0.9, 0.1], [0.9, 0.1]], dtype=np.float32)
    sure, none = [3.0, 0.0, -3.0], [0.0, 0.0, 9.0]
    scores = content.blended(ridge, np.array([sure, none], dtype=np.float32))
    assert scores[0, 0] > scores[0, 1]
    assert scores[1, 0] > scores[1, 1]
    assert (scores[0] > scores[1]).all()
    assert np.isfinite(content.blended(ridge, np.array([[0, 0, 500], [500, 0, 0]], dtype=np.float32))).all()


def test_a_calm_word_has_no_cause_and_a_broken_promise_has_one():
    texts = ["Спасибо, всё чудесно!", "Деньги за возврат обещали вчера, до сих пор не вернули, верните!"]
    seen = content.understand(text.read(texts), content.model())
    calm, cross = seen.shares("cause").max(axis=1).tolist()
    assert calm < 0.2 < cross
    assert seen.labels("cause")[int(seen.shares("cause")[1].argmax())] == "refund_delay"
