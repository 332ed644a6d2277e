"""A real Postfix and Dovecot for this folder. Without them: skipped with the reason, a failure in CI."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from otklik.channels.mail import imap
from otklik.channels.mail.imap import ImapConfig
from otklik.channels.mail.smtp import SmtpConfig
from otklik.channels.protocol import PullPage
from tests.support.mailserver import MailServer, available, short_dir

NOW = datetime.now(UTC)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    reason = available()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"mail servers are required in CI: {reason}")
    if reason:
        pytest.skip(reason)
    with MailServer(short_dir("mail")) as server:
        yield server


@dataclass
class Box:
    """One user's mailbox and our store of it: events by key, as the storing layer keeps them."""

    server: MailServer
    user: str
    password: str
    stored: dict[str, bytes] = field(default_factory=dict)
    received: int = 0
    cursor: dict[str, Any] = field(default_factory=dict)
    notices: list[tuple[str, str]] = field(default_factory=list)

    def imap(self, **changes: Any) -> ImapConfig:
        values = {
            "host": self.server.host,
            "port": self.server.imap_port,
            "security": "none",
            "timeout": 10.0,
        }
        values |= {"user": self.user, "secret": self.password, "backfill_days": None}
        return ImapConfig(**{**values, **changes})

    def smtp(self, **changes: Any) -> SmtpConfig:
        values = {"host": self.server.host, "port": self.server.submission_port, "security": "none"}
        values |= {"user": self.user, "secret": self.password, "timeout": 10.0}
        return SmtpConfig(**{**values, **changes})

    def pull(self, config: ImapConfig | None = None, **options: Any) -> PullPage:
        """One page, stored as the real storing layer would: cursor and events together, once by key."""
        page = imap.pull(config or self.imap(), self.cursor, key_of=key_of, now=NOW, **options)
        self.stored.update({event.key: event.payload for event in page.events})
        self.received += len(page.events)
        self.cursor = page.cursor
        self.notices += page.notices
        return page

    def pull_all(self, config: ImapConfig | None = None, **options: Any) -> list[PullPage]:
        pages = [self.pull(config, **options)]
        while pages[-1].more:
            pages.append(self.pull(config, **options))
        return pages

    def give(self, *mails: bytes) -> list[int]:
        """Deliver by SMTP and wait until they are there; all uids of the inbox."""
        before = len(self.server.uids(self.user))
        self.server.deliver(mails, to=[self.user])
        return self.server.wait_for(self.user, before + len(mails))


def key_of(raw: bytes) -> str:
    """Stands in for the engine's raw key: equal bytes, equal key."""
    return hashlib.sha256(raw).hexdigest()


def letter(number: int | str, body: str = "", **headers: str) -> bytes:
    """A small Russian mail with its own Message-ID."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Message-ID: <{number}@client.test>", f"Subject: Order {number}", "From: client@mail.test"]
    lines += [
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return ("\r\n".join([*lines, "", body or f"Где мой заказ {number}?"]) + "\r\n").encode()


@pytest.fixture
def new_box(mail_server: MailServer) -> Callable[..., Box]:
    def make(password: str = "pass word", **options: Any) -> Box:
        user = f"care{next(_numbers)}.{os.getpid()}@shop.test"
        mail_server.add_user(user, password, **options)
        return Box(mail_server, user, password)

    return make


@pytest.fixture
def box(new_box: Callable[..., Box]) -> Box:
    return new_box()
