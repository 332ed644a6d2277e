"""Small words of the shell: how a browser is named, what a dead link says, where a failed part leaves the address."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from otklik.web.templatetags.otklik import browser

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome 140, Windows"),
        (CHROME + " Edg/140.0.0.0", "Edge 140, Windows"),
        (CHROME.replace("Safari", "YaBrowser/25.8.0.0 Safari"), "Yandex 25, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox 143, Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148 Safari/604.1",
            "Safari 18, iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0.0.0 Mobile", "Chrome 140, Android"),
        ("curl/8.5.0", "curl/8.5.0"),
    ],
)
def test_a_browser_is_named_as_people_call_it(agent: str, name: str) -> None:
    assert browser(agent) == name


def test_a_browser_that_says_nothing_is_not_known() -> None:
    assert browser("") != ""


@pytest.mark.django_db
def test_a_dead_invitation_says_why_and_leads_to_signing_in(client: Client) -> None:
    with translation.override("ru"):
        answer = client.get("/invitation/nobody-made-this/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "больше семи дней" in page
    assert ">Войти</a>" in page


@pytest.mark.django_db
def test_a_part_of_a_page_that_fails_leaves_the_address_as_it_was(client: Client, olga: Any) -> None:
    client.force_login(olga)
    answer = client.get("/inbox/999999/", headers={"HX-Request": "true", "HX-Target": "pane-thread"})
    assert answer.status_code == 404
    assert answer["HX-Push-Url"] == "false"
    assert answer["HX-Retarget"] == "#o-alerts"
