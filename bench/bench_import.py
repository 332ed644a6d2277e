"""`otklik import` from a CSV file to searchable conversations, the whole command."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import time
from pathlib import Path

from bench.row import Row, at_least
from bench.stand import ROOT, TITLES, databases, installation
from bench.texts import letter, person

NAME = "Import"
BUDGET = "no budget of its own (100 000 rows must be bearable)"
TIMEOUT = 240
COUNT = {"small": 3_000, "full": 100_000}
LIMITS = {"sqlite": "sqlite_rows", "postgresql": "postgres_commits"}


def run(size: str) -> list[Row]:
    rows = []
    for kind in databases():
        with installation(kind) as environment:
            file = Path(environment["VAR_DIR"]) / "reviews.csv"
            _write(file, COUNT[size])
            _call(environment, "-m", "otklik.web.manage", "migrate", "-v0")
            _call(environment, "-m", "otklik.web.manage", "bootstrap")
            first = _import(environment, file, COUNT[size], "created")
            again = _import(environment, file, COUNT[size], "unchanged")
        title = TITLES[kind]
        rows += [
            at_least(f"{title}, new rows", first, "rows/s", limit_name=LIMITS[kind]),
            at_least(f"{title}, the same file again", again, "rows/s"),
        ]
    return rows


def _write(path: Path, count: int) -> None:
    rng = random.Random(5)
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.writer(out, delimiter=";")
        table.writerow(["ID", "Дата", "Автор", "Текст", "Оценка", "Источник", "Ссылка"])
        for number in range(count):
            date = f"2026-{rng.randint(1, 10):02}-{rng.randint(1, 28):02} {rng.randint(8, 22):02}:15"
            link = f"https://otzyvy.example/{number}"
            author = person(rng.randrange(count)).name
            table.writerow([number, date, author, letter(rng), rng.randint(1, 5), "Отзывы", link])


def _import(environment: dict[str, str], file: Path, count: int, expected: str) -> float:
    """Rows a second of the whole command, start of the interpreter included."""
    started = time.perf_counter()
    answer = json.loads(_call(environment, "-m", "otklik", "import", str(file), "--channel", "Отзывы"))
    seconds = time.perf_counter() - started
    if answer[expected] != count:
        raise RuntimeError(f"import: {answer}")
    return count / seconds


def _call(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{done.stdout.strip()} {done.stderr.strip()}"[-1500:])
    return done.stdout.strip()
