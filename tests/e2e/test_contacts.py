"""Contacts in a browser: the numbers of the demo company, the way behind one of them, and the quiet line."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Care, assert_accessible, picture

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(480)]

READ = """
import json
from otklik.analysis.services import following
from otklik.inbox.models import Conversation
while following.follow(): pass
quiet = Conversation.objects.filter(marks__mark="expects_reply:no").exclude(marks__mark="unsure:expects_reply")
print(json.dumps(quiet.order_by("-last_message_at").values_list("pk", flat=True).first()))
"""


@pytest.fixture(scope="module")
def quiet(care: Care) -> int:
    """Everything of the demo was read; a conversation whose author asks for no answer."""
    found: int = care.installation.shell(READ)
    return found


@pytest.mark.req("S1-7")
def test_a_number_of_the_table_opens_as_many_conversations(page: Page, quiet: int) -> None:
    page.goto("/inbox/")
    page.get_by_role("navigation", name="Разделы").get_by_role("link", name="Обращения").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Обращения")
    page.get_by_role("link", name="26 недель").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Жалоба", exact=True))
    figure = row.get_by_role("link").first
    number = int(figure.inner_text())
    assert_accessible(page, "contacts")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
            picture(page, f"contacts-ru-{width}-{theme}")
    page.set_viewport_size({"width": 1440, "height": 900})
    figure.click()
    expect(page.locator("tbody tr")).to_have_count(min(number, 50))
    assert_accessible(page, "contacts behind a number")
    picture(page, "contacts-list-ru-1440")
    page.locator("tbody a").first.click()
    expect(page).to_have_url(re.compile(r"/inbox/\d+/"))


@pytest.mark.req("S1-3")
def test_the_composer_is_quiet_where_nobody_asked(page: Page, quiet: int) -> None:
    page.goto(f"/inbox/{quiet}/")
    expect(page.locator("#composer")).to_contain_text("Автор не просил ответа")
    expect(page.locator("#compose-send")).to_be_enabled()
    assert_accessible(page, "a quiet composer")
    picture(page, "composer-quiet-1440")
    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, "composer-quiet-390")
