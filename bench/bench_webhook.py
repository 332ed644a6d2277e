"""Signed webhooks through real processes: uvicorn in front, a worker behind, several clients. None may be lost."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import time
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

from bench.row import Row, at_least, at_most, percentile
from bench.stand import TITLES, databases, installation, manage, processes, wait_ready
from scripts.services import free_port

NAME = "Webhook accepted and stored"
BUDGET = (
    "SQLite ≥ 100/s, p99 < 150 ms (one web process); PostgreSQL ≥ 300/s, p99 < 50 ms (two), worker running"
)
TIMEOUT = 150
SECONDS = {"small": 10.0, "full": 60.0}
WEB = {"sqlite": 1, "postgresql": 2}
CLIENTS = {"sqlite": 4, "postgresql": 4}
RATE, P99 = {"sqlite": 100, "postgresql": 300}, {"sqlite": 150, "postgresql": 50}
PACE = {"sqlite": 1.3, "postgresql": 1.1}  # p99 is taken at this share above the budgeted rate
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
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
from otklik.inbox.models import Message
print(json.dumps([RawEvent.objects.count(), RawEvent.objects.filter(state="parsed").count(), Message.objects.count()]))
"""


def run(size: str) -> list[Row]:
    rows: list[Row] = []
    for kind in databases():
        found = _measure(kind, SECONDS[size])
        title, limit_name = TITLES[kind], "sqlite_commits" if kind == "sqlite" else "postgres_commits"
        rows += [
            at_least(f"{title}, {WEB[kind]} web, as fast as it goes", found["rate"], "requests/s", budget=RATE[kind],
                     limit_name=limit_name),
            at_most(f"{title}, p99 at {found['pace']:.0f} requests/s", found["p99"], "ms", budget=P99[kind]),
            at_most(f"{title}, p99 as fast as it goes", found["p99_full"], "ms"),
            at_most(f"{title}, lost of {found['sent']}", found["lost"], "requests", budget=0),
            Row(f"{title}, messages understood meanwhile", found["parsed"] / found["sent"] * 100, "%"),
        ]  # fmt: skip
    return rows


def _measure(kind: str, seconds: float) -> dict[str, float]:
    with installation(kind) as environment:
        manage(environment, "migrate", "-v0")
        manage(environment, "bootstrap")
        path = json.loads(manage(environment, "shell", "--no-imports", "-v0", "-c", CONNECT).splitlines()[-1])
        port = free_port()
        with processes(environment, port, WEB[kind]):
            wait_ready(port)
            warm = _load(port, path, kind, 1.5, pace=0.0, name="warm")
            fast = _load(port, path, kind, seconds, pace=0.0, name="fast")
            pace = RATE[kind] * PACE[kind]
            even = _load(port, path, kind, seconds, pace=pace, name="even")
            counts = json.loads(
                manage(environment, "shell", "--no-imports", "-v0", "-c", COUNTED).splitlines()[-1]
            )
    sent = len(warm) + len(fast) + len(even)
    return {
        "rate": len(fast) / seconds,
        "p99_full": percentile(fast, 0.99),
        "pace": len(even) / seconds,
        "p99": percentile(even, 0.99),
        "sent": sent,
        "lost": abs(sent - counts[0]),
        "parsed": counts[1],
    }


def _load(port: int, path: str, kind: str, seconds: float, *, pace: float, name: str) -> list[float]:
    """Latencies in milliseconds of everything acknowledged; `pace`: requests/s in all, 0 = as fast as it goes."""
    clients = CLIENTS[kind]
    context = multiprocessing.get_context("spawn")
    with context.Pool(clients) as pool:
        jobs = [(port, path, f"{name}-{number}", seconds, pace / clients) for number in range(clients)]
        return [one for part in pool.starmap(client, jobs) for one in part]


def client(port: int, path: str, name: str, seconds: float, pace: float) -> list[float]:
    """One far end with one kept-open connection; every request is signed before the clock starts."""
    far = _FarEnd(port, path, name)
    far.one()
    latencies: list[float] = []
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        if pace:
            due = started + len(latencies) / pace
            time.sleep(max(0.0, due - time.perf_counter()))
        latencies.append(far.one())
    return [*latencies, far.first]


class _FarEnd:
    def __init__(self, port: int, path: str, name: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.port, self.path, self.name = port, path, name
        self.number = 0
        self.first = 0.0
        self.signer = Webhook(SECRET)

    def one(self) -> float:
        """Send one event until it is acknowledged; milliseconds of the whole."""
        self.number += 1
        identity = f"{self.name}-{os.getpid()}-{self.number}"
        body = json.dumps(_payload(identity, self.number))
        now = datetime.now(UTC)
        headers = {
            "host": f"localhost:{self.port}",
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.signer.sign(identity, now, body),
        }
        started = time.perf_counter()
        self.connection.request("POST", self.path, body.encode(), headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"webhook: {answer.status}")
        self.first = self.first or (time.perf_counter() - started) * 1000
        return (time.perf_counter() - started) * 1000


def _payload(identity: str, number: int) -> dict[str, Any]:
    return {
        "id": identity,
        "author": {"id": f"buyer-{number % 500}", "name": "Анна Белова"},
        "text": f"Заказ {number}: холодильник привезли с вмятиной, прошу заменить или вернуть деньги.",
        "thread": f"chat-{number % 500}" if number % 2 else "",
    }
