"""The connection test of the form: one sentence for each failure, in Russian and English."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from otklik.channels.mail import imap, smtp
from otklik.channels.mail.sasl import SENTENCES, login_error
from otklik.channels.mail.tests.io.conftest import Box, letter
from tests.support.mailserver import EXPIRED, OTHER_NAME, free_ports
from tests.support.proxy import Fault, Proxy

Changes = Callable[[Box], dict[str, Any]]


def tls(box: Box, **changes: Any) -> dict[str, Any]:
    ports = {"port": box.server.imaps_port, "security": "tls", "ca_bundle": box.server.ca_bundle}
    return {**ports, **changes}


def secured(box: Box, **changes: Any) -> dict[str, Any]:
    return {**tls(box), "port": box.server.submissions_port, **changes}


# what is wrong -> (settings, expected code, words of the Russian sentence)
IMAP_CASES: list[tuple[Changes, str, str]] = [
    (lambda box: {"host": "нет-такого.invalid"}, "host_not_found", "опечатки"),
    (lambda box: {"host": "a..b"}, "host_not_found", "опечатки"),
    (lambda box: {"port": free_ports(1)[0]}, "port_closed", "993 (TLS)"),
    (lambda box: tls(box, security="none"), "tls_expected", "выберите шифрование «TLS»"),
    (lambda box: tls(box, security="starttls"), "tls_expected", "выберите шифрование «TLS»"),
    (lambda box: tls(box, port=box.server.imap_port), "plain_expected", "выберите «STARTTLS»"),
    (lambda box: tls(box, ca_bundle=""), "cert_untrusted", "корневого сертификата"),
    (lambda box: tls(box, ca_bundle="/nowhere.pem"), "ca_bundle_unreadable", "PEM"),
    (lambda box: tls(box, host=EXPIRED), "cert_expired", "истёк"),
    (lambda box: tls(box, host=OTHER_NAME), "cert_wrong_host", "не на 127.0.0.3"),
    (lambda box: {"secret": "wrong"}, "login_failed", "имя"),
    (lambda box: {"secret": "пароль"}, "login_failed", "пароль"),
    (lambda box: {"secret": "a\r\nA1 DELETE INBOX"}, "control_characters", "введите их заново"),
    (lambda box: {"auth": "xoauth2", "secret": box.server.token(box.user, -60)}, "token_expired", "истёк"),
    (lambda box: {"folders": ("Снет",)}, "folder_not_found", "«Снет»"),
    (lambda box: {"port": box.server.smtp_port}, "not_imap", "220"),
]
SMTP_CASES: list[tuple[Changes, str, str]] = [
    (lambda box: {"host": "nowhere.invalid"}, "host_not_found", "опечатки"),
    (lambda box: {"port": free_ports(1)[0]}, "port_closed", "465 (TLS)"),
    (lambda box: secured(box, security="none"), "tls_expected", "выберите шифрование «TLS»"),
    (lambda box: secured(box, port=box.server.submission_port), "plain_expected", "выберите «STARTTLS»"),
    (lambda box: {"port": box.server.smtp_port, "security": "starttls"}, "starttls_missing", "«TLS»"),
    (lambda box: secured(box, ca_bundle=""), "cert_untrusted", "корневого сертификата"),
    (lambda box: secured(box, host=EXPIRED), "cert_expired", "истёк"),
    (lambda box: secured(box, host=OTHER_NAME), "cert_wrong_host", "не на 127.0.0.3"),
    (lambda box: {"secret": "wrong"}, "login_failed", "пароль"),
    (lambda box: {"auth": "xoauth2", "secret": box.server.token(box.user, -60)}, "token_expired", "истёк"),
    (lambda box: {"port": box.server.imap_port}, "not_smtp", "IMAP4rev1"),
]


@pytest.mark.parametrize(("changes", "code", "words"), IMAP_CASES)
def test_the_imap_check_says_what_is_wrong(box: Box, changes: Changes, code: str, words: str) -> None:
    result = imap.check(box.imap(**{"timeout": 0.6, **changes(box)}))
    assert (result.ok, result.code) == (False, code), result.message
    assert words in result.message
    assert result.message.endswith(".")
    english = imap.check(box.imap(**{"timeout": 0.6, "lang": "en", **changes(box)}))
    assert english.code == code
    assert english.message != result.message


@pytest.mark.parametrize(("changes", "code", "words"), SMTP_CASES)
def test_the_smtp_check_says_what_is_wrong(box: Box, changes: Changes, code: str, words: str) -> None:
    result = smtp.check(box.smtp(**{"timeout": 0.6, **changes(box)}))
    assert (result.ok, result.code) == (False, code), result.message
    assert words in result.message


def test_a_silent_server_is_a_time_out(box: Box) -> None:
    with Proxy(box.server.host, box.server.imap_port, always=Fault(silent=True)) as proxy:
        assert imap.check(box.imap(port=proxy.port, timeout=0.5)).code == "timeout"
        assert smtp.check(box.smtp(port=proxy.port, timeout=0.5)).code == "timeout"


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_good_settings_pass_with_each_encryption_and_both_ways_to_sign_in(box: Box, security: str) -> None:
    box.give(letter(1))
    wrapped = security == "tls"
    for auth, secret in (("password", box.password), ("xoauth2", box.server.token(box.user))):
        changes = {"security": security, "auth": auth, "secret": secret, "ca_bundle": box.server.ca_bundle}
        port = box.server.imaps_port if wrapped else box.server.imap_port
        result = imap.check(box.imap(port=port, **changes))
        assert result.ok, result.message
        assert result.facts["messages"] == {"INBOX": 1}
        assert (result.facts["idle"], result.facts["sent"]) == (True, "Sent")
        port = box.server.submissions_port if wrapped else box.server.submission_port
        result = smtp.check(box.smtp(port=port, **changes), sender=box.user)
        assert result.ok, result.message


def test_a_cyrillic_password_with_quotes_is_accepted(new_box: Callable[..., Box]) -> None:
    box = new_box('пароль "ёж\\')
    assert imap.check(box.imap()).ok
    assert smtp.check(box.smtp()).ok


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("imap.yandex.ru", "включите IMAP"),
        ("imap.mail.ru", "пароль для внешнего приложения"),
        ("imap.gmail.com", "apppasswords"),
        ("outlook.office365.com", "OAuth2"),
    ],
)
def test_a_refused_password_comes_with_the_providers_own_advice(box: Box, host: str, words: str) -> None:
    error = login_error(box.imap(host=host), b"[AUTHENTICATIONFAILED] Invalid credentials")
    assert words in error.sentence
    assert error.permanent


def test_a_server_that_cannot_check_passwords_now_is_not_a_wrong_password(box: Box) -> None:
    error = login_error(box.imap(), b"[UNAVAILABLE] Temporary authentication failure")
    assert (error.code, error.permanent) == ("login_unavailable", False)


def test_no_password_or_token_appears_in_errors_logs_or_repr(
    box: Box, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "s3cret-Пароль"
    for auth in ("password", "xoauth2"):
        config = box.imap(secret=secret, auth=auth)
        outgoing = box.smtp(secret=secret, auth=auth)
        echoed = login_error(config, f"NO wrong password {secret}, temporary".encode())
        texts = [imap.check(config).message, smtp.check(outgoing).message, repr(config), repr(outgoing)]
        texts += [echoed.sentence, smtp.send(outgoing, letter(1), box.user, [box.user]).detail, caplog.text]
        texts += list(capfd.readouterr())
        assert secret not in "\n".join(texts)
        assert "…" in echoed.sentence


def test_every_sentence_exists_in_both_languages_and_is_one_sentence() -> None:
    for code, (ru, en) in SENTENCES.items():
        for text in (ru, en):
            plain = text.replace("{hint}", "").strip()
            assert plain.endswith("."), code
            assert "\n" not in plain
        assert ru.count("{") == en.count("{"), code
