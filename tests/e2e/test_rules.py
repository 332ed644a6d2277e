"""A rule is written with the keyboard alone, tried on history, and acts on the next message."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Care, assert_accessible, picture

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(300)]

WRITES = """
import json
from django.db import transaction
from otklik.channels import intake
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import RawEvent
from otklik.kernel import outbox
body = {"id": "rule-1", "author": {"id": "rule-author", "name": "Клавдия Правилова"}, "thread": "rule-1",
        "text": "Третий раз прошу вернуть деньги за утюг, иначе подам в суд и в Роспотребнадзор!"}
account = ChannelAccount.objects.filter(kind="demo").order_by("id").first()
intake.store(account, [RawEvent("rule-1", json.dumps(body).encode(), "application/json")])
print(json.dumps(True))
"""


def test_a_rule_is_written_tried_and_acts_on_the_next_message(page: Page, care: Care) -> None:
    page.goto("/settings/rules/")
    page.keyboard.press("n")
    page.wait_for_url("**/settings/rules/new/")
    page.keyboard.type("Грозит судом")
    page.select_option("#field-0-0", "words")
    typed = page.locator("#value-0-0")
    typed.fill("утюг")
    expect(page.locator("#field-0-0")).to_have_value("words")
    page.locator("#add-0").press("Enter")
    added = page.locator("#field-0-1")
    expect(added).to_be_focused()
    expect(typed).to_have_value("утюг")
    added.select_option("first")
    expect(page.locator("fieldset.r-values:has(#value-0-1-1) legend")).to_have_text(
        "Первое сообщение обращения"
    )
    page.locator("#value-0-1-1").press("Space")
    expect(page.locator("#value-0-1-1")).to_be_checked()
    page.get_by_label("Срочно", exact=True).press("Space")
    assert_accessible(page, "the editor of a rule")

    page.get_by_role("button", name="Посчитать").press("Enter")
    expect(page.locator("#dry-run .r-big")).to_contain_text("обращени", timeout=30_000)
    expect(page.get_by_text("Сохраните правило, чтобы применить")).to_have_count(
        1 if page.locator(".r-met a").count() else 0
    )
    picture(page, "rule-tried")

    page.keyboard.press("Control+s")
    page.wait_for_url(re.compile(r"/settings/rules/\d+/$"))
    expect(page.get_by_text("действует")).to_be_visible()
    assert_accessible(page, "a rule with its versions")

    assert care.installation.shell(WRITES) is True
    row = page.locator(".o-row", has_text="Клавдия").first
    for _attempt in range(30):  # the worker takes the message in meanwhile
        page.goto("/inbox/?view=all&q=утюг Роспотребнадзор")
        if row.count():
            break
        page.wait_for_timeout(1000)
    row.click()
    expect(page.get_by_text("Правило «Грозит судом» дало метку «Срочно»")).to_be_visible(timeout=30_000)
    picture(page, "rule-acted")
