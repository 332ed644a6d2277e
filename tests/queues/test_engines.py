"""Every queue engine that a setting can name wakes a real worker, without the sweep's help."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import fresh_database
from tests.support.hooks import CONNECT, SECRET, FarEnd
from tests.support.installation import Installation

WAITING = """
import json
from otklik.kernel import wake
from otklik.kernel.models import Outbox
print(json.dumps([wake.huey.pending_count(), Outbox.objects.exclude(state="done").count()]))
"""
WORKED = """
import json
from otklik.inbox.models import Message
from otklik.kernel import wake
print(json.dumps(Message.objects.count() == 3 and wake.huey.pending_count() == 0))
"""


@pytest.fixture(
    params=[
        pytest.param("redis", marks=pytest.mark.redis),
        pytest.param("postgresql", marks=pytest.mark.postgres),
    ]
)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with fresh_database("queue") as database_url:
        queue_url = os.environ["QUEUE_URL"] if request.param == "redis" else database_url
        made = Installation(tmp_path, queue_url=queue_url)
        made.prepare()
        yield made
        made.stop()


@pytest.mark.timeout(120)
def test_what_the_web_process_puts_is_worked_by_a_worker_of_the_same_engine(
    installation: Installation,
) -> None:
    installation.start_web()
    installation.wait_ready()
    account = installation.shell(CONNECT % SECRET)
    far_end = FarEnd(installation.url, account["path"])
    for number in range(3):
        far_end.post({"id": f"m{number}", "thread": "t", "author": {"id": "p"}, "text": f"Вопрос {number}"})

    woken, open_work = installation.shell(WAITING)
    assert woken >= 1
    assert open_work >= 1

    installation.start_worker()
    installation.wait_until(WORKED, "the worker heard of the work")
