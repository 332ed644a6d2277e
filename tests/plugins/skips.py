"""What a test needs of the machine, and what happens when it is not there.

`@pytest.mark.needs("chromium")` (or postfix, dovecot, postgres, redis, shared); the marks `e2e`, `postgres`,
`redis` imply theirs. Inside a test or fixture: `missing_part("…")`. With CI=true a missing part is a failure;
only `shared`, the outside material, is a counted skip everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NoReturn

import pytest

from scripts.debian import PARTS

ROOT = Path(__file__).resolve().parents[2]
IMPLIED = {"e2e": "chromium", "postgres": "postgres", "redis": "redis"}


MISSING = "missing part: "


def missing_part(reason: str) -> NoReturn:
    """Skip this test (fail on CI): something of the machine is not there. `reason` says what to do."""
    pytest.skip(MISSING + reason, allow_module_level=True)


def shared_folder() -> Path | None:
    """The outside material ($OTKLIK_SHARED, default ../shared), or None."""
    folder = Path(os.environ.get("OTKLIK_SHARED") or ROOT.parent / "shared")
    return folder if folder.is_dir() else None


def needs_shared(*names: str) -> Path:
    """The path of one piece of outside material; without it the test is skipped and counted."""
    folder = shared_folder()
    if folder is None or not folder.joinpath(*names).exists():
        pytest.skip(f"outside material is not here: {'/'.join(names)} (set OTKLIK_SHARED)")
    return folder.joinpath(*names)


def _debian(name: str) -> str:
    part = next(part for part in PARTS if part.name == name)
    return "" if part.is_there() else f"{name} is not installed (apt install {' '.join(part.packages)})"


def _url(variable: str, scheme: str) -> str:
    given = os.environ.get(variable, "").startswith(scheme)
    return "" if given else f"{variable}={scheme}… is not set (make test sets it)"


REASONS: dict[str, Callable[[], str]] = {
    "chromium": lambda: _debian("chromium"),
    "postfix": lambda: _debian("postfix"),
    "dovecot": lambda: _debian("dovecot"),
    "postgres": lambda: _url("DATABASE_URL", "postgres"),
    "redis": lambda: _url("QUEUE_URL", "redis"),
}


def needed_parts(item: pytest.Item) -> list[str]:
    parts = [str(name) for mark in item.iter_markers("needs") for name in mark.args]
    return sorted({*parts, *(part for mark, part in IMPLIED.items() if item.get_closest_marker(mark))})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for folder in ("e2e", "scale"):
            if item.path.is_relative_to(ROOT / "tests" / folder):
                item.add_marker(folder)
        for part in needed_parts(item):
            if part != "shared" and part not in REASONS:
                known = ", ".join([*REASONS, "shared"])
                raise pytest.UsageError(f"{item.nodeid}: needs({part!r}) is unknown; known are {known}")
            item.user_properties.append(("needs", part))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for part in needed_parts(item):
        if part == "shared":
            needs_shared()
        elif reason := REASONS[part]():
            missing_part(reason)


def _fail_on_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """A skip's longrepr is (path, line, reason)."""
    if report.skipped and MISSING in str(report.longrepr) and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{reason} (CI=true: a missing part is a failure)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_on_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_on_ci(report)
    return report
