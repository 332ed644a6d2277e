"""How `make test` counts, and how the benchmarks compare."""

from __future__ import annotations

import pytest

from bench.row import Row, at_least, at_most, percentile
from bench.run import number
from scripts import test as stages

REPORT = """<testsuites><testsuite>
<testcase name="a"/>
<testcase name="b"><failure/></testcase>
<testcase name="c"><skipped/></testcase>
<testcase name="d"><failure/><error/></testcase>
<testcase name="e"><properties><property name="needs" value="redis"/></properties></testcase>
</testsuite></testsuites>"""


def test_a_report_is_counted_test_by_test(tmp_path):
    (tmp_path / "junit.xml").write_text(REPORT)
    result = stages.read_report("sqlite", tmp_path / "junit.xml")
    assert (result.passed, result.failed, result.skipped, result.redis) == (2, 2, 1, 1)


@pytest.mark.parametrize(("ci", "code"), [(False, 0), (True, 1)])
def test_a_missing_database_is_a_skip_at_home_and_a_failure_on_ci(ci, code, capsys):
    run = stages.Run(ci=ci, arguments=[], gates=[])
    run.results = [stages.Result("sqlite", passed=3), run.missing("postgres", "no server")]
    assert stages.summary(run, 1.0) == code
    out = capsys.readouterr().out
    assert "PostgreSQL tests run: 0 · Redis tests run: 0" in out
    assert out.splitlines()[-1] == f"3 passed, {int(ci)} failed, {int(not ci)} skipped"


def test_a_budget_is_held_from_its_own_side():
    assert at_least("rate", 200, "1/s", budget=200).ok
    assert not at_least("rate", 199, "1/s", budget=200).ok
    assert at_most("p95", 100, "ms", budget=100).ok
    assert not at_most("p95", 101, "ms", budget=100).ok
    assert at_most("size", 5, "kB") == Row("size", 5, "kB", compare="≤")


def test_percentile_is_a_measured_value_that_the_share_does_not_exceed():
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 0.95) == 95
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.5) == 7


@pytest.mark.parametrize(
    ("value", "text"), [(1234567.0, "1\u00a0234\u00a0567"), (12.34, "12.3"), (0.5, "0.500"), (None, "—")]
)
def test_numbers_are_printed_short(value, text):
    assert number(value) == text
