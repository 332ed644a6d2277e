"""Live updates against a real server process: who gets what, resuming, ending."""

from __future__ import annotations

import json
import queue
import signal
import threading
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from otklik.accounts import services
from otklik.accounts.models import Organisation
from otklik.kernel import clock, events
from otklik.kernel.models import Event
from otklik.web import live
from otklik.web.tests.serving import application

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 60.0  # seconds: on a shared PostgreSQL a long transaction of somebody else holds events back


def session_of(user):
    store = SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store.save()
    return store.session_key


@pytest.fixture
def server(tmp_path):
    with application(tmp_path) as running:
        yield running


@contextmanager
def stream(port, session="", last=""):
    """An open stream: (status, a queue of its events as dicts with id, topic and payload; None at the end)."""
    link = HTTPConnection("127.0.0.1", port, timeout=SOON)
    headers = {"Cookie": f"sessionid={session}"} if session else {}
    link.request("GET", "/live", headers={**headers, **({"Last-Event-ID": last} if last else {})})
    response = link.getresponse()
    found: queue.Queue = queue.Queue()

    def read():
        event = {}
        try:
            for raw in response:
                line = raw.decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if name in ("id", "event"):
                    event[name] = value
                elif name == "data":
                    event |= json.loads(value)
                elif not line and event:
                    found.put(event)
                    event = {}
        except (OSError, ValueError, AttributeError):
            pass
        found.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield response.status, found
    finally:
        if response.fp is not None and link.sock is not None:
            link.sock.close()
        link.close()


def publish(topic, organisation, **payload):
    with transaction.atomic():
        events.publish(topic, organisation.pk, **payload)
    return str(events.position(Event.objects.latest("pk")))


def test_a_stream_carries_what_happens_to_its_own_organisation_and_resumes(server, olga, boris):
    _child, port = server
    other = services.first_administrator(email="x@other.test", organisation_name="Другая")
    assert other is None, "an installation with people has its administrator"
    stranger = Organisation.objects.create(name="Чужая", created_at=clock.now())
    with stream(port, session_of(olga)) as (status, found):
        assert status == 200
        assert found.get(timeout=SOON)["event"] == "position"
        publish("conversation.changed", stranger, conversation_id=1)
        publish("staff.notified", olga.organisation, user_id=boris.pk, conversation_id=2)
        publish("staff.notified", olga.organisation, user_id=olga.pk, conversation_id=3)
        first = publish("message.created", olga.organisation, conversation_id=4, text="т" * 100)
        got = [found.get(timeout=SOON) for _ in range(2)]
        assert [each["payload"].get("conversation_id") for each in got] == [3, 4]
        assert "text" not in got[1]["payload"], "ids and codes only"
        assert got[1]["id"] == first
    publish("message.created", olga.organisation, conversation_id=5)
    with stream(port, session_of(olga), last=first) as (_status, found):
        assert found.get(timeout=SOON)["event"] == "position"
        assert found.get(timeout=SOON)["payload"] == {"conversation_id": 5}


def test_nobody_listens_without_signing_in(server):
    with stream(server[1]) as (status, _found):
        assert status == 403


def test_a_stream_ends_when_its_person_is_switched_off(server, alisa, olga):
    with stream(server[1], session_of(olga)) as (_status, found):
        assert found.get(timeout=SOON)["event"] == "position"
        services.deactivate(olga.pk, by=alisa)
        while (event := found.get(timeout=SOON)) is not None:
            assert event["topic"].startswith("staff.")


def test_the_server_stops_in_time_with_a_stream_open(server, olga):
    child, port = server
    with stream(port, session_of(olga)) as (_status, found):
        assert found.get(timeout=SOON)["event"] == "position"
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=8)
    assert child.returncode in (0, -signal.SIGTERM)


def test_only_ids_and_codes_pass_whatever_was_published(olga):
    row = Event(
        txid=7,
        pk=9,
        topic="x",
        payload={"id": 1, "ids": [1, 2], "code": "closed", "text": "я" * 65, "deep": {"a": 1}},
    )
    line = live.frame(row).decode()
    assert line.startswith("id: 7.9\ndata: ")
    assert json.loads(line.split("data: ", 1)[1])["payload"] == {"id": 1, "ids": [1, 2], "code": "closed"}
