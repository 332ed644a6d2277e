"""Signed webhooks through real processes: uvicorn in front, a worker behind, many connections. None may be lost."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from bench.row import Row, at_least, at_most, percentile
from bench.stand import TITLES, databases, installation, manage, processes, wait_ready
from bench.webhooks import SECRET, Load, load
from scripts.services import free_port

NAME = "Webhook accepted and stored"
BUDGET = (
    "SQLite ≥ 100/s, p99 < 150 ms (one web process); PostgreSQL ≥ 300/s, p99 < 50 ms (two), worker running"
)
TIMEOUT = 180
SECONDS = {"small": 8.0, "full": 60.0}
WARM = 1.5
WEB = {"sqlite": 1, "postgresql": 2}
RATE, P99 = {"sqlite": 100, "postgresql": 300}, {"sqlite": 150, "postgresql": 50}
CONNECT = f"""
import json
from otklik.accounts.models import User
from otklik.channels import services
by = User.objects.filter(grants__role="administrator").first()
account = services.connect("hook", "Форма", {{"signing_secret": "{SECRET}", "looks_like": "form"}}, by=by)
print(json.dumps(f"/hooks/hook/{{account.public_id}}/{{account.path_secret}}"))
"""
COUNTED = """
import json
from otklik.channels.models import RawEvent
print(json.dumps([RawEvent.objects.count(), RawEvent.objects.filter(state="parsed").count()]))
"""


@dataclass
class Measured:
    fast: Load
    even: Load
    sent: int
    stored: int
    understood: int
    processor: dict[str, float]  # seconds of "web" and "worker" during `even`


def run(size: str) -> list[Row]:
    rows: list[Row] = []
    for kind in databases():
        found = _measure(kind, SECONDS[size])
        title, limit_name = TITLES[kind], "sqlite_commits" if kind == "sqlite" else "postgres_commits"
        events = len(found.even.latencies)
        rows += [
            at_least(f"{title}, {WEB[kind]} web, as fast as it goes", len(found.fast.latencies) / found.fast.seconds,
                     "requests/s", budget=RATE[kind], limit_name=limit_name),
            at_most(f"{title}, p99 at {events / found.even.seconds:.0f} requests/s",
                    percentile(found.even.latencies, 0.99), "ms", budget=P99[kind]),
            Row(f"{title}, median at the same pace", percentile(found.even.latencies, 0.5), "ms"),
            at_most(f"{title}, lost of {found.sent}", abs(found.sent - found.stored), "requests", budget=0),
            Row(f"{title}, messages understood meanwhile", found.understood / found.sent * 100, "%"),
            Row(f"{title}, processor a request, web", found.processor["web"] / events * 1000, "ms"),
            Row(f"{title}, processor a request, worker", found.processor["worker"] / events * 1000, "ms"),
            Row(f"{title}, processor a request, the far end", found.even.processor / events * 1000, "ms"),
        ]  # fmt: skip
    return rows


def _measure(kind: str, seconds: float) -> Measured:
    with installation(kind) as environment:
        manage(environment, "migrate", "-v0")
        manage(environment, "bootstrap")
        path = json.loads(_shell(environment, CONNECT))
        port = free_port()
        with processes(environment, port, WEB[kind]) as (web, worker):
            wait_ready(port)
            warm = load(port, path, WARM, pace=RATE[kind], name="warm")
            fast = load(port, path, seconds, pace=0.0, name="fast")
            before = {"web": _processor(web.pid), "worker": _processor(worker.pid)}
            even = load(port, path, seconds, pace=RATE[kind], name="even")
            after = {"web": _processor(web.pid), "worker": _processor(worker.pid)}
            stored, understood = json.loads(_shell(environment, COUNTED))
    sent = sum(len(one.latencies) for one in (warm, fast, even))
    busy = {name: after[name] - before[name] for name in after}
    return Measured(fast, even, sent, stored, understood, busy)


def _shell(environment: dict[str, str], code: str) -> str:
    return manage(environment, "shell", "--no-imports", "-v0", "-c", code).splitlines()[-1]


def _processor(pid: int) -> float:
    """Seconds of processor time of a process and what it has started; 0 where /proc is not there."""
    seconds = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) == pid:
            seconds += (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        elif int(words[1]) == pid:
            seconds += _processor(int(folder.name))
    return seconds
