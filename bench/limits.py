"""What this machine can do by itself: the bare work under each of our figures, without any of our code.

Every probe takes about a second. A value is measured once per run of `make bench` and kept in the file that
$OTKLIK_BENCH_LIMITS names; without it, once per process.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import gc
import hashlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import Stemmer

PROBE_SECONDS = 1.0
CONNECTIONS = 32
ROOT = Path(__file__).resolve().parents[1]
SAMPLE = (
    "Заказывал доставку на вторник, курьер приехал в четверг, холодильник с вмятиной. "
    "Третий раз звоню, обещают перезвонить, верните деньги или замените товар."
)


@dataclass(frozen=True)
class Limit:
    title: str
    unit: str
    probe: Callable[[], float]


def rate(work: Callable[[], Any], *, each: int = 1, seconds: float = PROBE_SECONDS) -> float:
    """How many units per second `work` does (`each` units a call), garbage collector quiet."""
    work()
    gc.collect()
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        work()
        done += each
    return done / (time.perf_counter() - started)


@contextmanager
def _sqlite() -> Iterator[sqlite3.Connection]:
    """A file in WAL with our own settings, on the disk where the project stands."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / "build") as folder,
        closing(sqlite3.connect(Path(folder) / "probe.sqlite3", isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE m (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INTEGER)")
        yield connection


def sqlite_commits() -> float:
    with _sqlite() as connection:

        def work() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO m (a, b, c) VALUES (?, ?, ?)", ("key", SAMPLE, 1))
            connection.execute("COMMIT")

        return rate(work)


def sqlite_rows() -> float:
    rows = [("key", SAMPLE, number) for number in range(500)]
    with _sqlite() as connection:

        def work() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO m (a, b, c) VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")

        return rate(work, each=len(rows))


def sqlite_reads() -> float:
    with _sqlite() as connection:
        rows = [("key", SAMPLE, number) for number in range(20_000)]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO m (a, b, c) VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")
        return rate(lambda: connection.execute("SELECT * FROM m WHERE id = 777").fetchone())


def postgres_commits() -> float:
    """0 when there is no PostgreSQL (OTKLIK_BENCH_POSTGRES)."""
    url = os.environ.get("OTKLIK_BENCH_POSTGRES", "")
    if not url.startswith("postgres"):
        return 0.0
    admin = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        table = f"otklik_probe_{os.getpid()}"
        connection.execute(f"CREATE TABLE {table} (id bigserial PRIMARY KEY, a text, b text, c int)")
        try:
            insert = f"INSERT INTO {table} (a, b, c) VALUES (%s, %s, %s)"
            return rate(lambda: connection.execute(insert, ("key", SAMPLE, 1)))
        finally:
            connection.execute(f"DROP TABLE {table}")


def fsyncs() -> float:
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryFile(dir=ROOT / "build") as handle:

        def work() -> None:
            handle.write(b"x" * 4096)
            handle.flush()
            os.fsync(handle.fileno())

        return rate(work)


def stems() -> float:
    words = SAMPLE.split()

    def work() -> None:
        # a new stemmer each time: its cache would answer instead of it
        Stemmer.Stemmer("russian", 0).stemWords(words * 50)

    return rate(work, each=len(words) * 50)


def json_lines() -> float:
    line = json.dumps({"id": 1, "text": SAMPLE, "at": "2026-01-01T00:00:00+03:00"})
    return rate(lambda: [json.dumps(json.loads(line)) for _ in range(100)], each=100)


def mails() -> float:
    raw = (
        "From: a@example.org\r\nTo: b@example.org\r\nSubject: =?utf-8?b?0JfQsNC60LDQtw==?=\r\n"
        "Message-ID: <1@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + SAMPLE
    ).encode()
    return rate(lambda: email.message_from_bytes(raw, policy=email.policy.default).get_content())


def sha256_megabytes() -> float:
    block = b"x" * 1_000_000
    return rate(lambda: hashlib.sha256(block).digest())


async def bare_app(scope: Any, receive: Any, send: Any) -> None:
    """The smallest ASGI application: what uvicorn itself costs."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def http_requests() -> float:
    """Requests/s of `bare_app` under one uvicorn process, 32 kept-open connections from this process."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", "bench.limits:bare_app", "--port", str(port)]
    command += ["--log-level", "error", "--no-access-log", "--lifespan", "off"]
    with subprocess.Popen(command, cwd=ROOT) as server:
        try:
            _wait_for(port)
            return asyncio.run(_load(port))
        finally:
            server.terminate()


def _wait_for(port: int, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the bare ASGI application did not start")


async def _load(port: int) -> float:
    request = f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    started = time.perf_counter()
    deadline = started + 2 * PROBE_SECONDS

    async def one() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        done = 0
        while time.perf_counter() < deadline:
            writer.write(request)
            await reader.readuntil(b"\r\n\r\nok")
            done += 1
        writer.close()
        return done

    counts = await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - started)


LIMITS: dict[str, Limit] = {
    "sqlite_commits": Limit("bare SQLite, one insert a transaction", "1/s", sqlite_commits),
    "sqlite_rows": Limit("bare SQLite, inserts in batches of 500", "rows/s", sqlite_rows),
    "sqlite_reads": Limit("bare SQLite, one row by key", "1/s", sqlite_reads),
    "postgres_commits": Limit("bare PostgreSQL, one insert a transaction", "1/s", postgres_commits),
    "fsyncs": Limit("4 kB written and fsync", "1/s", fsyncs),
    "http_requests": Limit("bare ASGI application, loopback", "requests/s", http_requests),
    "stems": Limit("PyStemmer alone", "tokens/s", stems),
    "json_lines": Limit("JSON line read and written", "lines/s", json_lines),
    "mails": Limit("stdlib email, short mail parsed", "mails/s", mails),
    "sha256": Limit("SHA-256", "MB/s", sha256_megabytes),
}
_measured: dict[str, float] = {}


def limit(name: str) -> float:
    """The machine's own figure, measured once in this run of the benchmarks."""
    if name in _measured:
        return _measured[name]
    store = os.environ.get("OTKLIK_BENCH_LIMITS", "")
    known = json.loads(Path(store).read_text()) if store and Path(store).exists() else {}
    if name not in known:
        known[name] = LIMITS[name].probe()
        if store:
            Path(store).write_text(json.dumps(known))
    _measured[name] = float(known[name])
    return _measured[name]
