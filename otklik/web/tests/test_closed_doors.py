"""Doors that must stay shut, and input that no database can hold."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.db import DataError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from otklik.accounts.models import User
from otklik.kernel.models import Outbox
from otklik.web.middleware import OtklikMiddleware

pytestmark = pytest.mark.django_db
CLOSED = (
    "/accounts/email/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/abc/",
    "/accounts/signup/",
    "/accounts/login/code/confirm/",
)


@pytest.mark.parametrize("path", CLOSED)
def test_pages_of_allauth_that_this_house_does_not_have_are_not_there(path, olga, client):
    assert client.get(path).status_code == 404
    client.force_login(olga)
    assert client.get(path).status_code == 404
    assert client.post(path, {"email": "other@evil.test", "action_add": "1"}).status_code == 404


def test_nobody_changes_the_address_they_sign_in_with(olga, boris, client):
    client.force_login(olga)
    client.post("/accounts/email/", {"email": boris.email, "action_add": "1"})
    client.post("/accounts/email/", {"email": boris.email, "action_primary": "1"})
    assert User.objects.get(pk=olga.pk).email == "olga@shop.test"
    assert not EmailAddress.objects.filter(user=olga, email=boris.email).exists()


def test_nobody_makes_us_write_to_a_stranger(olga, client, settings):
    settings.EMAIL_URL = "smtp://localhost:25"
    unknown = client.post("/accounts/password/reset/", {"email": "stranger@example.test"})
    assert not Outbox.objects.filter(topic="mail.system").exists()
    known = client.post("/accounts/password/reset/", {"email": olga.email})
    assert Outbox.objects.filter(topic="mail.system").count() == 1
    assert (unknown.status_code, unknown["Location"]) == (known.status_code, known["Location"])


def test_the_link_for_a_new_password_leads_where_people_open_otklik(olga, settings, monkeypatch):
    settings.EMAIL_URL, settings.SITE_URL = "smtp://localhost:25", "https://care.example.ru"
    letters: list[str] = []
    monkeypatch.setattr(
        "otklik.accounts.mailer.queue", lambda _to, _subject, text, **_more: letters.append(text)
    )
    Client().post("/accounts/password/reset/", {"email": olga.email}, headers={"Host": "127.0.0.1"})
    assert "https://care.example.ru/accounts/password/reset/key/" in letters[0]
    assert "127.0.0.1" not in letters[0]


def test_a_zero_character_is_a_sentence_and_not_a_fault():
    request = RequestFactory().get("/inbox/", {"source": "\x00"}, headers={"HX-Request": "true"})
    fault = DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    answer = OtklikMiddleware(lambda _request: HttpResponse()).process_exception(request, fault)
    assert answer is not None
    assert answer.status_code == 422
    assert (
        OtklikMiddleware(lambda _request: HttpResponse()).process_exception(request, DataError("other"))
        is None
    )
