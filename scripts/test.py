"""`make test`: gates, then the tests on SQLite, on PostgreSQL with Redis, and in a browser.

Prints the seconds of every stage and closes with one line `N passed, N failed, N skipped` over all of them.
With CI=true a missing part (a browser, a mail server, a database) is a failure, otherwise a counted skip.
`--only STAGE` (repeatable) chooses stages; what stands behind `--` goes to pytest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from scripts.base import BUILD, ROOT, VENV, guarded, say, venv_python
from scripts.debian import PARTS, SERVERS, install_missing
from scripts.setup import find_python, prepare

if TYPE_CHECKING:
    from scripts.services import Service

NO_TESTS_COLLECTED = 5
MOST_LINES = 60  # of one gate on the screen
SERIAL = "faults or scale"
GATES: dict[str, tuple[str, ...]] = {
    "mypy": ("mypy",),
    "bandit": ("bandit", "-q", "-c", "pyproject.toml", "-r", "otklik", "-ll"),
    "imports": ("lint-imports", "--no-logo"),
    "ruff": ("ruff", "check", "--quiet", "--output-format", "concise", "."),
    "format": ("ruff", "format", "--check", "."),
}


@dataclass
class Result:
    """What one stage brought; `note` is printed in its row."""

    name: str
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    redis: int = 0
    note: str = ""


@dataclass(frozen=True)
class Stage:
    name: str
    marks: str
    database: str  # sqlite | postgresql
    parallel: bool
    paths: tuple[str, ...] = ()


STAGES = (
    Stage("sqlite", f"not e2e and not postgres and not redis and not ({SERIAL})", "sqlite", parallel=True),
    Stage("postgres", f"not (e2e or own_database) and not ({SERIAL})", "postgresql", parallel=True),
    Stage("faults", "faults and not (e2e or scale or postgres or redis)", "sqlite", parallel=True),
    Stage("faults-pg", f"({SERIAL}) and not (e2e or own_database)", "postgresql", parallel=True),
    Stage("browser", "e2e and not postgres", "sqlite", parallel=True, paths=("tests/e2e",)),
    Stage("browser-pg", "e2e and smoke", "postgresql", parallel=False, paths=("tests/e2e",)),
)
FAST = ("gates", "sqlite")
ALL = ("gates", *(stage.name for stage in STAGES))


@dataclass
class Run:
    """One call of `make test`: options, the servers it found and what its stages brought."""

    ci: bool
    arguments: list[str]
    gates: list[str]
    results: list[Result] = field(default_factory=list)
    servers: dict[str, Service] = field(default_factory=dict)

    def missing(self, name: str, reason: str) -> Result:
        """A part that is not there: a failure on CI, a counted skip elsewhere."""
        kind = "failed" if self.ci else "skipped"
        return Result(name, note=f"{kind}: {reason}", failed=int(self.ci), skipped=int(not self.ci))


def run_gate(name: str) -> tuple[str, float, str]:
    """Name, seconds and the output of a gate that does not hold (empty: it holds)."""
    started = time.monotonic()
    command = [str(VENV / "bin" / GATES[name][0]), *GATES[name][1:]]
    done = subprocess.run(command, cwd=str(ROOT), capture_output=True, text=True, check=False)
    output = (done.stdout + done.stderr).strip() or f"exit code {done.returncode}"
    return name, time.monotonic() - started, output if done.returncode else ""


def shortened(gate: str, output: str) -> str:
    """The first lines of a long complaint; the rest is a file away."""
    lines = output.splitlines()
    if len(lines) <= MOST_LINES:
        return output
    log = BUILD / f"gate-{gate}.log"
    log.write_text(output, encoding="utf-8")
    return "\n".join([*lines[:MOST_LINES], f"… {len(lines) - MOST_LINES} lines more in build/{log.name}"])


def run_gates(run: Run) -> Result:
    started = time.monotonic()
    result = Result("gates")
    with ThreadPoolExecutor(2) as pool:
        for job in as_completed([pool.submit(run_gate, name) for name in run.gates or GATES]):
            name, seconds, output = job.result()
            say(f"  {'✗' if output else '✓'} {name} {seconds:.1f} s")
            if output:
                result.failed += 1
                say(shortened(name, output))
    result.seconds = time.monotonic() - started
    result.note = f"{result.failed} broken" if result.failed else "all hold"
    return result


def stage_environment(run: Run, stage: Stage) -> dict[str, str]:
    env = dict(os.environ, OTKLIK_STAGE=stage.name, PYTHONHASHSEED="0")
    for name in ("DATABASE_URL", "QUEUE_URL", "VAR_DIR", "SITE_URL"):
        env.pop(name, None)
    env.setdefault("HYPOTHESIS_PROFILE", "ci")
    if stage.database == "postgresql":
        env["DATABASE_URL"] = run.servers["postgresql"].url
        if run.servers["redis"].url:
            # a queue of its own: what an earlier stage left behind wakes nobody
            env["QUEUE_URL"] = f"{run.servers['redis'].url.rpartition('/')[0]}/{STAGES.index(stage) + 1}"
    return env


def run_stage(run: Run, stage: Stage) -> Result:
    if stage.database == "postgresql" and not run.servers["postgresql"].url:
        return run.missing(stage.name, run.servers["postgresql"].reason)
    started = time.monotonic()
    report = BUILD / f"junit-{stage.name}.xml"
    report.unlink(missing_ok=True)
    command = [venv_python(), "-m", "pytest", "-q", "-m", stage.marks, f"--junitxml={report}"]
    if stage.parallel:
        command += ["-n", "2", "--dist", "worksteal"]
    paths = [path for path in stage.paths if (ROOT / path).is_dir()]
    done = subprocess.run(
        [*command, *run.arguments, *paths], cwd=str(ROOT), env=stage_environment(run, stage), check=False
    )
    result = read_report(stage.name, report)
    if done.returncode not in (0, NO_TESTS_COLLECTED):
        result.failed = max(result.failed, 1)
    result.seconds = time.monotonic() - started
    return result


def read_report(name: str, report: Path) -> Result:
    """Counts of a junit file; `redis` counts the tests that needed Redis and ran."""
    result = Result(name)
    if not report.exists():
        return result
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            result.failed += 1
        elif "skipped" in outcomes:
            result.skipped += 1
            continue
        else:
            result.passed += 1
        result.redis += any(
            (found.get("name"), found.get("value")) == ("needs", "redis") for found in case.iter("property")
        )
    return result


def open_servers(run: Run, stack: ExitStack) -> None:
    """Find or start PostgreSQL and Redis, once for all stages."""
    # installed only now: psycopg and redis come from .venv
    from scripts.services import postgresql, redis_server  # noqa: PLC0415

    run.servers["postgresql"] = stack.enter_context(postgresql())
    run.servers["redis"] = stack.enter_context(redis_server())
    for name, server in run.servers.items():
        say(f"  {name}: {server.origin or server.reason}")
    if not run.servers["redis"].url:
        run.results.append(run.missing("redis", run.servers["redis"].reason))


def install_parts(run: Run, names: list[str]) -> None:
    parts = PARTS + (SERVERS if run.ci and any("p" in name for name in names) else ())
    for name, reason in install_missing(parts).items():
        run.results.append(run.missing(name, reason))


def announced(run: Run, name: str, work: Callable[[], Result]) -> None:
    say(f"\n── {name}")
    result = work()
    run.results.append(result)
    say(f"── {name}: {result.seconds:.1f} s")


def run_all(run: Run, names: list[str]) -> None:
    stages = [stage for stage in STAGES if stage.name in names]
    with ExitStack() as stack:
        if "gates" in names:
            announced(run, "gates", lambda: run_gates(run))
        if any(stage.database == "postgresql" or "browser" in stage.name for stage in stages):
            say("\n── parts")
            install_parts(run, names)
        if any(stage.database == "postgresql" for stage in stages):
            open_servers(run, stack)
        for stage in stages:
            announced(run, stage.name, lambda stage=stage: run_stage(run, stage))  # type: ignore[misc]


def summary(run: Run, seconds: float) -> int:
    say("\nstage           seconds  passed  failed  skipped")
    for result in run.results:
        counts = f"{result.passed:>7} {result.failed:>7} {result.skipped:>8}"
        say(f"{result.name:<14} {result.seconds:>8.1f} {counts}  {result.note}".rstrip())
    on_postgres = [result for result in run.results if result.name in _postgres_stages()]
    counted = sum(result.passed + result.failed for result in on_postgres if not result.note)
    say(
        f"PostgreSQL tests run: {counted} · Redis tests run: {sum(result.redis for result in run.results)}"
        f" · {seconds:.0f} s in all"
    )
    failed = sum(result.failed for result in run.results)
    passed = sum(result.passed for result in run.results)
    skipped = sum(result.skipped for result in run.results)
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def _postgres_stages() -> set[str]:
    return {stage.name for stage in STAGES if stage.database == "postgresql"}


def read_arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="gates and SQLite only")
    parser.add_argument("--only", action="append", choices=ALL, help="a stage; repeatable")
    parser.add_argument(
        "--gate", action="append", choices=tuple(GATES), default=[], help="a gate; repeatable"
    )
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, behind --")
    return parser.parse_args(words)


def main() -> int:
    arguments = read_arguments(sys.argv[1:])
    started = time.monotonic()
    prepare(dev=True)
    if Path(sys.prefix).resolve() != VENV.resolve():
        command = [venv_python(), "-m", "scripts.test", *sys.argv[1:]]
        return subprocess.run(command, cwd=str(ROOT), check=False).returncode
    names = list(arguments.only or (FAST if arguments.fast else ALL))
    run = Run(ci=os.environ.get("CI") == "true", arguments=arguments.pytest, gates=arguments.gate)
    if tuple(names) == ALL:
        (BUILD / "trace.json").unlink(missing_ok=True)
    shutil.rmtree(BUILD / "var-test", ignore_errors=True)
    run_all(run, names)
    return summary(run, time.monotonic() - started)


if __name__ == "__main__":
    find_python()
    raise SystemExit(guarded(main))
