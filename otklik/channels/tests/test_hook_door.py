"""The webhook door: what is signed is stored once, whatever comes in whatever number."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client
from standardwebhooks.webhooks import Webhook

from otklik.channels import intake, services
from otklik.channels.door import calls
from otklik.channels.models import ChannelAccount, RawEvent
from otklik.channels.protocol import RawEvent as Raw
from otklik.inbox.models import Message
from otklik.kernel import clock, outbox, space
from otklik.kernel.media import DiskFull

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four").decode()


@pytest.fixture
def hook(company, alisa) -> ChannelAccount:
    return services.connect("hook", "Сайт", {"signing_secret": SECRET, "visibility": "private"}, by=alisa)


def address(account: ChannelAccount) -> str:
    return f"/hooks/hook/{account.public_id}/{account.path_secret}"


def post(
    account: ChannelAccount,
    body: bytes,
    *,
    key: str = "msg_1",
    secret: str = SECRET,
    client: Client | None = None,
):
    now = datetime.fromtimestamp(int(clock.now().timestamp()), UTC)
    headers = {
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(key, now, body.decode("utf-8", "replace")),
    }
    return (client or Client()).post(address(account), body, content_type="application/json", headers=headers)


def letter(number: int = 1) -> bytes:
    return json.dumps(
        {"id": f"m{number}", "author": {"id": "u1", "name": "Анна"}, "text": "Где заказ?"}
    ).encode()


def test_a_signed_call_is_stored_and_becomes_a_message(hook) -> None:
    assert post(hook, letter()).json() == {"ok": True}
    outbox.drain()
    assert Message.objects.get().text == "Где заказ?"


def test_the_same_call_five_times_is_one_message(hook) -> None:
    assert [post(hook, letter()).status_code for _ in range(5)] == [200] * 5
    outbox.drain()
    assert (RawEvent.objects.count(), Message.objects.count()) == (1, 1)


def test_a_wrong_signature_is_refused_and_counted(hook) -> None:
    other = "whsec_" + base64.b64encode(b"another secret of ours!!").decode()
    answer = post(hook, letter(), secret=other)
    assert (answer.status_code, answer.json()) == (401, {"error": "not_verified"})
    hook.refresh_from_db()
    assert hook.refused == 1
    assert hook.refused_at is not None
    assert not RawEvent.objects.exists()


def test_an_unknown_address_a_paused_channel_and_a_wrong_path_look_the_same(hook, alisa) -> None:
    wrong = Client().post(address(hook)[:-3] + "xyz", letter(), content_type="application/json")
    services.switch(hook.pk, on=False, by=alisa)
    paused = post(hook, letter())
    assert {wrong.status_code, paused.status_code} == {404}
    assert wrong.json() == paused.json() == {"error": "not_found"}


def test_a_large_body_is_refused_before_it_is_read(hook, monkeypatch) -> None:
    monkeypatch.setattr(calls, "MAX_BODY", 100)
    said = post(hook, b"x" * 200)
    assert (said.status_code, said.json()) == (413, {"error": "too_large"})
    silent = Client().generic("POST", address(hook), b"x" * 200, content_type="text/plain", CONTENT_LENGTH="")
    assert silent.status_code in (401, 413)
    assert not RawEvent.objects.exists()


def test_after_a_new_secret_the_old_address_is_unknown(hook, alisa) -> None:
    old = address(hook)
    services.renew_hook(hook.pk, by=alisa)
    assert Client().post(old, letter(), content_type="application/json").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_same_events_in_parallel_are_one_row_each(hook) -> None:
    """Eight senders deliver ten events at the same moment; who hears "busy" comes again, as platforms do."""
    gate, answers = threading.Barrier(8), []

    def deliver() -> None:
        gate.wait(10)
        for number in range(10):
            for _attempt in range(200):
                status = post(hook, letter(number), key=f"msg_{number}", client=Client()).status_code
                if status == 200:
                    break
            answers.append(status)
        connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert answers == [200] * 80
    assert RawEvent.objects.filter(account=hook).count() == 10


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_is_said_to_the_caller_and_nothing_is_lost(hook, client, alisa) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the limit of pages is SQLite's; PostgreSQL's sentence is recognised in another test")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # pages that other tests have freed would be room
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    big = json.dumps({"id": "big", "author": {"id": "u"}, "text": "ё" * 20_000}, ensure_ascii=False).encode()
    try:
        answer = post(hook, big, key="big")
        assert (answer.status_code, answer.json()) == (507, {"error": "disk_full"})
        assert answer["Retry-After"] == "60"
        assert space.refused_since() is not None
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    assert not RawEvent.objects.exists(), "nothing half-stored"
    client.force_login(alisa)
    assert "Диск заполнен" in client.get("/operations/").content.decode()
    assert post(hook, big, key="big").status_code == 200, "the far end comes again"
    outbox.drain()
    assert Message.objects.get().text.startswith("ёё")
    assert space.refused_since() is None


def test_full_disks_of_both_databases_are_recognised() -> None:
    assert space.is_refusal(OperationalError("database or disk is full"))
    assert space.is_refusal(OperationalError('could not extend file "base/1/2": No space left on device'))
    assert not space.is_refusal(OperationalError("database is locked"))


def test_a_full_media_folder_stops_the_event_before_the_row(hook, monkeypatch) -> None:
    def full(content: bytes) -> str:
        raise DiskFull

    monkeypatch.setattr("otklik.kernel.media.put", full)
    with pytest.raises(DiskFull):
        intake.store(hook, [Raw("k", b"x" * (intake.INLINE_PAYLOAD + 1), "text/plain")])
    assert not RawEvent.objects.exists()
