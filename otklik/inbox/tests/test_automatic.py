"""The one question before every automatic answer, and two programs that write to each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from otklik.channels import intake, pace
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import InboundKind, RawEvent
from otklik.inbox.models import Conversation, Message
from otklik.inbox.services import automatic
from otklik.inbox.tests.support import arrive, mail
from otklik.kernel import clock, outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(company: Any) -> ChannelAccount:
    return ChannelAccount.objects.create(
        organisation=company,
        kind="mail",
        name="Почта",
        settings={"address": "Shop@company.test"},
        created_at=clock.now(),
    )


def last(conversation: Conversation) -> Message:
    return Message.objects.filter(conversation=conversation, direction="in").latest("id")


def why(account: ChannelAccount, sender: str, **more: Any) -> str:
    return automatic.why_not(last(arrive(account, mail(sender, **more))))


def test_a_fresh_message_of_a_person_may_be_answered(mailbox: ChannelAccount) -> None:
    message = last(arrive(mailbox, mail("anna@mail.test")))
    assert automatic.may_answer_automatically(message)
    message.deleted_at = clock.now()
    assert automatic.why_not(message) == "deleted"


@pytest.mark.parametrize("auto", ["auto_reply", "bounce", "list", "own"])
def test_machines_get_no_automatic_answer(mailbox: ChannelAccount, auto: str) -> None:
    assert why(mailbox, "anna@mail.test", extra={"auto": auto}) == "robot"


def test_a_kind_that_is_automatic_gets_none_either(mailbox: ChannelAccount) -> None:
    assert why(mailbox, "anna@mail.test", kind=InboundKind.AUTO_REPLY) == "robot"


@pytest.mark.parametrize(
    "sender",
    [
        "noreply@bank.test",
        "no-reply+42@bank.test",
        "do_not_reply@bank.test",
        "MAILER-DAEMON@mx.test",
        "postmaster@mx.test",
        "bounces-1=a@list.test",
        "news-request@list.test",
        "unknown:abc",
    ],
)
def test_who_cannot_read_an_answer_gets_none(mailbox: ChannelAccount, sender: str) -> None:
    assert why(mailbox, sender) == "unreadable"


@pytest.mark.parametrize("sender", ["norbert@mail.test", "bouncer@mail.test", "ownership@mail.test"])
def test_a_person_with_an_unlucky_name_is_a_person(mailbox: ChannelAccount, sender: str) -> None:
    assert why(mailbox, sender) == ""


def test_our_own_mailboxes_do_not_answer_each_other(mailbox: ChannelAccount, company: Any) -> None:
    other = ChannelAccount.objects.create(
        organisation=company,
        kind="mail",
        name="Вторая",
        settings={"address": "second@company.test"},
        created_at=clock.now(),
    )
    assert why(mailbox, "second@company.test") == "own"
    assert why(other, "shop@company.test") == "own"


def test_an_old_mailbox_that_is_read_for_the_first_time_sets_off_nothing(mailbox: ChannelAccount) -> None:
    for number in range(pace.LIMIT + 5):
        at = clock.now() - timedelta(days=2, minutes=number)
        assert why(mailbox, "anna@mail.test", at=at) == "old"
    assert not pace.limited(mailbox.pk).exists()
    assert why(mailbox, "anna@mail.test") == ""


def test_our_own_messages_are_no_question(mailbox: ChannelAccount) -> None:
    conversation = arrive(mailbox, mail("anna@mail.test"))
    message = last(conversation)
    message.direction = "note"
    assert automatic.why_not(message) == "not_incoming"


def test_ping_pong_is_stored_and_shown_and_ends_after_the_limit(mailbox: ChannelAccount) -> None:
    """A far program that answers every automatic answer of ours, in a thread of its own each time or in one."""
    answered = 0
    for number in range(60):
        arrive(
            mailbox, mail("shopbot@other.test", f"Ваше письмо {number} получено", refs=("start@other.test",))
        )
        newest = Message.objects.filter(direction="in").latest("id")
        answered += automatic.may_answer_automatically(newest)
    assert answered == pace.LIMIT
    conversation = Conversation.objects.get()
    assert Message.objects.filter(conversation=conversation, direction="in").count() == 60
    notices = [one.event for one in Message.objects.filter(direction="system")]
    assert notices == [
        {"code": "conversation.flooded", "address": "shopbot@other.test", "limit": str(pace.LIMIT)}
    ]


def test_the_notice_is_read_in_the_thread_and_on_the_page_of_the_channel(
    mailbox: ChannelAccount, alisa: Any
) -> None:
    for number in range(pace.LIMIT + 3):
        conversation = arrive(mailbox, mail("bot@other.test", f"{number}", refs=("start@other.test",)))
    client = Client()
    client.force_login(alisa, backend="allauth.account.auth_backends.AuthenticationBackend")
    thread = client.get(reverse("inbox-thread", args=[conversation.pk])).content.decode()
    assert thread.count("bot@other.test пишет очень часто") == 1
    channel = client.get(reverse("channel", args=[mailbox.pk])).content.decode()
    assert "Пишут слишком часто" in channel
    assert "bot@other.test: 3 сообщения сверх предела" in channel


def test_a_thousand_threads_of_one_sender_do_not_get_a_thousand_notices(
    mailbox: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TOLD", 3)
    for number in range(pace.LIMIT + 10):
        arrive(mailbox, mail("bot@other.test", f"{number}"))
    assert Message.objects.filter(direction="system").count() == 3


@pytest.mark.parametrize("kind", ["import", "feed"])
def test_a_hundred_rows_of_one_author_in_a_file_or_feed_are_no_flood(company: Any, kind: str) -> None:
    account = ChannelAccount.objects.create(
        organisation=company, kind=kind, name="Файл", created_at=clock.now()
    )
    for number in range(pace.LIMIT + 5):
        arrive(account, mail("editors", f"{number}"))
    assert not Message.objects.filter(direction="system").exists()
    assert not pace.limited(account.pk).exists()


def test_mails_that_are_understood_together_are_counted_too(mailbox: ChannelAccount) -> None:
    """A flood in threads of its own each, fetched in one look, as from a real mailbox."""
    lines = ("From: bot@other.test", "To: shop@company.test", "Subject: Hello", "")
    raws = [
        RawEvent(
            f"k{number}",
            "\r\n".join((f"Message-ID: <{number}@other.test>", *lines, f"Письмо {number}")).encode(),
            "message/rfc822",
        )
        for number in range(pace.LIMIT + 10)
    ]
    intake.store(mailbox, raws)
    outbox.drain()
    incoming = Message.objects.filter(direction="in").order_by("id")
    assert incoming.count() == pace.LIMIT + 10
    assert Conversation.objects.count() == pace.LIMIT + 10
    assert Message.objects.filter(direction="system").count() == 10
    assert {automatic.why_not(one) for one in incoming} == {"too_often"}
