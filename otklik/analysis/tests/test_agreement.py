"""The second labels of our texts belong to texts, use the labels of the contract, and are compared rightly."""

from __future__ import annotations

import pytest
from sklearn.metrics import cohen_kappa_score

from otklik.analysis.engine.labels import label_names
from otklik.analysis.training.agreement import ONE, SETS, agreement, overlap, pairs, table

TWICE = pairs()


def test_every_second_label_belongs_to_one_text_of_ours() -> None:
    assert len(TWICE) == 1100
    assert len({second["sha1"] for _, second in TWICE}) == 1100


@pytest.mark.parametrize("field", [name for name in ONE if name != "safety"])
def test_second_labels_are_names_of_the_contract(field: str) -> None:
    known = {str(label) for label in label_names()[field]}
    for _, second in TWICE:
        given = second[field] if isinstance(second[field], list) else [second[field]]
        assert {str(label) for label in given} <= known


def test_kappa_is_that_of_scikit_learn() -> None:
    first, second = ([row["tone"] for row in side] for side in zip(*_long(), strict=True))
    equal, kappa = agreement(first, second)
    assert kappa == pytest.approx(cohen_kappa_score(first, second))
    assert kappa < equal < 1


def test_sets_that_share_half_of_their_labels_agree_by_half() -> None:
    assert overlap([["a", "b"], []], [["b", "c"], []]) == 0.5
    assert overlap([[]], [[]]) == 1.0


def test_the_table_names_every_field() -> None:
    printed = table(TWICE)
    assert all(f"{field} |" in printed for field in ONE)
    assert all(f"{field} 0." in printed for field in SETS)


def _long() -> list[tuple[dict[str, str], dict[str, str]]]:
    return [(first, second) for first, second in TWICE if "tone" in first]
