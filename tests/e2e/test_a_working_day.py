"""A day at one screen: without a mouse, with many tabs, in long threads, while others write and the server is slow."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Care, assert_accessible, picture

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(240)]

TABS = 8  # two more than the connections a browser opens to one server

# a customer writes through a channel, as an adapter hands it over; prints the number of the conversation
WRITE = """
import json, time
from otklik.channels import intake
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import RawEvent
from otklik.inbox.models import Message
from otklik.kernel import outbox
account = ChannelAccount.objects.filter(kind="demo").order_by("pk").first()
def body(n):
    author = {"id": "e2e", "name": "Вера Северная"}
    return json.dumps({"id": f"e2e-{n}", "author": author, "text": f"Сообщение {n}", "thread": "e2e"}).encode()
intake.store(account, [RawEvent(f"e2e-{n}", body(n), "application/json") for n in range(FIRST, LAST + 1)])
told = Message.objects.filter(account=account, external_id="e2e-LAST")
until = time.monotonic() + 30
while not told.exists() and time.monotonic() < until:  # the worker may have been faster, or be at it
    outbox.drain()
print(told.get().conversation_id)
"""


def write_in(care: Care, first: int, last: int) -> int:
    code = WRITE.replace("FIRST", str(first)).replace("LAST", str(last))
    return int(care.installation.shell(code))


@pytest.fixture(scope="module")
def long_thread(care: Care) -> int:
    """A conversation in which a customer has written sixty times."""
    return write_in(care, 1, 60)


@contextmanager
def slow(care: Care) -> Iterator[None]:
    """The server answers nobody while this lasts."""
    process = care.installation.processes["web"][0]
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def note(page: Page, text: str) -> None:
    page.keyboard.press("n")
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread-items")).to_contain_text(text)
    page.keyboard.press("Escape")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


def test_the_inbox_is_worked_through_without_a_mouse(page: Page) -> None:
    page.goto("/inbox/")
    rows = page.locator("a.o-row")
    name = rows.nth(1).locator(".o-row__who").inner_text()
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#thread-head h2")).to_have_text(name)
    page.keyboard.press("ArrowRight")
    assert focused(page) == "thread-scroll"
    page.keyboard.press("r")
    page.keyboard.type("Здравствуйте, уже смотрим.")
    expect(page.locator("#compose-state")).to_have_text("Сохранено")
    page.keyboard.press("Escape")  # into the thread, with the draft kept
    page.keyboard.press("Escape")  # into the list
    expect(rows.nth(1)).to_be_focused()
    expect(rows.nth(1)).to_contain_text("Черновик")
    page.keyboard.press("h")
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("2")
    expect(page.locator("#o-toast")).to_contain_text("Отложено")
    page.keyboard.press("z")
    expect(page.locator("#o-toast")).to_contain_text("Снова открыто")
    panes = []
    for _ in range(4):
        page.keyboard.press("F6")
        panes.append(page.evaluate("document.activeElement.closest('.o-side,.o-pane').className"))
    assert len(set(panes)) == 4, panes  # round the navigation, the list, the thread and the card
    page.keyboard.press("Control+k")
    page.keyboard.type("закрыть обр")
    expect(page.locator("[role=option]").first).to_contain_text("Закрыть обращение")
    assert_accessible(page, "palette")
    page.keyboard.press("Enter")
    expect(page.locator("#o-toast")).to_contain_text("Закрыто")
    page.keyboard.press("z")
    page.keyboard.press(
        "?"
    )  # at once: the answer to the undo does not take a dialog away that it did not open
    expect(page.locator("#o-toast")).to_contain_text("Снова открыто")
    expect(page.locator("#thread-facts")).not_to_contain_text("закрыто")
    expect(page.locator("dialog[open]")).to_contain_text("Передать обращение")
    picture(page, "keys")


def test_all_tabs_of_a_browser_are_live_and_none_hangs(page: Page, long_thread: int) -> None:
    tabs = [page] + [page.context.new_page() for _ in range(TABS - 1)]
    for tab in tabs:
        tab.goto(f"/inbox/{long_thread}/")
    tabs[2].bring_to_front()
    note(tabs[2], "Видно в каждой вкладке")
    for tab in tabs:
        expect(tab.locator("#thread-items")).to_contain_text("Видно в каждой вкладке")


def test_a_long_thread_opens_at_its_end_and_nothing_moves_while_one_reads(
    page: Page, long_thread: int
) -> None:
    page.goto(f"/inbox/{long_thread}/")
    messages = page.locator("#thread-items [data-message]")
    expect(page.locator("#thread-earlier")).to_be_visible()
    assert messages.count() <= 30  # and the lines of what happened
    top = messages.first
    mark = top.get_attribute("id")
    top.scroll_into_view_if_needed()
    before = top.bounding_box()
    page.get_by_role("button", name="Показать раньше").click()
    expect(messages.first).to_contain_text(re.compile(r"Сообщение 1\b"))
    expect(page.locator("#thread-earlier")).to_be_hidden()
    held = page.locator(f"#{mark}")
    assert held.bounding_box() == before

    # somebody writes while the middle of the thread is read
    reading = held.bounding_box()
    other = page.context.new_page()
    other.goto(f"/inbox/{long_thread}/")
    for text in ("Первая заметка", "Вторая заметка"):
        note(other, text)
    other.close()
    fresh = page.locator("#thread-fresh")
    expect(fresh).to_contain_text("Новых: 2")
    assert held.bounding_box() == reading
    fresh.click()
    expect(fresh).to_be_hidden()
    expect(page.get_by_text("Вторая заметка")).to_be_in_viewport()


def test_what_takes_long_is_shown_as_its_shape_after_a_third_of_a_second(page: Page, care: Care) -> None:
    page.goto("/inbox/")
    skeleton = page.locator(".o-skeleton--thread")
    row = page.locator("a.o-row").nth(3)
    with slow(care):
        row.click()
        expect(row).to_have_attribute("aria-busy", "true")  # the row alone, at once
        expect(skeleton).to_be_hidden()
        expect(skeleton).to_be_visible(timeout=2000)
        picture(page, "skeleton")
    expect(page.locator("#thread-items")).to_be_visible()
    expect(skeleton).to_be_hidden()


def test_a_notice_tells_of_a_new_message_only_after_a_click_and_only_when_nobody_looks(
    page: Page, care: Care, long_thread: int
) -> None:
    page.context.grant_permissions(["notifications"], origin=care.url)
    page.context.add_init_script(
        """
        const real = window.Notification;
        window.told = [];
        window.Notification = class {
          constructor(title) { window.told.push(title); }
          static get permission() { return real.permission; }
          static requestPermission() { return real.requestPermission(); }
        };
        window.away = false;
        Object.defineProperty(document, "hidden", { get: () => window.away });
        """
    )
    page.goto(f"/inbox/{long_thread}/")
    page.keyboard.press("m")
    expect(page.locator("#o-toast")).not_to_be_empty()
    page.goto("/customers/")  # wherever one is
    other = page.context.new_page()
    other.goto("/me/")
    button = other.get_by_role("button", name="Сообщать о новых сообщениях")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")

    for tab in (page, other):
        tab.evaluate(
            "document.addEventListener('otklik:event', () => { window.events = (window.events || 0) + 1; })"
        )
    page.evaluate("window.away = true")  # the other tab is looked at
    write_in(care, 61, 61)
    page.wait_for_function("window.events > 0")
    page.wait_for_timeout(1000)  # the tabs ask each other first
    other.evaluate("window.away = true")
    write_in(care, 62, 62)
    for tab in (page, other):
        tab.wait_for_function("window.events > 1")
    page.wait_for_timeout(1000)
    assert page.evaluate("window.told") + other.evaluate("window.told") == ["Новое сообщение: Вера Северная"]
