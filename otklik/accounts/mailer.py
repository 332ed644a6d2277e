"""Mail of the system itself: invitations, passwords, notices. Goes through the outbox, so a dead server loses nothing.

Without EMAIL_URL nothing is sent; screens show the link instead.
"""

from __future__ import annotations

import smtplib
import ssl
import uuid
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.db import transaction

from otklik.kernel import clock, outbox, secrets

TOPIC = "mail.system"
TIMEOUT = 30.0  # seconds for one step of the conversation with the server
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ClearPassword(Exception):
    """The server offers no encryption and we were about to send a password."""


def enabled() -> bool:
    """Whether letters of the system can go out at all."""
    return bool(settings.EMAIL_URL)


def absolute(path: str) -> str:
    """A link that works outside: SITE_URL and the path."""
    return f"{settings.SITE_URL}{path}"


@transaction.atomic
def queue(to: str, subject: str, text: str, *, organisation_id: int | None = None) -> bool:
    """Write the letter into the outbox, in the caller's transaction if there is one; False without EMAIL_URL.

    The letter may hold a link that opens an account: it lies in the outbox encrypted.
    """
    if not enabled():
        return False
    sealed = secrets.seal({"to": to, "subject": " ".join(subject.split()), "text": text})
    outbox.put(TOPIC, f"{TOPIC}:{uuid.uuid4()}", {"sealed": sealed}, organisation_id=organisation_id)
    return True


def deliver(payload: dict[str, Any]) -> None:
    """Outbox handler: hand one letter to the server of EMAIL_URL; a failure is repeated by the outbox."""
    letter = secrets.unseal(payload["sealed"])
    if not enabled():
        return  # switched off since: the screens show links again
    message = EmailMessage()
    message["From"] = sender()
    message["To"] = letter["to"]
    message["Subject"] = letter["subject"]
    message["Date"] = formatdate(clock.now().timestamp())
    message["Message-ID"] = make_msgid(domain=urlsplit(settings.SITE_URL).hostname or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter["text"])
    _send(message)


def sender() -> str:
    """`?from=` of EMAIL_URL, else its user when that is an address, else otklik@ the host of SITE_URL."""
    parts = urlsplit(settings.EMAIL_URL)
    given = parse_qs(parts.query).get("from", [""])[0]
    user = unquote(parts.username or "")
    return given or (user if "@" in user else f"otklik@{urlsplit(settings.SITE_URL).hostname or 'localhost'}")


def _send(message: EmailMessage) -> None:
    parts = urlsplit(settings.EMAIL_URL)
    host = parts.hostname or "localhost"
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
    with server:
        server.ehlo()
        encrypted = parts.scheme == "smtps"
        if not encrypted and server.has_extn("starttls") and host not in LOOPBACK:
            server.starttls(context=context)
            server.ehlo()
            encrypted = True
        if parts.username:
            if not encrypted and host not in LOOPBACK:
                raise ClearPassword("the mail server offers no encryption: use smtps:// or another server")
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
