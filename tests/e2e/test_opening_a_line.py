"""A clicked line stays while its conversation is fetched, whatever news arrives: the card belongs to the thread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Care

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(480)]

# a customer writes through a channel, as an adapter hands it over; prints the number of the conversation
WRITE = """
import json, time
from otklik.channels import intake
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import RawEvent
from otklik.inbox.models import Message
from otklik.kernel import outbox
who, text = %r, %r
key = f"opening-{who}-{text}"
account = ChannelAccount.objects.filter(kind="demo").order_by("pk").first()
body = json.dumps({"id": key, "author": {"id": who, "name": who}, "text": text, "thread": who}).encode()
intake.store(account, [RawEvent(key, body, "application/json")])
told = Message.objects.filter(account=account, external_id=key)
until = time.monotonic() + 30
while not told.exists() and time.monotonic() < until:  # the worker may have been faster, or be at it
    outbox.drain()
print(told.get().conversation_id)
"""
BEFORE, CLICKED, OTHER, NEW = "Раиса Прежняя", "Клара Открытова", "Ольга Соседняя", "Нина Новая"
SHELL = 120_000  # milliseconds; another process starts to write a message


def write_in(care: Care, who: str, text: str) -> int:
    return int(care.installation.shell(WRITE % (who, text)))


@pytest.fixture(scope="module")
def talks(care: Care) -> dict[str, int]:
    """Three customers have written."""
    return {who: write_in(care, who, "Первое слово") for who in (BEFORE, CLICKED, OTHER)}


@contextmanager
def held(page: Page, number: int) -> Iterator[list[Route]]:
    """The thread of this conversation does not arrive before the block ends."""
    waiting: list[Route] = []
    address = re.compile(rf"/inbox/{number}/(\?|$)")
    page.route(address, lambda route: waiting.append(route))  # noqa: PLW0108 a method of a list takes no attribute
    try:
        yield waiting
    finally:
        for route in waiting:
            route.continue_()
        page.unroute(address)


def click(page: Page, number: int) -> None:
    """Click the line, remember it and its list; its conversation is under way now."""
    page.evaluate(
        f"window.kept = {{ row: document.getElementById('row-{number}'), list: document.getElementById('pane-list') }}"
    )
    line = page.locator(f"#row-{number} a.o-row")
    line.click()
    expect(line).to_have_class(re.compile("htmx-request"))


def stands(page: Page, what: str) -> bool:
    """Whether the `row` that was clicked, or its `list`, is still on the page."""
    return bool(page.evaluate(f"window.kept.{what}.isConnected"))


def tell(page: Page, care: Care, who: str, number: int, text: str) -> None:
    """Somebody writes and the list has asked for the line again."""
    line = re.compile(rf"[?&]ids=[\d,]*\b{number}\b")
    with page.expect_response(line, timeout=SHELL):
        write_in(care, who, text)


def assert_opened(page: Page, talks: dict[str, int]) -> None:
    """Thread, card and line are those of the clicked conversation."""
    expect(page.locator("#thread-head h2")).to_have_text(CLICKED)
    expect(page.locator("#pane-card h3").first).to_have_text(CLICKED)
    expect(page.locator(f"#row-{talks[CLICKED]} a.o-row")).to_have_attribute("aria-current", "true")


def test_news_of_a_line_waits_until_its_conversation_is_open(
    page: Page, care: Care, talks: dict[str, int]
) -> None:
    number, other = talks[CLICKED], talks[OTHER]
    page.goto(f"/inbox/{talks[BEFORE]}/")
    expect(page.locator("#pane-card h3").first).to_have_text(BEFORE)
    with held(page, number) as waiting:
        click(page, number)
        tell(page, care, CLICKED, number, "Второе слово")
        tell(page, care, OTHER, other, "Тоже второе")
        # the line beside it is new: by now the list has worked through the news of both
        expect(page.locator(f"#row-{other}")).to_contain_text("Тоже второе")
        assert len(waiting) == 1
        assert stands(page, "row")
        expect(page.locator(f"#row-{number}")).not_to_contain_text("Второе слово")
    assert_opened(page, talks)
    expect(page.locator(f"#row-{number}")).to_contain_text("Второе слово")
    assert not stands(page, "row")
    expect(page.locator("#thread-items")).to_contain_text("Второе слово")


def test_the_whole_list_waits_until_a_conversation_is_open(
    page: Page, care: Care, talks: dict[str, int]
) -> None:
    number = talks[CLICKED]
    page.goto(f"/inbox/{talks[BEFORE]}/")
    expect(page.locator("#pane-card h3").first).to_have_text(BEFORE)
    new = write_in(care, NEW, "Я здесь впервые")
    expect(page.locator("#list-fresh")).to_be_visible(timeout=SHELL)
    with held(page, number):
        click(page, number)
        with page.expect_response(re.compile(r"/inbox/(\?[^/]*)?$"), timeout=SHELL):
            page.locator("#list-fresh").click()  # load the list anew
        page.locator(".o-search [data-key=KeyF]").click()  # another request comes back meanwhile
        expect(page.locator("dialog[open]")).to_be_visible(timeout=SHELL)
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)  # a list that does not wait is replaced by now
        assert stands(page, "list")
    assert_opened(page, talks)
    expect(page.locator(f"#row-{new}")).to_contain_text("Я здесь впервые")
    assert not stands(page, "list")
