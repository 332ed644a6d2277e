"""The whole product in real processes under load, killed -9 and cut off from its database at random moments."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scripts.services import free_port
from tests.plugins.skips import missing_part
from tests.support import children
from tests.support.hooks import CONNECT, SECRET, FarEnd
from tests.support.installation import Installation

pytestmark = [pytest.mark.faults, pytest.mark.own_database]

EVENTS = 100
SENDERS = 4
KILLS = 6  # of whole processes; the fifty quick kills stand in test_intake_faults and test_delivery_faults
COUNT = """
import json
from collections import Counter
from otklik.inbox.models import Message
from otklik.channels.models import RawEvent
from otklik.kernel.models import Outbox
ids = Counter(Message.objects.filter(direction="in").values_list("external_id", flat=True))
print(json.dumps({"messages": len(ids), "doubled": sum(n > 1 for n in ids.values()),
 "raw": RawEvent.objects.count(), "open": Outbox.objects.exclude(state="done").count(),
 "ids": sorted(ids)}))
"""
DONE = """
import json
from otklik.kernel.models import Outbox
from otklik.channels.models import RawEvent
open_work = Outbox.objects.exclude(state="done").exists()
print(json.dumps(not open_work and not RawEvent.objects.exclude(state="parsed").exists()))
"""


def _payloads(rng: random.Random) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "id": f"m{number}",
            "thread": f"t{number % 9}",
            "author": {"id": f"p{number % 9}"},
            "text": f"Вопрос {number}",
        }
        for number in range(EVENTS)
    ]
    repeated = [one for one in found for _ in range(rng.randint(1, 2))]
    rng.shuffle(repeated)
    return repeated


def _send_all(far_end: FarEnd, payloads: list[dict[str, object]]) -> list[threading.Thread]:
    def run(part: list[dict[str, object]]) -> None:
        for payload in part:
            far_end.post(payload)

    threads = [threading.Thread(target=run, args=(payloads[start::SENDERS],)) for start in range(SENDERS)]
    for thread in threads:
        thread.start()
    return threads


def _far_end(installation: Installation) -> FarEnd:
    account = installation.shell(CONNECT % SECRET)
    return FarEnd(installation.url, account["path"])


def _assert_whole(installation: Installation, far_end: FarEnd) -> None:
    installation.wait_until(DONE, "everything was worked", seconds=150)
    counted = installation.shell(COUNT)
    assert set(far_end.acknowledged) == {f"m{number}" for number in range(EVENTS)}
    assert counted["messages"] == EVENTS
    assert counted["doubled"] == 0
    assert counted["raw"] == EVENTS
    assert counted["open"] == 0


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    url = request.getfixturevalue("own_postgresql").url if request.param == "postgresql" else ""
    made = Installation(tmp_path, url)
    made.prepare()
    yield made
    made.stop()


class OwnPostgreSQL:
    """A cluster of this test's own, so that it can be restarted without hurting anybody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.as_user:
            shutil.chown(folder, "postgres")
        self._run(
            "initdb",
            "-D",
            f"{folder}/data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
        self.control("start")
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute("CREATE DATABASE care")

    @property
    def admin(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/care"

    def control(self, verb: str, mode: str = "fast") -> None:
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}"
        )
        words = ["-m", mode] if verb in ("stop", "restart") else []
        self._run(
            "pg_ctl",
            "-D",
            f"{self.folder}/data",
            "-w",
            "-l",
            f"{self.folder}/log",
            "-o",
            options,
            *words,
            verb,
        )

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [*self.as_user, str(self.binaries / program), *words],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@pytest.fixture
def own_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnPostgreSQL]:
    if not sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing_part("no PostgreSQL server is installed (apt install postgresql)")
    folder = Path("/tmp") / f"otklik-pg-{free_port()}"  # noqa: S108 the server's user must be able to reach it
    folder.mkdir(mode=0o755)
    server = OwnPostgreSQL(folder)
    yield server
    server.control("stop", "immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(300)
def test_kill_minus_nine_of_web_and_worker_under_load_loses_and_doubles_nothing(
    installation: Installation,
) -> None:
    rng = random.Random(children.seed())
    installation.start_web()
    installation.start_worker()
    installation.wait_ready()
    far_end = _far_end(installation)
    threads = _send_all(far_end, _payloads(rng))
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.3, 1.2))  # the random moment
        kind = rng.choice(["web", "worker"])
        installation.kill(kind)
        getattr(installation, f"start_{kind}")()
    for thread in threads:
        thread.join()
    _assert_whole(installation, far_end)


@pytest.mark.timeout(300)
def test_postgresql_restarted_in_mid_burst_loses_and_doubles_nothing(
    own_postgresql: OwnPostgreSQL, tmp_path: Path
) -> None:
    rng = random.Random(children.seed())
    installation = Installation(tmp_path, own_postgresql.url)
    installation.prepare()
    try:
        installation.start_web()
        installation.start_worker()
        installation.wait_ready()
        far_end = _far_end(installation)
        threads = _send_all(far_end, _payloads(rng))
        for _ in range(3):
            time.sleep(rng.uniform(0.2, 1.0))  # the random moment
            own_postgresql.control("restart", rng.choice(["fast", "immediate"]))
        for thread in threads:
            thread.join()
        _assert_whole(installation, far_end)
    finally:
        installation.stop()
