"""Connections that break, mails that cannot be fetched, waiting for mail: nothing lost, nothing blocked."""

from __future__ import annotations

import imaplib
import random
import threading
from collections.abc import Iterable

import pytest

from otklik.channels.mail import imap
from otklik.channels.mail.imap import MailIOError
from otklik.channels.mail.imap_link import Item, Link
from otklik.channels.mail.tests.io.conftest import Box, letter
from tests.support.mailserver import wait_until
from tests.support.proxy import Fault, Proxy


def poison(
    monkeypatch: pytest.MonkeyPatch, uids: Iterable[int], error: Exception, remain: int = 10**9
) -> dict[str, int]:
    """A server that fails on the bodies of these uids, `remain` times: no real one does so on demand."""
    bad, asked, fetch = set(uids), {"times": 0}, Link.fetch

    def broken(link: Link, wanted: list[int], parts: str) -> dict[int, Item]:
        if "BODY" in parts and bad & set(wanted) and asked["times"] < remain:
            asked["times"] += 1
            raise error
        return fetch(link, wanted, parts)

    monkeypatch.setattr(Link, "fetch", broken)
    return asked


@pytest.mark.parametrize(
    "error", [imaplib.IMAP4.error("NO [SERVERBUG]"), imaplib.IMAP4.abort("socket error: EOF")]
)
def test_a_mail_the_server_cannot_hand_over_is_owed_and_stops_nothing(
    box: Box, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    uids = box.give(*(letter(number) for number in range(6)))
    with monkeypatch.context() as patch:
        poison(patch, uids[2:3], error)
        page = box.pull()
        assert len(page.events) == 5
        assert box.cursor["INBOX"]["owed"] == [uids[2]]
        assert box.cursor["INBOX"]["uid"] == uids[-1]
        assert ("owed", f"Письмо {uids[2]} в папке «INBOX» сервер не отдал") in [
            (code, text.partition(":")[0]) for code, text in page.notices
        ]
        box.give(letter("new"))
        assert len(box.pull().events) == 1
        assert box.cursor["INBOX"]["owed"] == [uids[2]]
    assert [event.meta["uid"] for event in box.pull().events] == [uids[2]]
    assert box.cursor["INBOX"]["owed"] == []
    assert sorted(box.stored.values()) == sorted(box.server.mailbox(box.user))


def test_an_owed_mail_that_is_deleted_meanwhile_is_no_longer_owed(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = box.give(letter(1), letter(2))
    with monkeypatch.context() as patch:
        poison(patch, uids[:1], imaplib.IMAP4.error("NO"))
        box.pull()
    box.server.expunge(box.user, uids[:1])
    assert box.pull().events == ()
    assert box.cursor["INBOX"]["owed"] == []


def test_a_server_that_fails_on_every_mail_is_not_hammered_and_loses_nothing(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = box.give(*(letter(number) for number in range(12)))
    with monkeypatch.context() as patch:
        asked = poison(patch, uids, imaplib.IMAP4.abort("socket error: EOF"))
        page = box.pull()
        assert (page.events, page.more) == ((), False)
        assert asked["times"] <= 8
        assert box.cursor["INBOX"]["owed"] == uids[:3]
    box.pull_all()
    box.pull_all()
    assert sorted(box.stored.values()) == sorted(box.server.mailbox(box.user))


def test_a_failed_bulk_is_fetched_mail_by_mail(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    uids = box.give(*(letter(number) for number in range(5)))
    poison(monkeypatch, uids[:1], imaplib.IMAP4.error("NO"), remain=1)
    page = box.pull()
    assert len(page.events) == 5
    assert page.notices == ()


def test_connections_cut_at_random_bytes_lose_and_double_nothing(box: Box) -> None:
    seed = random.SystemRandom().randrange(10**6)
    rng = random.Random(seed)  # the seed stands in every message of failure
    box.server.deliver((letter(number, body="x" * 3000) for number in range(60)), to=[box.user])
    box.server.wait_for(box.user, 60)
    with Proxy(box.server.host, box.server.imap_port) as proxy:
        config = box.imap(port=proxy.port)
        proxy.next(*(Fault.random(rng, 50, 90_000) for _ in range(25)))
        refused = 0
        while len(box.stored) < 60 or box.cursor["INBOX"]["owed"]:
            try:
                box.pull_all(config)
            except MailIOError as error:
                assert not error.permanent, f"{error.code}: {error} (seed {seed})"
                refused += 1
            assert refused < 40, f"no progress (seed {seed})"
        assert len(proxy.seen) > 1
    assert sorted(box.stored.values()) == sorted(box.server.mailbox(box.user)), seed


def test_what_came_before_the_cut_is_kept_with_a_notice(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.give(*(letter(number, body="x" * 20_000) for number in range(20)))
    monkeypatch.setattr(imap, "BATCH_BYTES", 45_000)
    with Proxy(box.server.host, box.server.imap_port, always=Fault(refuse=True)) as proxy:
        proxy.next(Fault(cut_after_server=150_000))
        page = box.pull(box.imap(port=proxy.port))
    assert 0 < len(page.events) < 20
    assert page.notices[-1][0] == "connection_lost"
    box.pull_all()
    assert len(box.stored) == box.received == 20


def test_waiting_ends_as_soon_as_a_mail_arrives(box: Box) -> None:
    box.pull()
    heard: list[bool] = []
    waiter = threading.Thread(target=lambda: heard.append(imap.wait(box.imap(), "INBOX", 30, known_uid=0)))
    waiter.start()
    box.give(letter(1))
    waiter.join(10)
    assert heard == [True]


def test_waiting_notices_a_mail_that_came_between_pull_and_wait(box: Box) -> None:
    box.give(letter(1))
    box.pull()
    known = box.cursor["INBOX"]["uid"]
    assert imap.wait(box.imap(), "INBOX", 0.5, known_uid=known) is False
    box.give(letter(2))
    assert imap.wait(box.imap(), "INBOX", 30, known_uid=known) is True


def test_waiting_can_be_interrupted(box: Box) -> None:
    stop = threading.Event()
    heard: list[bool] = []
    waiter = threading.Thread(target=lambda: heard.append(imap.wait(box.imap(), "INBOX", 60, stop=stop)))
    waiter.start()
    stop.set()
    waiter.join(5)
    assert heard == [False]


def test_idle_is_issued_again_and_still_hears(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    issued, idle = [], Link.idle

    def counted(link: Link, *arguments: object) -> bool:
        issued.append(1)
        return idle(link, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Link, "idle", counted)
    heard: list[bool] = []
    config = box.imap(idle_seconds=0.3)
    waiter = threading.Thread(target=lambda: heard.append(imap.wait(config, "INBOX", 30)))
    waiter.start()
    wait_until(lambda: len(issued) >= 3, "IDLE was issued three times")
    box.give(letter(1))
    waiter.join(10)
    assert heard == [True]


def test_waiting_hears_over_tls_too(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    issued, idle = threading.Event(), Link.idle

    def noted(link: Link, *arguments: object) -> bool:
        issued.set()
        return idle(link, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Link, "idle", noted)
    config = box.imap(port=box.server.imaps_port, security="tls", ca_bundle=box.server.ca_bundle)
    heard: list[bool] = []
    waiter = threading.Thread(target=lambda: heard.append(imap.wait(config, "INBOX", 30)))
    waiter.start()
    assert issued.wait(10)
    box.give(letter("tls"))
    waiter.join(10)
    assert heard == [True]


def test_a_server_without_idle_is_polled(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Link, "can", lambda link, capability: False)
    heard: list[bool] = []
    config = box.imap(poll_seconds=0.1)
    waiter = threading.Thread(target=lambda: heard.append(imap.wait(config, "INBOX", 30, known_uid=0)))
    waiter.start()
    box.give(letter(1))
    waiter.join(10)
    assert heard == [True]
