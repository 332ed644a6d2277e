"""A disk that is full while a real mailbox is full of new mail: said in a sentence, nothing lost, on by itself."""

from __future__ import annotations

import random
import resource
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from otklik.channels import polling
from otklik.channels.models import ChannelAccount, RawEvent
from otklik.inbox.models import Attachment, Message
from otklik.kernel import clock, outbox, periodic, space
from otklik.kernel.models import Outbox, PeriodicJob
from tests.mail.conftest import fetch, mail_server, mailbox  # noqa: F401 fixtures
from tests.mail.test_journey import letter
from tests.support import children
from tests.support.mailserver import MailServer

pytestmark = [
    pytest.mark.faults,
    pytest.mark.needs("postfix", "dovecot"),
    pytest.mark.django_db(transaction=True),
]

SMALL, LARGE = 60, 3
ROOM = 12 << 20  # bytes one file may have: more than the database of this test, less than a large mail
SENTENCE = "Диск заполнен. Ничего не потеряно"


@pytest.fixture
def address(mail_server: MailServer, mailbox: ChannelAccount) -> str:  # noqa: F811
    """The mailbox, full of new mail that nobody has fetched yet."""
    address = str(mailbox.settings["address"])
    rng = random.Random(children.seed())
    mails = [
        letter(
            f"client{number % 7}@mail.test",
            address,
            f"Заказ {number}",
            f"Где мой заказ {number}? " + "Жду. " * rng.randint(10, 3000),
            Message_ID=f"<full{number}.{address}>",
        )
        for number in range(SMALL)
    ]
    mail_server.deliver(mails, [address])
    mail_server.wait_for(address, SMALL)
    return address


@contextmanager
def full_database() -> Iterator[None]:
    """Not one page more than there are."""
    if connection.vendor != "sqlite":
        pytest.skip(
            "the limit of pages is SQLite's; PostgreSQL's sentence is recognised in test_hook_door.py"
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # pages that other tests have freed would be room
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow above ROOM, as on a volume that is nearly full; the signal is ignored, the write fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def look(account: ChannelAccount) -> ChannelAccount:
    polling.poll({"account_id": account.pk})
    account.refresh_from_db()
    return account


def work() -> None:
    """What waits for a moment, now."""
    for _ in range(20):
        Outbox.objects.filter(state="ready").update(run_after=clock.ago(1))
        if not outbox.drain():
            return


def shown(person: Any, path: str) -> str:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.get(path).content.decode()


def assert_whole(account: ChannelAccount, number: int) -> None:
    """Every mail once, as the server has them; the cursor at the last one; nothing given up."""
    found = Counter(
        Message.objects.filter(account=account, direction="in").values_list("external_id", flat=True)
    )
    assert len(found) == number
    assert set(found.values()) == {1}
    assert RawEvent.objects.filter(account=account, state="parsed").count() == number
    assert not Outbox.objects.exclude(state="done").exists()
    account.refresh_from_db()
    assert account.cursor["INBOX"]["uid"] >= number
    assert account.cursor["INBOX"]["owed"] == []
    assert (account.error, account.failing_since) == ("", None)
    assert space.refused_since() is None


def test_a_full_database_keeps_the_cursor_says_so_and_goes_on_by_itself(
    mailbox: ChannelAccount,  # noqa: F811
    address: str,
    alisa: Any,
) -> None:
    before = mailbox.cursor
    with full_database():
        for _ in range(3):
            look(mailbox)
        assert mailbox.cursor == before
        assert not RawEvent.objects.exists(), "nothing half-stored"
        assert space.refused_since() is not None
        assert SENTENCE in shown(alisa, f"/channels/{mailbox.pk}/")
        assert "Диск заполнен" in shown(alisa, "/operations/")
    look(mailbox)
    assert mailbox.error == ""
    work()
    assert_whole(mailbox, SMALL)
    assert SENTENCE not in shown(alisa, f"/channels/{mailbox.pk}/")


def test_a_database_that_fills_up_while_mails_are_understood_loses_and_doubles_none(
    mailbox: ChannelAccount,  # noqa: F811
    address: str,
    alisa: Any,
) -> None:
    look(mailbox)
    assert RawEvent.objects.filter(state="new").count() == SMALL
    with full_database():
        for _ in range(15):  # more often than work is tried that is at fault itself
            _try_to_work()
        assert not Outbox.objects.filter(state="dead").exists()
        assert not RawEvent.objects.filter(state="failed").exists(), "no mail is at fault"
        assert Message.objects.count() < SMALL
        assert SENTENCE in shown(alisa, f"/channels/{mailbox.pk}/")
    work()
    look(mailbox)
    assert_whole(mailbox, SMALL)


def _try_to_work() -> None:
    """A sweep of the worker; on a full disk even its own notes may be refused, as the loop around it allows for."""
    try:
        Outbox.objects.filter(state="ready").update(run_after=clock.ago(1))
        outbox.drain()
    except Exception as error:
        if not space.is_refusal(error):
            raise


def test_the_clockwork_survives_a_full_database_and_plans_the_look_once_there_is_room(
    mailbox: ChannelAccount,  # noqa: F811
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even the intent to look can be written; the look comes when it can."""
    ChannelAccount.objects.filter(pk=mailbox.pk).update(poll_due_at=clock.ago(1))
    monkeypatch.setattr(periodic, "_jobs", {})
    periodic.every(0.0, "channels.poll", _plan_much)
    with full_database():
        for _ in range(5):
            try:
                periodic.tick()
            except Exception as error:
                assert space.is_refusal(error)
        assert not Outbox.objects.filter(topic=polling.TOPIC).exists()
    monkeypatch.setattr(periodic, "_jobs", {})
    periodic.every(0.0, "channels.poll", polling.plan_due)
    PeriodicJob.objects.update(next_at=clock.ago(1))
    periodic.tick()
    work()
    assert_whole(mailbox, SMALL)


def _plan_much() -> None:
    """Fills what little room the last pages still have, then plans as always."""
    Outbox.objects.bulk_create(
        Outbox(
            topic="none",
            key=f"fill{number}",
            payload={"x": "x" * 3000},
            run_after=clock.now(),
            created_at=clock.now(),
        )
        for number in range(50)
    )
    polling.plan_due()


def test_a_large_mail_that_finds_no_room_for_its_files_holds_the_place_until_there_is(
    mailbox: ChannelAccount,  # noqa: F811
    mail_server: MailServer,  # noqa: F811
    address: str,
    alisa: Any,
) -> None:
    look(mailbox)
    work()
    assert Message.objects.count() == SMALL
    reached = mailbox.cursor
    for number in range(LARGE):
        mail_server.deliver(_large(address, number), [address])
    mail_server.wait_for(address, SMALL + LARGE)
    with full_disk():
        for _ in range(3):
            look(mailbox)
        assert mailbox.cursor == reached
        assert mailbox.error_code == "disk_full"
        assert mailbox.error.startswith(SENTENCE)
        assert mailbox.failing_since is not None
        assert RawEvent.objects.count() == SMALL
        assert SENTENCE in shown(alisa, f"/channels/{mailbox.pk}/")
    look(mailbox)
    work()
    assert_whole(mailbox, SMALL + LARGE)
    assert sorted(Attachment.objects.values_list("size", flat=True)) == [
        ROOM + number for number in range(LARGE)
    ]


def _large(address: str, number: int) -> bytes:
    """A mail with a file just above what fits."""
    return _with_file(address, f"large{number}", random.Random(number).randbytes(ROOM + number))


def _with_file(address: str, name: str, content: bytes) -> bytes:
    plain = letter("files@mail.test", address, "Фото", "Вот", Message_ID=f"<{name}.{address}>")
    mail: Any = message_from_bytes(plain, policy=policy.default)
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=f"{name}.bin")
    return bytes(mail.as_bytes())


def test_no_folder_for_a_file_is_no_room_either(
    mailbox: ChannelAccount,  # noqa: F811
    mail_server: MailServer,  # noqa: F811
    settings: Any,
    fetch: Callable[[], None],  # noqa: F811
    tmp_path: Any,
) -> None:
    """The folder itself cannot be made: the mail is not at fault and waits."""
    address = str(mailbox.settings["address"])
    mail_server.deliver(_with_file(address, "small", b"x" * 1000), [address])
    mail_server.wait_for(address, 1)
    (tmp_path / "flat").write_bytes(b"")
    root, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "flat" / "media"
    fetch()
    assert RawEvent.objects.get().state == "new"
    assert not Outbox.objects.filter(state="dead").exists()
    settings.MEDIA_ROOT = root
    work()
    assert RawEvent.objects.get().state == "parsed"
    assert Attachment.objects.get().size == 1000
