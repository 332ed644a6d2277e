"""Nothing lost, nothing doubled on the way out, counted in the customer's mailbox on a real Postfix and Dovecot."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest

from otklik.channels import delivery, services
from otklik.channels.models import Delivery
from otklik.inbox.models import Conversation
from otklik.inbox.services.reply import Answer, reply
from otklik.kernel import clock, outbox
from otklik.kernel.models import Outbox
from tests.mail.conftest import fetch, mail_server, mailbox  # noqa: F401 fixtures
from tests.mail.test_journey import letter
from tests.support import children
from tests.support.mailserver import MailServer
from tests.support.proxy import Fault, Proxy

pytestmark = [
    pytest.mark.faults,
    pytest.mark.needs("postfix", "dovecot"),
    pytest.mark.django_db(transaction=True),
]

ANSWERS = 60
KILLS = 50


@pytest.fixture
def conversation(mail_server: MailServer, mailbox: Any, fetch: Callable[[], None]) -> Conversation:  # noqa: F811
    """A customer's mail that waits for answers."""
    customer = "faults@mail.test"
    mail_server.add_user(customer)
    mail_server.deliver(
        letter(customer, mailbox.settings["address"], "Вопрос", "Где заказ?", Message_ID="<start@mail.test>"),
        [mailbox.settings["address"]],
    )
    mail_server.wait_for(mailbox.settings["address"], 1)
    fetch()
    return Conversation.objects.get()


def _copies(server: MailServer, before: int = 0) -> Counter[str]:
    ids = [
        str(message_from_bytes(raw)["Message-ID"]).strip("<>") for raw in server.mailbox("faults@mail.test")
    ]
    return Counter(ids[before:])


def test_kill_minus_nine_while_sending_never_makes_a_second_copy_and_loses_no_answer(
    mail_server: MailServer,  # noqa: F811
    conversation: Conversation,
    olga: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(children.seed())
    before = len(mail_server.mailbox("faults@mail.test"))
    for number in range(ANSWERS):
        reply(conversation.pk, Answer(text=f"Ответ {number}", client_key=f"k{number}"), by=olga)
    monkeypatch.setattr(outbox, "LEASE", 0.3)
    monkeypatch.setattr(delivery, "CRASH_AFTER", 0.2)
    monkeypatch.setattr(outbox.Later, "__init__", _short_wait)

    hit = children.kill_at_random_moments(outbox.drain, kills=KILLS, shortest=0.005, longest=0.12, rng=rng)

    def rest() -> None:
        for _ in range(2000):
            Outbox.objects.filter(state="ready").update(run_after=clock.ago(1))
            Delivery.objects.filter(state="queued").update(due_at=clock.ago(1))
            if not outbox.drain() and not Outbox.objects.filter(state="ready").exists():
                return

    children.finish(rest)
    states = Counter(Delivery.objects.values_list("state", flat=True))
    print(f"kills {hit}, states {dict(states)}")
    assert hit > 0
    assert sum(states.values()) == ANSWERS
    assert set(states) <= {"sent", "uncertain"}  # none stuck in sending, none failed
    sent = set(Delivery.objects.filter(state="sent").values_list("idempotency_key", flat=True))
    mail_server.wait_for("faults@mail.test", before + len(sent))
    copies = _copies(mail_server, before)
    assert max(copies.values()) == 1
    assert sent <= set(copies)


def _short_wait(self: outbox.Later, seconds: float) -> None:
    Exception.__init__(self, "soon")
    self.seconds = min(seconds, 0.05)


def test_the_far_end_accepts_and_then_cuts_the_connection_and_no_second_copy_goes_out(
    mail_server: MailServer,  # noqa: F811
    mailbox: Any,  # noqa: F811
    conversation: Conversation,
    alisa: Any,
    olga: Any,
) -> None:
    before = len(mail_server.mailbox("faults@mail.test"))
    with Proxy(
        mail_server.host, mail_server.submission_port, always=Fault(lose_answer_to=b"\r\n.\r\n")
    ) as proxy:
        config = {**mailbox.settings, "smtp_host": "127.0.0.1", "smtp_port": proxy.port}
        services.change(mailbox.pk, by=alisa, config=config)
        reply(conversation.pk, Answer(text="Один раз", client_key="once"), by=olga)
        outbox.drain()
        outbox.drain()
    mail_server.wait_for("faults@mail.test", before + 1)
    assert len(mail_server.mailbox("faults@mail.test")) == before + 1
    uncertain = Delivery.objects.get(message_id=conversation.messages.get(direction="out").pk)
    assert uncertain.state == "uncertain"
    conversation.refresh_from_db()
    assert conversation.trouble == "uncertain"
    assert conversation.state == "open"
