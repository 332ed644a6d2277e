"""Letters of the system: through the outbox to a real socket, encrypted while they wait."""

from __future__ import annotations

import email
import socketserver
import threading
from email.policy import default
from typing import Any

import pytest

from otklik.accounts import mailer, services
from otklik.kernel import outbox, secrets
from otklik.kernel.models import Outbox, OutboxState


class _Server(socketserver.ThreadingTCPServer):
    letters: list[Any]


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self):
        self.wfile.write(b"220 fake\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b""
                while (row := self.rfile.readline()) != b".\r\n":
                    body += row
                self.server.letters.append(email.message_from_bytes(body, policy=default))
            if word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def letters(settings):
    """The letters a mail server on loopback has received."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.letters = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_URL = f"smtp://127.0.0.1:{server.server_address[1]}?from=care@shop.test"
        yield server.letters
        server.shutdown()


def test_an_invitation_goes_out_by_mail_and_its_link_waits_encrypted(alisa, letters):
    _row, link = services.invite(by=alisa, email="new@shop.test", name="", roles=["operator"])
    assert link not in str(list(Outbox.objects.values()))
    outbox.drain()
    (letter,) = letters
    assert (letter["to"], letter["from"]) == ("new@shop.test", "care@shop.test")
    assert link in letter.get_content()
    assert "Север-Техника" in letter["subject"]


def test_a_forgotten_password_sends_a_link_that_works(olga, client, letters):
    client.post("/accounts/password/reset/", {"email": olga.email})
    outbox.drain()
    (letter,) = letters
    path = next(word for word in letter.get_content().split() if "/accounts/password/reset/key/" in word)
    assert client.get(path[path.index("/accounts/") :], follow=True).status_code == 200


def test_a_dead_mail_server_loses_nothing(alisa, settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    services.invite(by=alisa, email="new@shop.test", name="", roles=["operator"])
    outbox.drain()
    row = Outbox.objects.get(topic=mailer.TOPIC)
    assert (row.state, row.attempts) == (OutboxState.READY, 1)


def test_a_password_is_never_sent_in_the_clear(settings, monkeypatch, letters):
    settings.EMAIL_URL = settings.EMAIL_URL.replace("127.0.0.1", "user:secret@127.0.0.1")
    monkeypatch.setattr(mailer, "LOOPBACK", ())
    with pytest.raises(mailer.ClearPassword):
        mailer.deliver({"sealed": secrets.seal({"to": "a@b.test", "subject": "x", "text": "y"})})
    assert not letters


def test_without_email_url_nothing_is_queued(alisa, settings):
    settings.EMAIL_URL = ""
    services.invite(by=alisa, email="new@shop.test", name="", roles=["operator"])
    assert not Outbox.objects.filter(topic=mailer.TOPIC).exists()
