"""What was read, for the eye, the pointer and the keyboard: reasons, marked words, filters, corrections, own causes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import assert_accessible, picture

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(480)]


def listed(page: Page) -> None:
    """The list of conversations whose newest message was read; the worker reads the demo company's history first."""
    for _attempt in range(30):
        page.goto("/inbox/?tone=negative&sure=1")
        if page.locator("#rows a.o-row").count():
            break
        page.wait_for_timeout(2000)


def told_by(page: Page, chip: Locator) -> tuple[str, str]:
    """The marked word and the reason while the pointer rests on a chip; news may draw it anew under the pointer."""
    for _attempt in range(10):
        page.mouse.move(5, 5)
        chip.hover()
        page.wait_for_timeout(1000)
        marked, reason = page.evaluate(
            "['mark.o-because', '#o-why'].map((one) => document.querySelector(one)?.innerText ?? '')"
        )
        if marked and reason:
            return str(marked), str(reason)
    raise AssertionError("the reason never stood still")


def test_a_chip_tells_its_reason_and_marks_its_words(page: Page) -> None:
    listed(page)
    page.locator("#rows a.o-row").first.click()
    chip = page.locator('.o-read [data-field="tone"][data-spans]:not([data-spans=""])').last
    chip.scroll_into_view_if_needed()
    before = page.locator(".o-msg__text").last.inner_text()
    marked, reason = told_by(page, chip)
    assert "Тональность" in reason
    assert marked in reason
    assert_accessible(page, "a reason")
    picture(page, "reading-why")
    page.mouse.move(5, 5)
    expect(page.locator("#o-why")).to_be_hidden()
    expect(page.locator("mark.o-because")).to_have_count(0)
    assert page.locator(".o-msg__text").last.inner_text() == before
    page.keyboard.press("Tab")  # the keyboard gets the same
    chip.focus()
    expect(page.locator("#o-why")).to_be_visible()
    assert chip.get_attribute("aria-describedby") == "o-why"
    page.keyboard.press("Escape")
    expect(page.locator("#o-why")).to_be_hidden()


def test_a_line_of_the_list_tells_its_reasons_to_pointer_and_keyboard(page: Page) -> None:
    listed(page)
    page.locator("#rows .o-row__tone").first.hover()
    expect(page.locator("#o-why")).to_contain_text("уверенность")
    page.mouse.move(700, 880)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#o-why")).to_contain_text("уверенность")
    heights = page.locator("#rows > li").evaluate_all(
        "rows => [...new Set(rows.map(row => row.offsetHeight))]"
    )
    assert len(heights) <= 2  # the last line may be the one that loads more


def test_a_click_opens_all_fields_where_the_correction_is_at_hand(page: Page) -> None:
    listed(page)
    page.locator("#rows a.o-row").first.click()
    reading = page.locator(".o-read:has([data-field='tone'])").last
    name = reading.get_attribute("id")
    reading.locator('[data-field="tone"]').click()
    panel = page.locator(f"#{name}")
    expect(panel.locator("table")).to_be_visible()
    expect(panel.locator('tr[data-field="tone"] button')).to_be_focused()  # Enter agrees, Tab corrects
    assert_accessible(page, "all fields")
    picture(page, "reading-open")
    panel.locator('[data-label-of="tone"]').select_option("mixed")
    expect(panel.locator('tr[data-field="tone"]')).to_contain_text("сказал человек")
    page.wait_for_timeout(1500)  # the news of it comes back by the stream: what is open stays open
    expect(panel.locator("table")).to_be_visible()
    panel.get_by_role("button", name="Свернуть").click()
    expect(panel.locator("table")).to_have_count(0)


def test_every_field_can_be_chosen_in_the_filter(page: Page) -> None:
    page.goto("/inbox/")
    page.keyboard.press("f")
    dialog = page.locator("dialog[open]")
    dialog.get_by_text("Ещё о смысле").click()
    assert_accessible(page, "all filters")
    for name in ("priority", "intent", "cause", "tone", "emotions", "severity", "urgency", "complexity", "impact",
                 "safety", "expects_reply", "signals", "abuse", "rumour", "lang", "unsure", "sure"):  # fmt: skip
        assert dialog.locator(f"[name={name}]").count() > 0, name
    dialog.locator("[name=tone][value=negative]").check()
    dialog.locator("[name=severity][value='2']").check()
    dialog.get_by_role("button", name="Показать").click()
    expect(page.locator(".o-chip--on")).to_have_count(2)
    expect(page.locator(".o-chip--on").nth(1)).to_contain_text("Серьёзность: 2")


def test_an_own_cause_is_tried_saved_and_offered(page: Page) -> None:
    page.goto("/settings/causes/")
    page.get_by_label("Название по-русски").fill("Парковка")
    page.get_by_label("Фразы, по которым она узнаётся").fill("негде припарковаться")
    page.get_by_label("Проверить на тексте").fill("У магазина негде припарковаться, безобразие!")
    page.get_by_role("button", name="Какая причина видна?").click()
    # the first text that a web process reads loads the models
    expect(page.locator("#tried q").first).to_contain_text("негде припарковаться", timeout=30_000)
    page.get_by_role("button", name="Добавить").click()
    expect(page.get_by_role("link", name="Парковка")).to_be_visible()
    page.goto("/inbox/filter/")
    expect(page.locator("[name=cause][value=own-1]")).to_have_count(1)
