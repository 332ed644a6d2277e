"""Five hundred mails through real SMTP and IMAP into the inbox: each once, every thread whole."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest

from bench.mails import mails
from otklik.inbox.models import Conversation, Message
from tests.support.mailserver import MailServer

COUNT = 500


def _threads(raws: list[bytes]) -> set[frozenset[str]]:
    """Which ids belong together, by the headers alone."""
    home: dict[str, set[str]] = {}
    for raw in raws:
        mail = message_from_bytes(raw)
        names = {
            mail["Message-ID"].strip("<>"),
            *(one.strip("<>") for one in (mail["References"] or "").split()),
        }
        joined = set().union(names, *(home[name] for name in names if name in home))
        home.update(dict.fromkeys(joined, joined))
    return {frozenset(ids) for ids in home.values()}


@pytest.mark.timeout(240)
def test_five_hundred_mails_of_a_real_client_arrive_once_each_in_whole_threads(
    mail_server: MailServer, mailbox: Any, fetch: Callable[[], None]
) -> None:
    sent = list(mails(COUNT, seed=11))
    address = mailbox.settings["address"]
    mail_server.deliver(sent, [address])
    mail_server.wait_for(address, COUNT)
    for _ in range(COUNT // 50):
        fetch()
        if Message.objects.count() >= COUNT:
            break
    fetch()  # once more: nothing comes twice

    assert Message.objects.count() == COUNT
    assert len(set(Message.objects.values_list("wire_id", flat=True))) == COUNT
    stored = {
        frozenset(Message.objects.filter(conversation=talk).values_list("wire_id", flat=True))
        for talk in Conversation.objects.all()
    }
    assert stored == _threads(sent)
