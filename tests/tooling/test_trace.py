"""Which requirement has a passing test."""

from __future__ import annotations

import pytest

from scripts import trace
from scripts.base import Trouble

PAGE = """# Requirements
Every line: id S0-1 «quote» means
### S0 — first
S0-1 «отвечать» → OP: case types; see S9-9.
S0-10 «вторая» → MGR.
### Conflict rules
X7 Satisfaction KPIs vs gaming (S3-12): bonus. X8 Employee monitoring (S1-55) vs privacy.
"""


def test_ids_are_read_from_the_beginning_of_lines_and_both_rules_of_one_line():
    assert trace.parse_requirements(PAGE) == ["S0-1", "S0-10", "X7", "X8"]


def test_a_requirement_is_proven_by_a_test_that_fails_in_no_stage():
    record = {
        "sqlite": {
            "a": {"req": ["S0-1"], "outcome": "passed"},
            "b": {"req": ["S0-2"], "outcome": "passed"},
            "c": {"req": ["S0-3"], "outcome": "skipped"},
        },
        "postgres": {"b": {"req": ["S0-2"], "outcome": "failed"}},
    }
    assert trace.proven(record) == {"S0-1": ["a"]}


def test_an_id_that_the_page_does_not_know_is_reported():
    record = {"local": {"a": {"req": ["S0-1", "S7-7"], "outcome": "passed"}}}
    assert trace.unknown(record, frozenset({"S0-1"})) == ["S7-7"]


def test_the_committed_list_is_used_when_the_shared_page_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("OTKLIK_SHARED", str(tmp_path))
    names = trace.requirement_list()
    assert len(names) == 198
    assert {"S3-24", "X9"} <= set(names)


@pytest.mark.needs("shared")
def test_the_committed_list_is_the_shared_page():
    assert trace.requirement_list() == trace.COMMITTED.read_text(encoding="utf-8").split()


def test_neither_page_nor_list_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("OTKLIK_SHARED", str(tmp_path))
    monkeypatch.setattr(trace, "COMMITTED", tmp_path / "none.txt")
    with pytest.raises(Trouble, match="OTKLIK_SHARED"):
        trace.requirement_list()
