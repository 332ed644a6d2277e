"""The frame of a mail in a real browser: no image before it is asked for, then only ours, and nothing refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect, sync_playwright

from otklik.channels.mail.engine.html import sanitise
from otklik.inbox.models import Message
from otklik.web.tests.serving import application
from tests.e2e.conftest import FLAGS, Complaints
from tests.support.website import Page as Answer
from tests.support.website import Website, website

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.timeout(240),
    pytest.mark.django_db(transaction=True),
]
GIF = base64.b64decode("R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=")
SIZES = "images => images.map(one => [one.getAttribute('src') ? one.naturalWidth : -1, one.complete])"


@pytest.fixture
def site() -> Iterator[Website]:
    with website() as running:
        running.pages["/photo.gif"] = Answer(GIF, "image/gif")
        running.pages["/evil.png"] = Answer(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml")
        yield running


@pytest.fixture
def conversation_id(write_in: Callable[..., Any], site: Website) -> int:
    """A mail with two remote images, a tracking pixel and an image of its own."""
    message = Message.objects.get(conversation=write_in("Письмо с картинками"))
    inline = f"data:image/gif;base64,{base64.b64encode(GIF).decode()}"
    html = (
        f'<p>Вёрстка</p><img src="{site.url}/photo.gif"><img src="{site.url}/evil.png">'
        f'<img src="{inline}"><img src="{site.url}/pixel.gif" width="1" height="1">'
    )
    message.html = sanitise(html) or ""
    message.save(update_fields=["html"])
    return int(message.conversation_id)


@pytest.fixture
def page(
    tmp_path: Path, olga: Any, conversation_id: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Page, list[str]]]:
    """Olga's browser, and every address it asked for; a violation of the content policy fails the test."""
    monkeypatch.setenv("TRUSTED_PRIVATE_HOSTS", "127.0.0.1")
    with application(tmp_path) as (_child, port), sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        own = browser.new_page(base_url=f"http://localhost:{port}", locale="ru-RU")
        complaints, asked = Complaints(), []

        def note(request: Request) -> None:
            asked.append(request.url)

        own.on("console", complaints.console)
        own.on("pageerror", lambda error: complaints.heard.append(str(error)))
        own.on("request", note)
        own.goto("/accounts/login/")
        own.get_by_label("Почта").fill(olga.email)
        own.get_by_label("Пароль").fill("correct horse battery")
        own.get_by_label("Пароль").press("Enter")
        own.wait_for_url("**/inbox/**")
        yield own, asked
        browser.close()
        assert complaints.heard == []


def test_images_of_a_mail_appear_when_asked_for_and_only_through_us(
    page: tuple[Page, list[str]], site: Website, conversation_id: int
) -> None:
    own, asked = page
    own.goto(f"/inbox/{conversation_id}/")
    own.get_by_role("button", name="В оформлении").click()
    frame = own.frame_locator("iframe.o-frame")
    expect(frame.get_by_text("Вёрстка")).to_be_visible()
    images = frame.locator("img")
    expect(images).to_have_count(3)
    assert images.evaluate_all(SIZES) == [[-1, True], [-1, True], [1, True]]
    assert site.asked == []

    own.get_by_role("button", name="Показать картинки").click()
    expect(frame.locator("img[src^='/inbox/images/']")).to_have_count(2)
    expect(frame.get_by_text("Вёрстка")).to_be_visible()
    # ours, the placeholder of 32 points, and the one that came with the mail
    for place, width in enumerate((1, 32, 1)):
        expect(images.nth(place)).to_have_js_property("naturalWidth", width)
    assert sorted(one.path for one in site.asked) == ["/evil.png", "/photo.gif"]
    assert [url for url in asked if url.startswith(site.url)] == []  # the browser itself went nowhere else

    # opened again: without images, until asked again, and the far end hears nothing more
    own.reload()
    own.locator("[data-mail]").first.click()
    expect(frame.get_by_text("Вёрстка")).to_be_visible()
    assert images.evaluate_all(SIZES) == [[-1, True], [-1, True], [1, True]]
    own.get_by_role("button", name="Показать картинки").click()
    expect(frame.locator("img[src^='/inbox/images/']")).to_have_count(2)
    expect(images.nth(0)).to_have_js_property("naturalWidth", 1)
    expect(images.nth(1)).to_have_js_property("naturalWidth", 32)
    assert len(site.asked) == 2
