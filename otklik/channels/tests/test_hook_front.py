"""The door in front of Django: calls that come together share a commit and hear each its own answer."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from standardwebhooks.webhooks import Webhook

from otklik.channels import intake, registry, services
from otklik.channels.door import calls, writer
from otklik.channels.door.front import Front
from otklik.channels.models import ChannelAccount, RawEvent
from otklik.kernel import database, media

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
pytestmark = pytest.mark.django_db(transaction=True)
Said = tuple[int, dict[str, Any], dict[str, str]]
NOTHING: Said = (0, {}, {})


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Django."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
def hook(company, alisa) -> ChannelAccount:
    return services.connect("hook", "Сайт", {"signing_secret": SECRET}, by=alisa)


@pytest.fixture
def front():
    made = Front(pages)
    yield made
    made.close()


def address(account: ChannelAccount) -> str:
    return f"/hooks/hook/{account.public_id}/{account.path_secret}"


def signed(key: str, body: bytes, secret: str = SECRET) -> list[tuple[bytes, bytes]]:
    now = datetime.now(UTC)  # the library looks at the wall clock itself
    return [
        (b"webhook-id", key.encode()),
        (b"Webhook-Timestamp", str(int(now.timestamp())).encode()),
        (b"webhook-signature", Webhook(secret).sign(key, now, body.decode()).encode()),
    ]


def letter(number: int = 1) -> bytes:
    return json.dumps({"id": f"m{number}", "author": {"id": "u1"}, "text": "Где заказ?"}).encode()


async def post(
    front: Front,
    path: str,
    body: bytes,
    *,
    headers: list[tuple[bytes, bytes]],
    method: str = "POST",
    pieces: int = 1,
    hang_up: bool = False,
) -> Said:
    """What the far end hears."""
    size = max(1, -(-len(body) // pieces))
    parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    arriving = [
        {"type": "http.request", "body": part, "more_body": hang_up or number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
    heard: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return arriving.pop(0) if arriving else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        heard.append(message)

    await front({"type": "http", "method": method, "path": path, "headers": headers}, receive, send)
    if not heard:
        return NOTHING
    names = {name.decode(): value.decode() for name, value in heard[0]["headers"]}
    return heard[0]["status"], json.loads(heard[1]["body"]), names


def together(*said: Callable[[], Awaitable[Said]]) -> list[Said]:
    async def all_of_them() -> list[Said]:
        return await asyncio.gather(*(one() for one in said))

    return asyncio.run(all_of_them())


def one(front: Front, path: str, body: bytes, **how: Any) -> Said:
    return asyncio.run(post(front, path, body, **how))


def test_a_signed_call_is_stored_before_it_is_answered(front, hook) -> None:
    status, said, headers = one(front, address(hook), letter(), headers=signed("k", letter()), pieces=3)
    assert (status, said, headers["content-type"]) == (200, {"ok": True}, "application/json")
    assert bytes(RawEvent.objects.get(key="k").payload) == letter()


def test_calls_that_come_together_hear_each_its_own_answer(front, hook) -> None:
    good = [(f"k{number}", letter(number)) for number in range(20)]
    answers = together(
        *(
            lambda key=key, body=body: post(front, address(hook), body, headers=signed(key, body))
            for key, body in good
        ),
        lambda: post(front, address(hook), b"{}", headers=signed("bad", b"{}", "whsec_" + "B" * 32)),
        lambda: post(front, address(hook) + "x", b"{}", headers=signed("k", b"{}")),
        lambda: post(front, address(hook), b"{}", headers=signed("k0", b"{}")),  # the same key again
    )
    assert [said[0] for said in answers] == [200] * 20 + [401, 404, 200]
    assert RawEvent.objects.filter(account=hook).count() == 20
    hook.refresh_from_db()
    assert hook.refused == 1


def test_what_waits_is_stored_by_one_commit(hook) -> None:
    waiting = [_call(hook, f"k{number}", letter(number)) for number in range(30)]
    with CaptureQueriesContext(connection) as captured:
        answers = calls.answer(waiting)
    assert answers == [calls.STORED] * 30
    assert RawEvent.objects.count() == 30
    assert sum('INSERT INTO "channels_rawevent"' in query["sql"] for query in captured) == 1
    assert len(captured) <= 12, "statements of 30 calls"


def test_one_that_does_not_fit_on_the_disk_fails_alone(hook, monkeypatch) -> None:
    def full(content: bytes) -> str:
        raise media.DiskFull

    monkeypatch.setattr("otklik.kernel.media.put", full)
    large = b"x" * (intake.INLINE_PAYLOAD + 1)
    waiting = [_call(hook, "k1", letter(1)), _call(hook, "large", large), _call(hook, "k2", letter(2))]
    assert calls.answer(waiting) == [calls.STORED, calls.FULL, calls.STORED]
    assert set(RawEvent.objects.values_list("key", flat=True)) == {"k1", "k2"}


def test_one_that_makes_the_adapter_fail_fails_alone(hook, monkeypatch) -> None:
    adapter: Any = registry.adapter("hook")
    verify = adapter.verify

    def odd(config: dict[str, Any], headers: dict[str, str], body: bytes) -> Any:
        if body == b"odd":
            raise LookupError
        return verify(config, headers, body)

    monkeypatch.setattr(adapter, "verify", odd)
    waiting = [_call(hook, "k1", letter(1)), _call(hook, "odd", b"odd")]
    assert calls.answer(waiting) == [calls.STORED, calls.BROKEN]
    assert RawEvent.objects.count() == 1


def test_a_database_that_is_away_is_asked_once_for_all(hook, monkeypatch) -> None:
    asked = []

    def away(parts: Any, **how: Any) -> int:
        asked.append(parts)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(intake, "store_together", away)
    waiting = [_call(hook, f"k{number}", letter(number)) for number in range(5)]
    assert calls.answer(waiting) == [calls.BUSY] * 5
    assert len(asked) == 1


def test_a_large_body_is_refused_without_being_read(front, hook, monkeypatch) -> None:
    monkeypatch.setattr(calls, "MAX_BODY", 100)
    said = [(b"content-length", b"101")]
    status, _, headers = one(front, address(hook), b"", headers=said, hang_up=True)
    assert (status, headers["connection"]) == (413, "close")
    assert one(front, address(hook), b"x" * 101, headers=[], pieces=5)[0] == 413


def test_a_body_that_breaks_off_is_no_event(front, hook) -> None:
    assert one(front, address(hook), letter(), headers=signed("k", letter()), hang_up=True) == NOTHING
    assert not RawEvent.objects.exists()


def test_more_than_can_wait_hears_busy(front, hook, monkeypatch) -> None:
    monkeypatch.setattr(writer, "WAITING", 3)
    answers = together(
        *(
            lambda n=n: post(front, address(hook), letter(n), headers=signed(f"k{n}", letter(n)))
            for n in range(5)
        )
    )
    assert [said[0] for said in answers] == [200, 200, 200, 503, 503]
    assert answers[-1][2]["retry-after"] == "5"


@pytest.mark.parametrize("path", ["/inbox/", "/hooks/hook/no-number/secret", "/hooks/hook/"])
def test_everything_else_is_left_to_the_pages(front, path) -> None:
    assert one(front, path, b"", headers=[])[0] == 299


def test_looking_at_the_address_is_left_to_the_pages(front, hook) -> None:
    assert one(front, address(hook), b"", headers=[], method="GET")[0] == 299


def test_whoever_waits_for_a_turn_too_long_is_told_and_changes_nothing(hook) -> None:
    """SQLite has one writer: another one holds it here for as long as the door is ready to wait."""
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL nobody waits for a turn")
    held, go = threading.Event(), threading.Event()

    def other() -> None:
        with transaction.atomic():
            ChannelAccount.objects.filter(pk=hook.pk).update(poll_every=61)
            held.set()
            go.wait(20)
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(20)
    with pytest.raises(OperationalError, match="locked"), database.turn(patience=0.05):
        raise AssertionError("it is not our turn")
    go.set()
    thread.join(20)
    with database.turn():
        ChannelAccount.objects.filter(pk=hook.pk).update(poll_every=62)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (20_000,), "others wait as long as before"
    hook.refresh_from_db()
    assert hook.poll_every == 62


def _call(account: ChannelAccount, key: str, body: bytes) -> calls.Call:
    headers = (
        {name.decode().lower(): value.decode() for name, value in signed(key, body)} if body != b"odd" else {}
    )
    return calls.Call("hook", account.public_id, account.path_secret, headers, body)
