"""What a page weighs on its way to a browser with an empty cache (the budget stands in docs/performance.md)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(120)]

BUDGET = 250_000  # bytes, compressed, with headers, without charts


@pytest.mark.parametrize("address", ["/inbox/", "/customers/", "/channels/"])
def test_a_page_with_everything_it_loads_stays_within_its_weight(page: Page, address: str) -> None:
    session = page.context.new_cdp_session(page)
    received: dict[str, int] = {}
    names: dict[str, str] = {}
    session.on(
        "Network.requestWillBeSent", lambda sent: names.update({sent["requestId"]: sent["request"]["url"]})
    )

    def finished(done: dict[str, Any]) -> None:
        name = names.get(done["requestId"], "")  # "": what was under way before we listened
        received[name] = received.get(name, 0) + int(done["encodedDataLength"])

    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")

    page.goto(address, wait_until="load")

    assert any(name.endswith(".css") for name in received)
    assert sum(received.values()) <= BUDGET, received
