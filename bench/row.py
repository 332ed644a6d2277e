"""One measured figure with its budget and the machine's own limit beside it.

A benchmark module `bench/bench_NAME.py` has

    NAME = "Mail intake"
    BUDGET = "≥ 200 mails/s in one process on SQLite"
    TIMEOUT = 120                      # optional, seconds; ten times that with SIZE=full

    def run(size: str) -> list[Row]:   # size: "small" or "full"
        return [at_least("one process", rate, "mails/s", budget=200, limit_name="sqlite_commits")]
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.limits import LIMITS, limit


@dataclass(frozen=True)
class Row:
    """`limit` is what the bare machine does at the same kind of work, measured in the same run."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    limit: float | None = None
    limit_name: str = ""
    ok: bool = True
    compare: str = ""  # "≥" or "≤", how value stands to budget


def at_least(name: str, value: float, unit: str, *, budget: float | None = None, limit_name: str = "") -> Row:
    """A rate: more is better."""
    return _row(name, value, unit, budget, limit_name, ok=budget is None or value >= budget, compare="≥")


def at_most(name: str, value: float, unit: str, *, budget: float | None = None, limit_name: str = "") -> Row:
    """A duration or a size: less is better."""
    return _row(name, value, unit, budget, limit_name, ok=budget is None or value <= budget, compare="≤")


def _row(
    name: str, value: float, unit: str, budget: float | None, limit_name: str, *, ok: bool, compare: str
) -> Row:
    if not limit_name:
        return Row(name, value, unit, budget, ok=ok, compare=compare)
    title = f"{LIMITS[limit_name].title}, {LIMITS[limit_name].unit}"
    return Row(name, value, unit, budget, limit(limit_name), title, ok, compare)


def percentile(values: list[float], share: float) -> float:
    """Nearest-rank percentile: percentile(v, 0.95) is a value that 95 % do not exceed. `values` not empty."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 10_000) // 10_000))
    return ordered[rank - 1]
