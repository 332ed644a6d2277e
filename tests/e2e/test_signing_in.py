"""Signing in as people do it: password, code, passkey; keys and palette; axe and the policy against inline code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

from otklik.accounts import services
from otklik.accounts.services.calendars import CalendarData, EventData
from otklik.kernel import clock
from otklik.web.tests.serving import application

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery"
FLAGS = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def browser_page(tmp_path, alisa, olga):
    """A page on the running application; whatever the content policy refuses fails the test."""
    services.save_entry("outlet", services.EntryData("m1", "Магазин на Тверской", ("мск",)), by=alisa)
    services.save_calendar(CalendarData("Поддержка", {"0": [["09:00", "18:00"]]}, {}), by=alisa)
    services.save_event(EventData("promotion", "Чёрная пятница", clock.now()), by=alisa)
    services.save_team(by=alisa, name="Линия", round_robin=True, member_ids=frozenset({olga.pk}))
    services.invite(by=alisa, email="guest@shop.test", name="", roles=["operator"])
    services.create_key(by=alisa, name="Склад", scopes=["admin"], days=30)
    with application(tmp_path) as (_child, port), sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(base_url=f"http://localhost:{port}", locale="ru-RU")
        refused: list[str] = []
        page.on(
            "console",
            lambda line: refused.append(line.text) if "Content Security Policy" in line.text else None,
        )
        page.on("pageerror", lambda error: refused.append(str(error)))
        yield page
        browser.close()
        assert not refused


def sign_in(page: Page, person) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Почта").fill(person.email)
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти", exact=True).click()


def confirm(page: Page) -> None:
    """Settings of signing in ask for the password once more."""
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Подтвердить").click()


def totp(secret: str) -> str:
    """RFC 6238, thirty seconds, six digits."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def sign_out(page: Page) -> None:
    page.goto("/me/")
    page.get_by_role("main").get_by_role("button", name="Выйти").click()
    page.wait_for_url("**/accounts/login/**")


def test_a_passkey_is_added_and_opens_the_door_without_a_password(browser_page, olga):
    page = browser_page
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page, olga)
    page.wait_for_url("**/inbox/**")
    page.goto("/accounts/2fa/webauthn/add/")
    confirm(page)
    page.get_by_label("Вход без пароля").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url(re.compile(r"/2fa/(recovery-codes|webauthn)/$"))
    sign_out(page)
    page.get_by_role("button", name="Войти с ключом входа").click()
    page.wait_for_url("**/inbox/**")
    page.goto("/me/")
    expect(page.get_by_text(olga.email).first).to_be_visible()


def test_codes_of_an_app_are_switched_on_and_asked_for(browser_page, olga):
    page = browser_page
    sign_in(page, olga)
    page.wait_for_url("**/inbox/**")
    page.goto("/accounts/2fa/totp/activate/")
    confirm(page)
    expect(page.locator("img.o-qr")).to_be_visible()
    assert page.locator("img.o-qr").evaluate("picture => picture.naturalWidth") > 0, (
        "the picture is not blocked"
    )
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("#id_code").fill(totp(secret))
    page.get_by_role("button", name="Включить").click()
    page.wait_for_url("**/recovery-codes/")
    recovery = page.locator("#recovery_codes").input_value().split()[0]
    sign_out(page)
    sign_in(page, olga)
    page.wait_for_url("**/2fa/authenticate/**")
    page.locator("#id_code").fill("000000")
    page.get_by_role("button", name="Войти", exact=True).click()
    expect(page.locator(".o-wrong").first).to_contain_text("Код не подходит")
    page.locator("#id_code").fill(recovery)
    page.get_by_role("button", name="Войти", exact=True).click()
    page.wait_for_url("**/inbox/**")


def test_other_devices_are_signed_out_from_the_list(browser_page, olga):
    page = browser_page
    sign_in(page, olga)
    page.wait_for_url("**/inbox/**")
    elsewhere = page.context.browser.new_context(
        base_url=page.url.split("/inbox")[0], locale="ru-RU"
    ).new_page()
    sign_in(elsewhere, olga)
    elsewhere.wait_for_url("**/inbox/**")
    page.goto("/accounts/sessions/")
    page.get_by_role("button", name="Выйти на остальных устройствах").click()
    expect(page.locator(".o-toast")).to_contain_text("На остальных устройствах")
    elsewhere.goto("/me/")
    assert "/accounts/login/" in elsewhere.url


def test_keys_work_in_a_russian_layout_and_can_be_switched_off(browser_page, alisa):
    page = browser_page
    sign_in(page, alisa)
    page.goto("/me/")
    press = """([code, key]) => document.body.dispatchEvent(
        new KeyboardEvent("keydown", {code, key, bubbles: true, cancelable: true}))"""
    page.evaluate(press, ["KeyG", "п"])
    page.evaluate(press, ["KeyS", "ы"])
    page.wait_for_url("**/staff/")
    page.keyboard.press("Shift+Slash")
    expect(page.get_by_role("dialog", name="Все клавиши")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+KeyK")
    page.keyboard.type("rjvgfybz")  # «компания» in the wrong layout
    expect(page.get_by_role("option", name="Компания")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/company/**")
    page.goto("/me/")
    page.get_by_label("Клавиши из одной буквы").uncheck()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".o-toast")).to_contain_text("Сохранено")
    page.locator("h1").click()
    page.keyboard.press("Shift+Slash")
    assert page.get_by_role("dialog").count() == 0


def test_an_archived_outlet_comes_back_with_z(browser_page, alisa):
    page = browser_page
    sign_in(page, alisa)
    page.goto("/company/outlet/")
    page.get_by_role("button", name="В архив").first.click()
    expect(page.locator(".o-toast")).to_contain_text("В архиве: «Магазин на Тверской»")
    page.keyboard.press("z")
    expect(page.locator(".o-toast")).to_contain_text("Возвращено")
    expect(page.get_by_role("link", name="Магазин на Тверской")).to_be_visible()


PAGES = (
    "/me/", "/more/", "/staff/", "/staff/invite/", "/staff/teams/", "/staff/teams/new/", "/settings/",
    "/settings/keys/", "/company/outlet/", "/company/brand/", "/company/outlet/new/", "/company/outlet/import/",
    "/company/hours/", "/company/hours/new/", "/company/events/", "/company/events/new/", "/audit/", "/nowhere/",
    "/accounts/2fa/", "/accounts/reauthenticate/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/",
    "/accounts/sessions/",
    "/accounts/password/change/",
)  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_no_page_scrolls_sideways(browser_page, alisa, theme):
    page, axe = browser_page, Axe()
    page.context.add_cookies([{"name": "theme", "value": theme, "domain": "localhost", "path": "/"}])
    problems = []
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    for path in ("/accounts/login/", "/accounts/password/reset/", *PAGES):
        if path == PAGES[0]:
            sign_in(page, alisa)
            page.wait_for_url("**/inbox/**")
        page.goto(path)
        if path == "/accounts/2fa/totp/activate/":
            confirm(page)
        found = axe.run(
            page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
        )
        problems += [
            f"{path}: {each['id']}: {each['nodes'][0]['html'][:160]}" for each in found.response["violations"]
        ]
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 844})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                problems.append(f"{path}: scrolls sideways at {width}")
    assert not problems, "\n".join(problems)
