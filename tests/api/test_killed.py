"""A sender killed by a signal between the call and the note: the receiver sees the same id twice, never nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api import receiver as far_end

pytestmark = pytest.mark.faults

ROOT = Path(__file__).resolve().parents[2]
PREPARE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.db import transaction
from otklik.accounts import services
from otklik.kernel import events
from otklik.web.webhooks import subscriptions, tail
user, _password = services.first_administrator(email="a@shop.test", organisation_name="Север-Техника")
subscriptions.create(name="CRM", url=URL, topics=["message.created"], by=user)
with transaction.atomic():
    events.publish("message.created", user.organisation_id, message_id=1)
assert tail.follow() == 1
"""
SEND = """
from otklik.kernel import clock, outbox
with clock.at(clock.after(LATER)):
    outbox.drain()
"""
HEAD = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "otklik.web.settings"
import django
django.setup()
"""


def child(code: str, folder: Path, **values: Any) -> subprocess.Popen[bytes]:
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "QUEUE_URL")},
        "VAR_DIR": str(folder),
        "TRUSTED_PRIVATE_HOSTS": "127.0.0.1",
    }
    script = "\n".join([HEAD, *lines, code])
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environment)


def test_a_killed_sender_sends_again_under_the_same_id(tmp_path: Path) -> None:
    with far_end.running() as receiver:
        assert child(PREPARE, tmp_path, URL=receiver.url).wait(100) == 0
        sender = child(SEND, tmp_path, LATER=0)
        # the far end has taken the event; the sender dies before it hears so
        receiver.script = [lambda _handler: os.kill(sender.pid, signal.SIGKILL), 200]
        assert sender.wait(60) == -signal.SIGKILL
        assert len(receiver.came) == 1
        assert child(SEND, tmp_path, LATER=61).wait(60) == 0
        assert len(receiver.came) == 2
        assert receiver.came[0].id == receiver.came[1].id
        assert receiver.came[0].body == receiver.came[1].body
        assert child(SEND, tmp_path, LATER=3600).wait(60) == 0
        assert len(receiver.came) == 2
