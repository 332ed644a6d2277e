"""Access that renews itself: once for all processes, rotated tokens kept, refusals in one sentence."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.db import connections

from otklik.channels import credentials
from otklik.channels.mail import oauth
from otklik.channels.models import OAuthGrant
from otklik.kernel import clock
from otklik.kernel.errors import OtklikError
from tests.support.tokenserver import CLIENT, SECRET, TokenServer
from tests.support.website import Page, website

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[TokenServer]:
    settings.TRUSTED_PRIVATE_HOSTS = ["127.0.0.1"]
    numbers = count(1)
    with website() as site:
        running = TokenServer(site, lambda _life: f"access-{next(numbers)}")
        site.pages["/token"] = running.answer
        yield running


@pytest.fixture
def config(server: TokenServer) -> dict[str, Any]:
    return {
        "auth": "xoauth2",
        "address": "care@shop.test",
        "access_url": server.url,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "refresh_token": server.first(),
    }


def token(config: dict[str, Any], **how: Any) -> str:
    return str(credentials.ready(config, **how)["token"])


def refusal(config: dict[str, Any], **how: Any) -> OtklikError:
    with pytest.raises(OtklikError) as caught:
        credentials.ready(config, **how)
    return caught.value


def test_a_token_is_fetched_once_and_renewed_shortly_before_its_end(
    server: TokenServer, config: dict[str, Any]
) -> None:
    assert [token(config) for _ in range(3)] == ["access-1"] * 3
    with clock.at(clock.after(3600 - credentials.EARLY - 30)):
        assert token(config) == "access-1"
    with clock.at(clock.after(3600 - credentials.EARLY + 1)):
        assert token(config) == "access-2"
    assert server.issued == ["access-1", "access-2"]
    assert server.refused == []


def test_a_rotated_refresh_token_is_the_next_one_used_and_lies_encrypted(
    server: TokenServer, config: dict[str, Any]
) -> None:
    for hour in range(5):
        with clock.at(clock.after(hour * 3600.0)):
            assert token(config) == f"access-{hour + 1}"
    assert server.refused == []
    row = OAuthGrant.objects.get()
    for secret in ("access-5", config["refresh_token"], SECRET):
        assert secret not in json.dumps([row.sealed, row.key, row.error])


def test_a_server_that_does_not_rotate_is_fine_too(server: TokenServer, config: dict[str, Any]) -> None:
    server.rotates = False
    assert token(config) == "access-1"
    with clock.at(clock.after(4000)):
        assert token(config) == "access-2"


def test_the_secret_goes_by_basic_where_the_server_wants_that(
    server: TokenServer, config: dict[str, Any]
) -> None:
    server.basic = True
    assert token(config) == "access-1"
    assert server.refused == ["invalid_client"]


@pytest.mark.parametrize(
    ("said", "holds"), [(None, 3600), ("1800", 1800), (120, 120), ("soon", 3600), (-5, 3600)]
)
def test_how_long_a_token_holds_is_read_in_every_form(
    server: TokenServer, config: dict[str, Any], said: Any, holds: int
) -> None:
    body = {"access_token": "a", "token_type": "bearer", "expires_in": said}
    server.broken = Page(json.dumps(body).encode(), "application/json")
    before = clock.now()
    assert token(config) == "a"
    row = OAuthGrant.objects.get()
    assert row.valid_until is not None
    assert abs((row.valid_until - before).total_seconds() - holds) < 10
    assert row.renew_at is not None
    assert clock.now() < row.renew_at < row.valid_until


def test_a_withdrawn_access_is_one_sentence_and_the_server_is_not_asked_again_at_once(
    server: TokenServer, config: dict[str, Any]
) -> None:
    server.revoke()
    error = refusal(config)
    assert error.code == "oauth_refused"
    assert "invalid_grant" in error.sentence
    assert "токен обновления" in error.sentence
    assert refusal(config).sentence == error.sentence
    assert len(server.refused) == 1
    # a person who presses the button wants to know now
    assert refusal(config, now=True).code == "oauth_refused"
    assert len(server.refused) == 2
    with clock.at(clock.after(credentials.REFUSED_FOR + 1)):
        refusal(config)
    assert len(server.refused) == 3


def test_a_new_refresh_token_works_at_once_after_a_refusal(
    server: TokenServer, config: dict[str, Any]
) -> None:
    server.revoke()
    refusal(config)
    assert token({**config, "refresh_token": server.first()}) == "access-1"


def test_a_wrong_client_says_so_and_its_secret_is_nowhere(
    server: TokenServer, config: dict[str, Any]
) -> None:
    error = refusal({**config, "client_secret": "wrong-secret"})
    assert "invalid_client" in error.sentence
    assert "секрет" in error.sentence
    assert "wrong-secret" not in error.sentence
    assert token(config, now=True) == "access-1"  # the same grant with the right one


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page(b"<html>maintenance</html>", "text/html", 503), "oauth_unavailable"),
        (Page(b"{}", "application/json", 429), "oauth_unavailable"),
        (Page(b"<html>hello</html>", "text/html"), "oauth_unavailable"),
        (Page(b'{"access_token": "a\\nb"}', "application/json"), "oauth_unavailable"),
        (Page(b'{"access_token": 5}', "application/json"), "oauth_unavailable"),
        (Page(b"[1]", "application/json"), "oauth_unavailable"),
        (Page(b"x" * 100_000), "oauth_unavailable"),
        (Page(b'{"error": "temporarily_unavailable"}', "application/json", 400), "oauth_unavailable"),
        (Page(b"not here", status=404), "oauth_refused"),
        (Page(b'{"error": "invalid_scope"}', "application/json", 400), "oauth_refused"),
        (Page(status=302, location="/token"), "oauth_unavailable"),
    ],
)
def test_whatever_the_endpoint_answers_is_a_sentence_and_nothing_is_lost(
    server: TokenServer, config: dict[str, Any], page: Page, code: str
) -> None:
    server.broken = page
    error = refusal(config)
    assert error.code == code
    assert "127.0.0.1" in error.sentence
    server.broken = None
    assert token(config, now=True) == "access-1"
    assert server.refused == []


def test_an_endpoint_without_encryption_or_in_the_private_network_is_refused(
    config: dict[str, Any], settings: Any
) -> None:
    settings.TRUSTED_PRIVATE_HOSTS = []
    assert "https://" in refusal(config).sentence
    private = {**config, "access_url": "https://127.0.0.1:1/token"}
    assert refusal(private).code == "address_blocked"


def test_an_endpoint_that_is_away_leaves_a_token_that_still_holds_in_use(
    server: TokenServer, config: dict[str, Any]
) -> None:
    assert token(config) == "access-1"
    OAuthGrant.objects.update(renew_at=clock.ago(1), renewing_until=clock.after(60))  # another process renews
    assert token(config) == "access-1"


def test_a_token_the_mail_server_refuses_before_its_time_is_renewed(
    server: TokenServer, config: dict[str, Any]
) -> None:
    ready = credentials.ready(config)
    assert credentials.spoil(ready)
    assert token(config) == "access-2"
    assert credentials.spoil(ready)  # an old one: there is a newer already, which stays
    assert token(config) == "access-2"


def test_without_a_refresh_token_nothing_is_asked_and_nothing_changes(server: TokenServer) -> None:
    config = {"auth": "xoauth2", "token": "as-it-is", "client_id": CLIENT, "access_url": server.url}
    assert credentials.ready(config) is config
    assert not credentials.spoil(config)
    assert credentials.ready({"auth": "password", "refresh_token": "x", "client_id": "x", "access_url": "x"})
    assert server.site.asked == []


def test_a_process_that_died_while_renewing_is_waited_for_no_longer_than_its_lease(
    server: TokenServer, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "WAIT", 0.3)
    token(config)
    OAuthGrant.objects.update(
        renew_at=clock.ago(10), valid_until=clock.ago(1), renewing_until=clock.after(60)
    )
    assert refusal(config).code == "oauth_unavailable"
    with clock.at(clock.after(61)):
        assert token(config) == "access-2"


@pytest.mark.django_db(transaction=True)
def test_many_at_the_same_moment_renew_once(server: TokenServer, config: dict[str, Any]) -> None:
    """A second use of the same refresh token would lock the mailbox for good."""
    server.slow = 0.3
    got: list[str] = []

    def ask() -> None:
        try:
            got.append(token(config))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["access-1"] * 6
    assert len(server.site.asked) == 1
    assert server.refused == []


def test_the_clients_secret_is_not_in_the_representation_of_anything() -> None:
    assert "hidden" not in repr(oauth.Client("https://a.test", "id", "hidden"))
    assert "hidden" not in repr(oauth.Tokens("hidden", "hidden", 1.0))
