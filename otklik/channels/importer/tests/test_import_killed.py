"""An import whose process is killed at random moments: every row comes in once, whatever the moment."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROWS = 3000
KILLS = 8
ENV = ("DATABASE_URL", "QUEUE_URL", "SECRET_KEY")


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ENV}
    return {**kept, "VAR_DIR": str(folder), "LOG_LEVEL": "ERROR"}


def _run(environment: dict[str, str], *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", *words], env=environment, check=True, capture_output=True, timeout=110
    )


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_an_import_killed_at_random_moments_loses_and_doubles_nothing(tmp_path) -> None:
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}, {KILLS} kills\n")
    chance = random.Random(seed)
    environment = _environment(tmp_path)
    _run(environment, "otklik.web.manage", "migrate", "-v0")
    _run(environment, "otklik.web.manage", "bootstrap")
    table = tmp_path / "rows.csv"
    table.write_text(
        "id;text;author\n" + "".join(f"{n};Отзыв номер {n} о доставке;Автор {n}\n" for n in range(ROWS))
    )
    command = [sys.executable, "-c", "from otklik.web.cli import main; raise SystemExit(main())"]
    command += ["import", str(table), "--channel", "Отзывы"]
    killed = 0
    while killed < KILLS:
        child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        until = time.monotonic() + chance.uniform(0.8, 2.5)
        try:
            child.wait(until - time.monotonic())
            break  # finished before the moment came
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.communicate()
            killed += 1
    done = subprocess.run(command, env=environment, check=True, capture_output=True, timeout=200)
    answer = json.loads(done.stdout)
    database = sqlite3.connect(tmp_path / "otklik.sqlite3")

    def number(query: str) -> int:
        return int(database.execute(query).fetchone()[0])

    assert killed > 0
    assert (answer["rows"], answer["errors"]) == (ROWS, 0)
    assert answer["created"] + answer["unchanged"] == ROWS
    assert number("select count(*) from channels_rawevent where state = 'parsed'") == ROWS
    assert number("select count(*) from channels_rawevent") == ROWS
    assert number("select count(*) from inbox_message") == ROWS
    assert number("select count(distinct text) from inbox_message") == ROWS
    assert number("select count(*) from inbox_conversation") == ROWS
    assert number("select count(*) from people_customer") == ROWS
