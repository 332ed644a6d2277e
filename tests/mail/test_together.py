"""Mails understood several in one transaction become the same as one by one, whatever the order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bench.mails import mails
from otklik.accounts.models import Organisation
from otklik.channels import intake
from otklik.channels.mail.adapter import MailAdapter
from otklik.channels.mail.engine.parse import raw_key
from otklik.channels.models import ChannelAccount, RawEvent
from otklik.channels.protocol import RawEvent as Raw
from otklik.inbox.models import Conversation, Message
from otklik.kernel import clock, outbox, textindex

COUNT = 60


def _mailbox(company: Any) -> ChannelAccount:
    return ChannelAccount.objects.create(
        organisation=company,
        kind="mail",
        name="Почта",
        settings={"address": "care@sever-tehnika.example"},
        created_at=clock.now(),
    )


def _picture(account: ChannelAccount) -> list[tuple[Any, ...]]:
    """Every conversation with all that came of its mails, in a form two mailboxes can be compared in."""
    shown = []
    for talk in Conversation.objects.filter(account=account).order_by("created_at", "subject"):
        rows = Message.objects.filter(conversation=talk).order_by("occurred_at", "wire_id")
        messages = [
            (one.wire_id, one.text, one.quoted, one.subject, one.problems, one.recipients, one.references,
             sorted(one.attachments.values_list("filename", "size", "digest")))
            for one in rows
        ]  # fmt: skip
        shown.append(
            (
                talk.subject, talk.customer_name, talk.state, talk.waiting_since, talk.message_count, talk.preview,
                sorted(talk.thread_keys.values_list("key", "own")),
                sorted(talk.participants.values_list("address", flat=True)),
                talk.last_message_id == rows[len(rows) - 1].pk,
                talk.last_inbound_at,
                messages,
            )
        )  # fmt: skip
    return shown


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mails_together_and_one_by_one_give_the_same(company: Any, monkeypatch: Any, seed: int) -> None:
    arrived = [Raw(raw_key(raw), raw, "message/rfc822", "INBOX") for raw in mails(COUNT, seed)]
    if seed > 1:
        random.Random(seed).shuffle(arrived)  # answers before the mails they answer
    together = _mailbox(company)
    intake.store(together, arrived)
    outbox.drain()

    monkeypatch.setattr(MailAdapter, "bulk", False)
    other = Organisation.objects.create(name="Другая", created_at=clock.now())
    alone = _mailbox(other)
    intake.store(alone, arrived)
    outbox.drain()

    assert set(RawEvent.objects.values_list("state", flat=True)) == {"parsed"}
    assert Message.objects.filter(account=together).count() == COUNT
    assert _picture(together) == _picture(alone)
    found = textindex.search(company.pk, "message", "холодильника")
    assert found and len(found) == len(textindex.search(other.pk, "message", "холодильника") or [])
