"""A mailbox with OAuth2: a real Dovecot and Postfix check the tokens, a strict endpoint makes them."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
from django.test import Client

from otklik.channels import polling, services
from otklik.channels.models import ChannelAccount, Delivery, OAuthGrant
from otklik.inbox.models import Conversation, Message
from otklik.inbox.services.reply import Answer, reply
from otklik.kernel import clock, outbox
from tests.mail.test_journey import letter
from tests.support.mailserver import MailServer
from tests.support.tokenserver import CLIENT, SECRET, TokenServer
from tests.support.website import website

pytestmark = [pytest.mark.needs("postfix", "dovecot"), pytest.mark.django_db]
ANNA = "anna.oauth@mail.test"
_numbers = iter(range(1, 100_000))


@pytest.fixture
def address(mail_server: MailServer) -> str:
    address = f"oauth{next(_numbers)}@shop.test"
    mail_server.add_user(address)
    return address


@pytest.fixture
def tokens(mail_server: MailServer, address: str, settings: Any) -> Iterator[TokenServer]:
    settings.TRUSTED_PRIVATE_HOSTS = ["127.0.0.1"]
    with website() as site:
        running = TokenServer(site, lambda life: mail_server.token(address, life))
        site.pages["/token"] = running.answer
        yield running


@pytest.fixture
def config(mail_server: MailServer, address: str, tokens: TokenServer) -> dict[str, Any]:
    return {
        "address": address,
        "auth": "xoauth2",
        "imap_host": mail_server.host,
        "imap_port": mail_server.imap_port,
        "imap_security": "none",
        "smtp_host": mail_server.host,
        "smtp_port": mail_server.submission_port,
        "smtp_security": "none",
        "backfill_days": 30,
        "access_url": tokens.url,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "refresh_token": tokens.first(),
    }


def fetch(account: ChannelAccount) -> ChannelAccount:
    polling.poll({"account_id": account.pk})
    outbox.drain()
    account.refresh_from_db()
    return account


def write_to(server: MailServer, address: str, number: int) -> None:
    before = len(server.uids(address))
    mail = letter(ANNA, address, "Вопрос", f"Где заказ {number}?", Message_ID=f"<o{number}.{address}>")
    server.deliver(mail, [address])
    server.wait_for(address, before + 1)


def test_mail_comes_and_goes_with_access_that_renews_itself(
    mail_server: MailServer, address: str, tokens: TokenServer, config: dict[str, Any], alisa: Any, olga: Any
) -> None:
    mail_server.add_user(ANNA)
    assert services.try_settings("mail", config).ok  # the test uses up the refresh token that was entered
    account = services.connect("mail", "Почта", config, by=alisa)
    write_to(mail_server, address, 1)
    assert fetch(account).error == ""
    conversation = Conversation.objects.get()
    reply(conversation.pk, Answer(text="Едет", client_key="k1"), by=olga)
    outbox.drain()
    mail_server.wait_for(ANNA, 1)
    assert message_from_bytes(mail_server.mailbox(ANNA)[-1])["From"].endswith(f"<{address}>")
    assert len(tokens.issued) == 1

    with clock.at(
        clock.after(7200)
    ):  # later: the access has ended, its successor is fetched with the rotated token
        write_to(mail_server, address, 2)
        assert fetch(account).error == ""
    assert Message.objects.filter(direction="in").count() == 2
    assert len(tokens.issued) == 2
    assert tokens.refused == []


def test_a_token_that_dies_early_is_renewed_in_the_same_look_and_the_same_sending(
    mail_server: MailServer, address: str, tokens: TokenServer, config: dict[str, Any], alisa: Any, olga: Any
) -> None:
    mail_server.add_user(ANNA)
    good = tokens.make
    tokens.make = lambda _life: mail_server.token(address, -60)
    account = services.connect(
        "mail", "Почта", config, by=alisa
    )  # "only new mail" is not asked for: no look yet
    write_to(mail_server, address, 1)
    fetch(account)
    assert account.error_code == "token_expired"  # both of two tokens are dead: the server's word stands
    assert len(tokens.issued) == 2

    dead, lives = tokens.make, iter((0, 1, 0, 1))
    tokens.make = lambda life: good(life) if next(lives) else dead(life)
    OAuthGrant.objects.update(renew_at=clock.ago(1), valid_until=clock.ago(1))
    assert fetch(account).error == ""
    OAuthGrant.objects.update(renew_at=clock.ago(1), valid_until=clock.ago(1))
    reply(Conversation.objects.get().pk, Answer(text="Едет", client_key="k1"), by=olga)
    outbox.drain()
    assert Delivery.objects.get().state == "sent"
    assert tokens.refused == []


def test_withdrawn_access_is_a_sentence_on_the_page_and_in_the_test_until_signed_in_again(
    mail_server: MailServer, address: str, tokens: TokenServer, config: dict[str, Any], alisa: Any, olga: Any
) -> None:
    account = services.connect("mail", "Почта", config, by=alisa)
    write_to(mail_server, address, 1)
    fetch(account)
    tokens.revoke()
    with clock.at(clock.after(7200)):
        write_to(mail_server, address, 2)
        fetch(account)
        assert account.error_code == "oauth_refused"
        assert account.failing_since is not None
        page = Client()
        page.force_login(alisa)
        for shown in (page.get(f"/channels/{account.pk}/"), page.post(f"/channels/{account.pk}/test")):
            text = shown.content.decode()
            assert "больше не продлевает доступ" in text
            assert config["refresh_token"] not in text + account.error

        reply(Conversation.objects.get().pk, Answer(text="Едет", client_key="k1"), by=olga)
        outbox.drain()
        waiting = Delivery.objects.get()
        assert (waiting.state, waiting.error_code) == ("throttled", "oauth_refused")  # not lost, not failed

        services.change(account.pk, by=alisa, config={**config, "refresh_token": tokens.first()})
        assert fetch(account).error == ""
        assert Message.objects.filter(direction="in").count() == 2
    with clock.at(clock.after(7200 + 700)):
        outbox.drain()
        assert Delivery.objects.get().state == "sent"


def test_without_a_refresh_token_an_expired_one_says_so(
    mail_server: MailServer, address: str, config: dict[str, Any], alisa: Any
) -> None:
    config = {**config, "refresh_token": "", "token": mail_server.token(address, -60)}
    verdict = services.try_settings("mail", config)
    assert (verdict.ok, verdict.code) == (False, "token_expired")
    account = services.connect("mail", "Почта", config, by=alisa)
    assert fetch(account).error_code == "token_expired"
    assert "истёк" in account.error


def test_the_form_takes_the_endpoint_of_the_mail_service_and_keeps_secrets_to_itself(
    tokens: TokenServer, alisa: Any, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any]
) -> None:
    page = Client()
    page.force_login(alisa)
    sent = {"address": "care@gmail.com", "auth": "xoauth2", "refresh_token": "1//secret-refresh"}
    lacking = page.post("/channels/connect/mail/", sent)
    assert lacking.status_code == 422
    assert "токен обновления не поможет" in lacking.content.decode()
    sent |= {"client_id": "app", "client_secret": "secret-of-app", "anyway": "1"}
    monkeypatch.setattr("otklik.channels.services._begin", lambda begin, config: {})
    assert page.post("/channels/connect/mail/", sent).status_code == 302
    account = ChannelAccount.objects.get()
    assert account.settings["access_url"] == "https://oauth2.googleapis.com/token"
    assert account.settings["client_id"] == "app"
    assert account.config["refresh_token"] == "1//secret-refresh"
    for secret in ("secret-refresh", "secret-of-app"):
        assert secret not in str(account.settings) + account.sealed
        assert secret not in page.get(f"/channels/{account.pk}/edit/").content.decode()
