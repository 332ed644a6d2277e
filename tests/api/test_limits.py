"""How often a caller may ask: one bucket for all web processes."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection

from otklik.kernel import clock
from otklik.web.api import limits
from otklik.web.models import RateLimit
from tests.api.conftest import Program
from tests.support.children import spawn

BURST = 20


def take_all_there_is(report: Path) -> None:
    """Ask twice as often as allowed; the file tells how often it worked."""
    taken = 0
    for _number in range(2 * BURST):
        with contextlib.suppress(limits.Throttled):
            limits.take("k1", rate=0.001, burst=BURST)
            taken += 1
    report.write_text(str(taken))


@pytest.mark.django_db(transaction=True)
def test_two_processes_keep_one_limit(tmp_path: Path) -> None:
    reports = [tmp_path / "one", tmp_path / "two"]
    children = [spawn(functools.partial(take_all_there_is, report)) for report in reports]
    for pid in children:
        os.waitpid(pid, 0)
    assert sum(int(report.read_text()) for report in reports) == BURST


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_of_one_process_keep_the_limit_too() -> None:
    passed: list[int] = []

    def ask() -> None:
        try:
            for number in range(10):
                limits.take("k1", rate=0.001, burst=BURST)
                passed.append(number)
        except limits.Throttled:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(passed) == BURST


@pytest.mark.django_db
def test_the_bucket_refills_steadily_and_a_full_one_is_forgotten() -> None:
    start = clock.now()
    with clock.at(start):
        for _number in range(3):
            limits.take("k1", rate=1.0, burst=3)
        with pytest.raises(limits.Throttled) as refused:
            limits.take("k1", rate=1.0, burst=3)
        assert refused.value.data["retry_after"] == 1
        limits.take("k2", rate=1.0, burst=3)
        assert limits.forget() == 0
    with clock.at(clock.after(10)):
        limits.take("k1", rate=1.0, burst=3)
        assert limits.forget() == 1
    assert list(RateLimit.objects.values_list("caller", flat=True)) == ["k1"]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_writes_does_not_stop_reading(program: Program, monkeypatch: Any) -> None:
    def full(*_args: object) -> float:
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(limits, "_take", full)
    assert program.get("/me")[0] == 200
