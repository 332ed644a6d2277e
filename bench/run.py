"""`make bench`: run every `bench/bench_*.py` in a process of its own and compare with the budgets.

    .venv/bin/python -m bench.run [NAME …] [--update-docs]

SIZE=full takes the large sizes. Benchmarks find servers in OTKLIK_BENCH_POSTGRES and OTKLIK_BENCH_REDIS
(empty: none here). Writes build/bench.json and build/bench.md; `--update-docs` puts the table
into docs/performance.md between its markers. Exit code 1 when a budget is missed or a benchmark fails.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.limits import LIMITS, limit
from bench.row import Row
from scripts.base import BUILD, ROOT, guarded, say
from scripts.services import postgresql, redis_server

DEFAULT_TIMEOUT = 120.0
FULL_FACTOR = 10
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


@dataclass
class Outcome:
    """What one benchmark module gave; `error` holds the last line of a failed one."""

    module: str
    title: str
    budget: str = ""
    seconds: float = 0.0
    rows: list[Row] = field(default_factory=list)
    error: str = ""


def modules(names: list[str]) -> list[str]:
    found = sorted(path.stem for path in (ROOT / "bench").glob("bench_*.py"))
    return [name for name in found if not names or name in names or name.removeprefix("bench_") in names]


def child(module: str, size: str, target: str) -> int:
    """Inside the child process: run the module and leave its rows in `target`."""
    code = importlib.import_module(f"bench.{module}")
    rows = code.run(size)
    Path(target).write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")
    return 0


def facts(module: str) -> dict[str, Any]:
    """NAME, BUDGET and TIMEOUT, read in a child so that nothing of the module stays in this process."""
    code = (
        f"import json, bench.{module} as m;print(json.dumps([m.NAME, m.BUDGET, getattr(m, 'TIMEOUT', None)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": last_line(done.stderr)}
    name, budget, timeout = json.loads(done.stdout.splitlines()[-1])
    return {"name": name, "budget": budget, "timeout": timeout or DEFAULT_TIMEOUT}


def measure(module: str, size: str) -> Outcome:
    known = facts(module)
    if "error" in known:
        return Outcome(module, module, error=known["error"])
    outcome = Outcome(module, known["name"], known["budget"])
    target = BUILD / f"{module}.rows.json"
    target.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.run", "--child", module, size, str(target)]
    limit_seconds = known["timeout"] * (FULL_FACTOR if size == "full" else 1)
    started = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=limit_seconds
        )
        outcome.error = last_line(done.stderr) if done.returncode else ""
    except subprocess.TimeoutExpired:
        outcome.error = f"not done in {limit_seconds:.0f} s"
    outcome.seconds = time.monotonic() - started
    if not outcome.error:
        outcome.rows = [Row(**row) for row in json.loads(target.read_text(encoding="utf-8"))]
    return outcome


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "failed without a word"


def number(value: float | None) -> str:
    if value is None:
        return "—"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3
    return f"{value:,.{digits}f}".replace(",", "\N{NO-BREAK SPACE}")


def machine() -> str:
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, load {load:.1f} before"


def print_table(outcome: Outcome) -> None:
    say(f"\n{outcome.title}  ({outcome.budget})  {outcome.seconds:.1f} s")
    if outcome.error:
        say(f"  ✗ {outcome.error}")
    for row in outcome.rows:
        budget = f"{row.compare} {number(row.budget)}" if row.budget is not None else ""
        beside = f"   {row.limit_name}: {number(row.limit)}" if row.limit is not None else ""
        mark = "✓" if row.ok else "✗"
        say(f"  {mark} {row.name:<44} {number(row.value):>12} {row.unit:<14} {budget:<14}{beside}")


def markdown(outcomes: list[Outcome], head: str) -> str:
    lines = [head, "", "| what | measured | budget | the machine itself, same run |", "|---|---|---|---|"]
    for outcome in outcomes:
        if outcome.error:
            lines.append(f"| {outcome.title} | failed: {outcome.error} | {outcome.budget} | |")
        for row in outcome.rows:
            budget = f"{row.compare} {number(row.budget)}" if row.budget is not None else "—"
            value = f"{number(row.value)} {row.unit}" + ("" if row.ok else " ✗")
            beside = f"{row.limit_name}: {number(row.limit)}" if row.limit is not None else ""
            lines.append(f"| {outcome.title}: {row.name} | {value} | {budget} | {beside} |")
    return "\n".join(lines) + "\n"


def update_document(table: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else f"# Performance\n\n{BEGIN}\n{END}\n"
    if BEGIN not in text or END not in text:
        text += f"\n{BEGIN}\n{END}\n"
    before, rest = text.split(BEGIN, 1)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table}{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def measure_limits() -> Outcome:
    """The bare machine, measured first, before anything of ours has warmed or filled it."""
    started = time.monotonic()
    outcome = Outcome("limits", "The machine itself", "no budget")
    outcome.rows = [Row(probe.title, limit(name), probe.unit) for name, probe in LIMITS.items()]
    outcome.seconds = time.monotonic() - started
    return outcome


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        return child(*sys.argv[2:5])
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these, e.g. mail")
    parser.add_argument("--update-docs", action="store_true", help="write the table into docs/performance.md")
    arguments = parser.parse_args()
    size = "full" if os.environ.get("SIZE") == "full" else "small"
    BUILD.mkdir(exist_ok=True)
    store = BUILD / "bench-limits.json"
    store.unlink(missing_ok=True)
    os.environ["OTKLIK_BENCH_LIMITS"] = str(store)
    os.environ["VAR_DIR"] = str(BUILD / "var-bench")
    with postgresql() as postgres, redis_server() as redis:
        # not DATABASE_URL: a benchmark chooses its database itself
        os.environ["OTKLIK_BENCH_POSTGRES"] = postgres.url
        os.environ["OTKLIK_BENCH_REDIS"] = redis.url
        return run_all(arguments.names, size, update_docs=arguments.update_docs)


def run_all(names: list[str], size: str, *, update_docs: bool) -> int:
    head = f"{datetime.now(UTC):%Y-%m-%d}, size {size}: {machine()}."
    say(head)
    outcomes = [measure_limits()]
    print_table(outcomes[0])
    for name in modules(names):
        outcomes.append(measure(name, size))
        print_table(outcomes[-1])
    result = {"head": head, "outcomes": [asdict(outcome) for outcome in outcomes]}
    (BUILD / "bench.json").write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    table = markdown(outcomes, head)
    (BUILD / "bench.md").write_text(table, encoding="utf-8")
    if update_docs:
        update_document(table)
    bad = [outcome for outcome in outcomes if outcome.error or not all(row.ok for row in outcome.rows)]
    say(f"\n{len(outcomes)} benchmarks, {len(bad)} outside their budget · build/bench.json, build/bench.md")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(guarded(main))
