"""`make run` for real: both processes start, the address is printed, and the end of one is the end of all."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.faults


@pytest.fixture
def started(tmp_path):
    """A running installation without the demo: the process, its address and what it printed."""
    dropped = ("PORT", "SITE_URL", "DATABASE_URL", "QUEUE_URL", "SECRET_KEY")
    env = {key: value for key, value in os.environ.items() if key not in dropped}
    env.update(VAR_DIR=str(tmp_path / "var"), DEMO="0", OTKLIK_LANG="en")
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    text = "".join(lines)
    found = re.search(r"http://localhost:\d+", text)
    yield process, found and found[0], text
    process.kill()
    process.wait()
    process.stdout.close()


def children(process):
    """Process ids of the web server and the worker, by the word in their command line."""
    found = {}
    for entry in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        command = Path(f"/proc/{entry}/cmdline").read_text()
        found["web" if "uvicorn" in command else "worker"] = int(entry)
    return found


def test_it_prints_address_and_password_once_and_stops_on_interrupt(started, tmp_path):
    process, address, text = started
    assert address, text
    assert text.count("password: ") == 1
    with urllib.request.urlopen(f"{address}/healthz") as answer:
        assert answer.status == 200
    # SQLite's own companions (-wal, -shm) come and go while the processes work
    lasting = [path for path in (tmp_path / "var").iterdir() if "-" not in path.suffix]
    assert {path.name: path.stat().st_mode & 0o077 for path in lasting} == {path.name: 0 for path in lasting}
    both = children(process)
    assert set(both) == {"web", "worker"}
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not any(Path(f"/proc/{number}").exists() for number in both.values())


def test_when_the_worker_dies_all_stops_with_a_sentence(started):
    process, address, text = started
    assert address, text
    both = children(process)
    os.kill(both["worker"], signal.SIGKILL)
    rest = process.stdout.read()
    assert process.wait(30) == 1
    assert "worker has stopped" in rest
    assert not Path(f"/proc/{both['web']}").exists()
