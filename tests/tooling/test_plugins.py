"""The project's pytest plugins, run on small suites of their own in a child pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.surroundings import own_redis_database

ROOT = Path(__file__).resolve().parents[2]
HEAD = "import pytest\nfrom tests.plugins.skips import missing_part, needs_shared\n"


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Run a source as a test file; returns the finished child and what it traced."""

    def run(source: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], dict]:
        (tmp_path / "test_it.py").write_text(HEAD + source)
        (tmp_path / "pytest.ini").write_text(
            "[pytest]\nmarkers =\n  req\n  needs\n  e2e\n  postgres\n  redis\naddopts = --strict-markers\n"
        )
        trace = tmp_path / "trace.json"
        starter = (
            "import sys, pathlib, pytest, scripts.trace as t;"
            f"t.TRACE = pathlib.Path({str(trace)!r});"
            "sys.exit(pytest.main(['-q', '-rs', '-p', 'no:cacheprovider',"
            " '-p', 'tests.plugins.skips', '-p', 'tests.plugins.trace', '.']))"
        )
        dropped = ("CI", "DATABASE_URL", "QUEUE_URL", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS")
        env = {key: value for key, value in os.environ.items() if key not in dropped}
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        env.update(PYTHONPATH=str(ROOT), OTKLIK_STAGE="here", **environment)
        done = subprocess.run(
            [sys.executable, "-c", starter],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done, json.loads(trace.read_text()) if trace.exists() else {}

    return run


def test_a_missing_part_is_a_skip_with_its_reason_at_home(suite):
    done, _ = suite("def test_a():\n    missing_part('no browser')\n")
    assert done.returncode == 0
    assert "1 skipped" in done.stdout
    assert "no browser" in done.stdout


def test_a_missing_part_is_a_failure_on_ci(suite):
    done, _ = suite("def test_a():\n    missing_part('no browser')\n", CI="true")
    assert done.returncode == 1
    assert "no browser" in done.stdout


def test_a_missing_part_of_a_whole_file_is_a_failure_on_ci(suite):
    source = "missing_part('no browser')\n"
    assert suite(source)[0].returncode in (0, 5)
    assert suite(source, CI="true")[0].returncode not in (0, 5)


def test_outside_material_is_a_skip_everywhere(suite, tmp_path):
    done, _ = suite(
        "@pytest.mark.needs('shared')\ndef test_a():\n    raise AssertionError\n",
        CI="true",
        OTKLIK_SHARED=str(tmp_path / "none"),
    )
    assert done.returncode == 0
    assert "1 skipped" in done.stdout


def test_a_database_test_without_the_database_does_not_run(suite):
    done, _ = suite("@pytest.mark.postgres\ndef test_a():\n    raise AssertionError\n")
    assert "1 skipped" in done.stdout
    assert "DATABASE_URL" in done.stdout


def test_an_unknown_part_is_an_error(suite):
    done, _ = suite("@pytest.mark.needs('chrome')\ndef test_a():\n    pass\n")
    assert done.returncode == 4
    assert "chromium" in done.stdout + done.stderr


def test_requirements_of_passing_and_failing_tests_are_recorded(suite):
    _, record = suite(
        "@pytest.mark.req('S0-1', 'S3-24')\ndef test_a():\n    assert 1 + 1 == 2\n"
        "@pytest.mark.req('S0-2')\ndef test_b():\n    assert 1 + 1 == 3\n"
        "@pytest.mark.req('S0-3')\ndef test_c():\n    pytest.skip('later')\n"
    )
    entries = {name.split("::")[1]: entry for name, entry in record["here"].items()}
    assert entries == {
        "test_a": {"req": ["S0-1", "S3-24"], "outcome": "passed"},
        "test_b": {"req": ["S0-2"], "outcome": "failed"},
        "test_c": {"req": ["S0-3"], "outcome": "skipped"},
    }


def test_a_test_that_passes_but_fails_in_its_teardown_proves_nothing(suite):
    _, record = suite(
        "@pytest.fixture\ndef bad():\n    yield\n    raise RuntimeError\n"
        "@pytest.mark.req('S0-1')\ndef test_a(bad):\n    assert bad is None\n"
    )
    assert [entry["outcome"] for entry in record["here"].values()] == ["failed"]


def test_an_unknown_requirement_stops_the_run(suite):
    done, _ = suite("@pytest.mark.req('S9-99')\ndef test_a():\n    pass\n")
    assert done.returncode == 4
    assert "S9-99" in done.stdout + done.stderr


def test_a_requirement_mark_without_ids_stops_the_run(suite):
    done, _ = suite("@pytest.mark.req\ndef test_a():\n    pass\n")
    assert done.returncode == 4


def test_every_worker_has_its_own_redis_database():
    urls = {own_redis_database("redis://127.0.0.1:6379/9", worker) for worker in range(3)}
    assert urls == {f"redis://127.0.0.1:6379/{number}" for number in (9, 10, 11)}
