"""The application as a real process on the test's own database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection


def database_url() -> str:
    """Where the test database is, for another process."""
    parts = connection.settings_dict
    name = parts["NAME"]
    if connection.vendor == "sqlite":
        if "memory" in str(name):
            pytest.skip("needs a database in a file: another process reads it")
        return f"sqlite:///{name}"
    return f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT'] or 5432}/{name}"


@contextmanager
def application(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """(process, port) of uvicorn on localhost; killed at the end when it still runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "DATABASE_URL": database_url(),
        "VAR_DIR": str(folder),
        "SECRET_KEY": settings.SECRET_KEY,
        "PORT": str(port),
    }
    words = [sys.executable, "-m", "uvicorn", "otklik.web.asgi:application", "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        child = subprocess.Popen(
            [*words, "--timeout-graceful-shutdown", "3"], env={**os.environ, **own}, stdout=log, stderr=log
        )
        try:
            _wait(child, port)
            yield child, port
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()


def _wait(child: subprocess.Popen[bytes], port: int) -> None:
    pause = threading.Event()
    for _attempt in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            assert child.poll() is None, "the server ended by itself: see server.log"
            pause.wait(0.1)
    raise AssertionError("the server does not answer")
