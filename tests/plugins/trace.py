"""Records which requirement each test proves: `@pytest.mark.req("S3-24", "S3-25")` → build/trace.json.

A run replaces only the tests it ran; the stages of `make test` (sqlite, postgres, browser …) stand side by
side, and `make trace` counts a requirement as proven when a test passes and fails in no stage.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from scripts.trace import TRACE, known_requirements, read_record, write_record

_seen: dict[str, dict[str, Any]] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known: frozenset[str] | None = None
    for item in items:
        for name in requirement_ids(item):
            known = known_requirements() if known is None else known
            if name not in known:
                raise pytest.UsageError(f"{item.nodeid}: there is no requirement {name!r}")
            item.user_properties.append(("req", name))


def requirement_ids(item: pytest.Item) -> list[str]:
    """The ids on a test, its class and its module; a mark without ids or with something else is an error."""
    names: list[str] = []
    for mark in item.iter_markers("req"):
        if not mark.args or mark.kwargs or not all(isinstance(name, str) for name in mark.args):
            raise pytest.UsageError(f'{item.nodeid}: write the ids as @pytest.mark.req("S3-24")')
        names.extend(mark.args)
    return sorted(set(names))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    names = sorted({str(value) for key, value in report.user_properties if key == "req"})
    if not names:
        return
    entry = _seen.setdefault(report.nodeid, {"req": names, "outcome": "skipped"})
    if report.failed:
        entry["outcome"] = "failed"
    elif report.when == "call" and report.passed and entry["outcome"] != "failed":
        entry["outcome"] = "xfailed" if hasattr(report, "wasxfail") else "passed"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput") or not _seen:
        return  # an xdist worker: its reports reach the controller
    record = read_record(TRACE)
    record.setdefault(os.environ.get("OTKLIK_STAGE", "local"), {}).update(_seen)
    write_record(TRACE, record)
    _seen.clear()
