"""Every page, light and dark: axe finds nothing, the content policy is not violated, nothing scrolls sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import assert_accessible, picture

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(480)]

PAGES = (
    "/inbox/",
    "/inbox/1/",
    "/inbox/320/",
    "/inbox/?view=mentions",
    "/inbox/?q=ничегонебудетнайдено",
    "/inbox/?view=unsure&order=unsure",
    "/inbox/?intent=complaint&tone=negative&severity=3&order=priority",
    "/contacts/?weeks=26",
    "/contacts/?since=2020-01-01&until=2020-01-31",
    "/contacts/list/?intent=question",
    "/customers/",
    "/customers/1/",
    "/customers/orders/import",
    "/channels/",
    "/channels/1/",
    "/channels/connect/",
    "/channels/connect/mail/",
    "/channels/connect/feed/",
    "/channels/connect/hook/",
    "/channels/import/",
    "/company/",
    "/company/outlet/",
    "/company/hours/",
    "/company/events/",
    "/staff/",
    "/staff/invite/",
    "/staff/teams/",
    "/settings/",
    "/settings/templates/",
    "/settings/templates/new/",
    "/settings/labels/",
    "/settings/causes/",
    "/settings/causes/delivery_late/",
    "/settings/rules/",
    "/settings/rules/new/?example=danger",
    "/settings/keys/",
    "/settings/learning/",
    "/settings/learning/intent/",
    "/settings/learning/ask/",
    "/operations/",
    "/audit/",
    "/webhooks/",
    "/me/",
    "/more/",
    "/nothing-here/",
)


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_every_page_is_accessible_in_light_and_dark_and_never_scrolls_sideways(
    page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900 if width > 500 else 844})  # noqa: PLR2004
    for address in PAGES:
        page.goto(address)
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
            page.wait_for_timeout(200)  # colours of buttons change within 90 ms
            where = f"{address} {width} {theme}"
            wider = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wider <= 0, f"{where} scrolls sideways by {wider}"
            if width != 1024:  # noqa: PLR2004 the rail changes nothing that axe looks at
                assert_accessible(page, where)
            picture(
                page, f"{address.strip('/').replace('/', '-').replace('?', '-') or 'home'}-{width}-{theme}"
            )
