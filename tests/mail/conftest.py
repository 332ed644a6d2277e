"""A company with a real mailbox on a real Postfix and Dovecot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from otklik.channels import services as channels
from otklik.kernel import clock, outbox
from tests.support.mailserver import MailServer, available, short_dir


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    with MailServer(short_dir("journey")) as server:
        yield server


_numbers = iter(range(1, 100_000))


@pytest.fixture
def mailbox(mail_server: MailServer, alisa: Any) -> Any:
    """The company's mailbox, connected as an administrator would."""
    address = f"care{next(_numbers)}@shop.test"
    mail_server.add_user(address, "secret")
    config = {
        "address": address,
        "sender_name": "Север-Техника",
        "imap_host": mail_server.host,
        "imap_port": mail_server.imap_port,
        "imap_security": "none",
        "smtp_host": mail_server.host,
        "smtp_port": mail_server.submission_port,
        "smtp_security": "none",
        "password": "secret",
        "backfill_days": 30,
    }
    return channels.connect("mail", "Почта", config, by=alisa)


@pytest.fixture
def fetch(mailbox: Any) -> Callable[[], None]:
    """Ask the mailbox and work everything that follows, as the worker does."""
    from otklik.channels import polling

    def run() -> None:
        mailbox.refresh_from_db()
        mailbox.poll_due_at = clock.now()
        mailbox.save(update_fields=["poll_due_at"])
        polling.ask_now(mailbox)
        outbox.drain()

    return run


def missing_parts() -> str:
    return available()
