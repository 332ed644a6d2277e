"""Folders and keys of a test run, set before Django reads its settings: nothing touches the user's var/."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]


def worker_number() -> int:
    """0 without xdist or in gw0, then 1, 2 …"""
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return int(name.removeprefix("gw")) if name.removeprefix("gw").isdigit() else 0


def own_redis_database(url: str, worker: int) -> str:
    """The same server, another database for every worker, so that they do not take each other's jobs."""
    parts = urlsplit(url)
    first = int(parts.path.strip("/") or 0)
    return urlunsplit(parts._replace(path=f"/{(first + worker) % 16}"))


def prepare() -> None:
    stage = os.environ.get("OTKLIK_STAGE", "local")
    folder = ROOT / "build" / "var-test" / f"{stage}-{worker_number()}"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["VAR_DIR"] = str(folder)
    os.environ["SECRET_KEY"] = "only-for-tests-only-for-tests-only-for-tests"
    os.environ.pop("SITE_URL", None)
    queue = os.environ.get("QUEUE_URL", "")
    if queue.startswith("redis") and "PYTEST_XDIST_WORKER" in os.environ:
        os.environ["QUEUE_URL"] = own_redis_database(queue, worker_number())


prepare()
