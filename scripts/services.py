"""Databases and queues for the tests: the one named in the environment, a local one, or a throwaway one.

A throwaway server is made from installed binaries in a temporary folder and stopped at the end; nothing of
the machine's own servers is changed except that, as root on CI, a stopped PostgreSQL cluster is started.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from scripts.base import ROOT

LOCAL_USERS = ("postgres", "root")


@dataclass(frozen=True)
class Service:
    """`url` to use, or the `reason` why there is none; `origin` says where it comes from."""

    url: str = ""
    origin: str = ""
    reason: str = ""


def database_name() -> str:
    """One name per working copy, so that two copies on one machine do not share test databases."""
    return "otklik_" + hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]


@contextmanager
def postgresql() -> Iterator[Service]:
    """A PostgreSQL in which test databases can be created."""
    with ExitStack() as stack:
        given = os.environ.get("DATABASE_URL", "")
        if given.startswith("postgres"):
            fault = _postgres_fault(given)
            yield Service(reason=fault) if fault else Service(given, "DATABASE_URL")
            return
        _start_stopped_cluster()
        for user in dict.fromkeys((*LOCAL_USERS, pwd.getpwuid(os.geteuid()).pw_name)):
            url = f"postgresql://{user}@127.0.0.1:5432/{database_name()}"
            if not _postgres_fault(url):
                yield Service(url, "local server")
                return
        yield stack.enter_context(_throwaway_postgres())


def _postgres_fault(url: str) -> str:
    """Empty when test databases can be created there, otherwise the sentence."""
    admin = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    try:
        with psycopg.connect(admin, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        first = (str(error).strip().splitlines() or ["no answer"])[0]
        return f"PostgreSQL does not answer: {first}"
    if not (row and row[0]):
        return "the PostgreSQL user may not create test databases (ALTER ROLE … CREATEDB)"
    return ""


def _start_stopped_cluster() -> None:
    listed = shutil.which("pg_lsclusters")
    if os.geteuid() != 0 or os.environ.get("CI") != "true" or not listed or _listens(5432):
        return
    lines = subprocess.run([listed, "--no-header"], capture_output=True, text=True, check=False).stdout
    for line in lines.splitlines():
        version, cluster, port, status = line.split()[:4]
        if port == "5432" and status.startswith("down"):
            command = ["pg_ctlcluster", "--skip-systemctl-redirect", version, cluster, "start"]
            subprocess.run(command, capture_output=True, check=False)


@contextmanager
def _throwaway_postgres() -> Iterator[Service]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        yield Service(reason="no PostgreSQL at 127.0.0.1:5432 and none installed (apt install postgresql)")
        return
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="otklik-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    port = free_port()
    data = folder / "data"
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    control = [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    initdb = [
        *as_user,
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    start = [*control, "-l", str(folder / "log"), "-o", options, "start"]
    try:
        for command in (initdb, start):
            done = subprocess.run(
                command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
            )
            if done.returncode:
                yield Service(reason=f"PostgreSQL could not be started: {done.stderr.strip()[-200:]}")
                return
        yield Service(
            f"postgresql://postgres@127.0.0.1:{port}/{database_name()}", "throwaway server of this run"
        )
    finally:
        stop = [*control, "-m", "immediate", "stop"]
        subprocess.run(stop, cwd=folder, capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis_server() -> Iterator[Service]:
    """A Redis the tests may empty: QUEUE_URL, a throwaway server, or the last database of a local one."""
    given = os.environ.get("QUEUE_URL", "")
    if given.startswith("redis"):
        fault = _redis_fault(given)
        yield Service(reason=fault) if fault else Service(given, "QUEUE_URL")
        return
    program = shutil.which("redis-server")
    if not program:
        # a server of the machine may hold somebody's data; the tests take its last database
        local = "redis://127.0.0.1:6379/15"
        fault = _redis_fault(local)
        hint = "no Redis at 127.0.0.1:6379 and none installed (apt install redis-server)"
        yield Service(reason=hint) if fault else Service(local, "local server")
        return
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory(prefix="otklik-redis-") as folder:
        child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            url = f"redis://127.0.0.1:{port}/0"
            deadline = time.monotonic() + 10
            while _redis_fault(url) and time.monotonic() < deadline:
                time.sleep(0.1)
            fault = _redis_fault(url)
            yield Service(reason=fault) if fault else Service(url, "throwaway server of this run")
        finally:
            child.terminate()
            child.wait()


def _redis_fault(url: str) -> str:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError as error:
        return f"Redis does not answer: {error}"
    return ""


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
