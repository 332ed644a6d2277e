"""A fresh installation for one measurement, on SQLite or PostgreSQL, each in a process of its own.

`measured("bench.bench_mail", "intake", "sqlite", count=10)` starts a child that makes the database, calls
`bench.bench_mail.intake(count=10)` with Django ready, and gives back what it returned (plain JSON values).
"""

from __future__ import annotations

import contextlib
import http.client
import importlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

if TYPE_CHECKING:
    from otklik.accounts.models import User

ROOT = Path(__file__).resolve().parents[1]
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
PASSWORD = "correct horse battery"


def databases() -> list[str]:
    """The kinds that can be measured here."""
    return ["sqlite", "postgresql"] if _server() else ["sqlite"]


def _server() -> str:
    url = os.environ.get("OTKLIK_BENCH_POSTGRES", "")
    return url if url.startswith("postgres") else ""


@contextmanager
def installation(kind: str) -> Iterator[dict[str, str]]:
    """The environment of a new, empty installation; everything of it goes away at the end."""
    (ROOT / "build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
    keep = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    for name in ("DATABASE_URL", "QUEUE_URL", "SECRET_KEY"):
        keep.pop(name, None)
    environment = {**keep, "VAR_DIR": str(folder), "UNDO_SECONDS": "0", "LOG_LEVEL": "ERROR"}
    try:
        if kind == "sqlite":
            yield environment
        else:
            with _new_database(_server()) as url:
                yield {**environment, "DATABASE_URL": url}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _new_database(server: str) -> Iterator[str]:
    name = f"otklik_bench_{os.getpid()}"
    admin = urlunsplit(urlsplit(server)._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def measured(module: str, function: str, kind: str, **arguments: Any) -> Any:
    """Call `module.function(**arguments)` in a child with a new installation; raises with its stderr."""
    with installation(kind) as environment:
        command = [sys.executable, "-m", "bench.stand", module, function, json.dumps(arguments)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:])
    if os.environ.get("OTKLIK_BENCH_TALK"):
        sys.stderr.write(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def prepare() -> None:
    """Make Django ready and the database current."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "otklik.web.settings"
    # Django's parts can be imported only from here on
    django = importlib.import_module("django")
    django.setup()
    management = importlib.import_module("django.core.management")
    with contextlib.redirect_stdout(io.StringIO()):
        management.call_command("migrate", verbosity=0)
        management.call_command("createcachetable", verbosity=0)


def administrator() -> User:
    """The first organisation with its administrator; the password is PASSWORD."""
    from otklik.accounts import services  # noqa: PLC0415 needs Django

    made = services.first_administrator(email="admin@otklik.local", organisation_name="Север-Техника")
    if made is None:
        raise RuntimeError("the installation is not empty")
    user, _password = made
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def manage(environment: dict[str, str], *words: str) -> str:
    """Run a management command of an installation; returns its stdout, raises with its stderr."""
    command = [sys.executable, "-m", "otklik.web.manage", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-1500:])
    return done.stdout.strip()


@contextmanager
def processes(
    environment: dict[str, str], port: int, web: int, *, worker: bool = True
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """`web` uvicorn processes on `port` (one parent), and a worker, in this order; stopped at the end."""
    serve = [sys.executable, "-m", "uvicorn", "otklik.web.asgi:application", "--host", "127.0.0.1"]
    serve += ["--port", str(port), "--log-level", "error", "--no-access-log", "--lifespan", "off"]
    serve += ["--timeout-graceful-shutdown", "3", *(["--workers", str(web)] if web > 1 else [])]
    commands = [serve, *([[sys.executable, "-m", "otklik.web.manage", "worker"]] if worker else [])]
    running = [
        subprocess.Popen(one, cwd=ROOT, env={**environment, "PORT": str(port)}, stdout=subprocess.DEVNULL)
        for one in commands
    ]
    try:
        yield running
    finally:
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_ready(port: int) -> None:
    """Until the web process answers."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"host": f"localhost:{port}"})
            connection.getresponse().read()
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError("the web process did not answer")


def main() -> None:
    module, function, arguments = sys.argv[1:4]
    prepare()
    answer = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
