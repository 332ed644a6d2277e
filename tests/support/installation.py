"""A whole installation in real processes: web, worker, own folder, any database; killed and started at will."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from scripts.services import free_port

ROOT = Path(__file__).resolve().parents[2]


class Installation:
    """`start_web()` and `start_worker()` add a process; `kill()` is kill -9 of one of them."""

    def __init__(self, var: Path, database_url: str = "", queue_url: str = "", **environment: str) -> None:
        self.var = var
        self.port = free_port()
        keep = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
        keep.pop("DATABASE_URL", None)
        keep.pop("QUEUE_URL", None)
        keep.pop("SECRET_KEY", None)
        self.environment = {
            **keep,
            "VAR_DIR": str(var),
            "PORT": str(self.port),
            "SITE_URL": f"http://localhost:{self.port}",
            "UNDO_SECONDS": "0",
            **({"DATABASE_URL": database_url} if database_url else {}),
            **({"QUEUE_URL": queue_url} if queue_url else {}),
            **environment,
        }
        self.processes: dict[str, list[subprocess.Popen[bytes]]] = {"web": [], "worker": []}
        self.log = (var / "processes.log").open("ab")

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def manage(self, *words: str) -> str:
        """Run a management command; returns its stdout, raises with its stderr."""
        done = subprocess.run(
            [sys.executable, "-m", "otklik.web.manage", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(done.stderr[-3000:])
        return done.stdout

    def shell(self, code: str) -> Any:
        """Run code inside the installation; it prints one JSON value, which is returned."""
        return json.loads(self.manage("shell", "--no-imports", "-v0", "-c", code).strip().splitlines()[-1])

    def prepare(self, *words: str) -> str:
        """Migrate and bootstrap with `words`; returns what bootstrap said. What others left in the queue is gone."""
        self.manage("migrate", "-v0")
        said = self.manage("bootstrap", *words)
        self.manage("shell", "--no-imports", "-v0", "-c", "from otklik.kernel import wake; wake.huey.flush()")
        return said

    def start_web(self) -> None:
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "otklik.web.asgi:application",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--log-level",
            "error",
            "--timeout-graceful-shutdown",
            "3",
        ]
        self._start("web", command)

    def start_worker(self) -> None:
        self._start("worker", [sys.executable, "-m", "otklik.web.manage", "worker"])

    def _start(self, kind: str, command: list[str]) -> None:
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log)
        self.processes[kind].append(process)

    def wait_ready(self, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):  # noqa: S310 our own address
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"the web process did not answer: {self.tail()}")

    def kill(self, kind: str) -> None:
        """kill -9, no good-byes."""
        process = self.processes[kind].pop()
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for processes in self.processes.values():
            for process in processes:
                process.send_signal(signal.SIGINT)
            for process in processes:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            processes.clear()
        self.log.close()

    def tail(self) -> str:
        self.log.flush()
        return (self.var / "processes.log").read_text(errors="replace")[-3000:]

    def wait_until(self, code: str, what: str, seconds: float = 60.0) -> Any:
        """Ask `code` (prints JSON) until it is true; returns the answer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.shell(code)
            if answer:
                return answer
            time.sleep(0.3)
        raise AssertionError(f"{what} did not happen in {seconds:.0f} s: {self.tail()}")
