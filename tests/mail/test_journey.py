"""A real mail comes in, a person answers, the answer stands in the customer's mailbox in the right thread."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Any

import pytest

from otklik.inbox.models import Conversation, Message
from otklik.inbox.services.reply import Answer, reply
from otklik.kernel import outbox, textindex
from tests.support.mailserver import MailServer

pytestmark = [pytest.mark.needs("postfix", "dovecot"), pytest.mark.django_db(transaction=True)]


def letter(sender: str, to: str, subject: str, text: str, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(localtime())
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def test_a_mail_becomes_a_conversation_and_the_answer_reaches_the_customer_in_its_thread(
    mail_server: MailServer, mailbox: Any, fetch: Callable[[], None], olga: Any
) -> None:
    anna = "anna@mail.test"
    mail_server.add_user(anna)
    address = mailbox.settings["address"]
    mail_server.deliver(
        letter(
            f"Анна Белова <{anna}>",
            address,
            "Холодильник",
            "Когда привезёте заказ?",
            Message_ID="<q1@mail.test>",
        ),
        [address],
    )
    mail_server.wait_for(address, 1)
    fetch()
    conversation = Conversation.objects.get()
    assert conversation.customer_name == "Анна Белова"
    assert textindex.search(olga.organisation_id, "message", "заказы привезти") == [conversation.pk]

    reply(conversation.pk, Answer(text="Анна, простите. Привезём завтра до 15:00.", client_key="k1"), by=olga)
    outbox.drain()

    mail_server.wait_for(anna, 1)
    answer = message_from_bytes(mail_server.mailbox(anna)[0])
    assert answer["In-Reply-To"] == "<q1@mail.test>"
    assert "<q1@mail.test>" in answer["References"]
    assert Message.objects.get(direction="out").delivery_state == "sent"

    back = letter(
        anna,
        address,
        "Re: Холодильник",
        "Спасибо, жду",
        Message_ID="<q2@mail.test>",
        In_Reply_To=answer["Message-ID"],
    )
    mail_server.deliver(back, [address])
    mail_server.wait_for(address, 2)
    fetch()
    assert Conversation.objects.count() == 1
    assert Message.objects.filter(conversation=conversation).count() == 3
