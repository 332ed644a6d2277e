"""One installation with the demo company in real processes, real mail servers beside it, and a Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support.databases import fresh_database
from tests.support.installation import Installation
from tests.support.mailserver import MailServer, short_dir

PATIENCE = 20_000  # milliseconds: on a busy machine a page takes its time, how fast it is the bench says
FLAGS = (
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass
class Care:
    """The running product as its first administrator sees it."""

    installation: Installation
    login: str
    password: str

    @property
    def url(self) -> str:
        return self.installation.url


@pytest.fixture(scope="session")
def care(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Care]:
    """Started once for all browser tests, with two seconds to take an answer back; on the stage's database."""
    with fresh_database("care") as database_url:
        installation = Installation(
            tmp_path_factory.mktemp("care"),
            database_url,
            os.environ.get("QUEUE_URL", "") if database_url else "",
            UNDO_SECONDS="2",
            LANGUAGE="ru",
        )
        said = dict(
            line.split(": ", 1) for line in installation.prepare("--demo").splitlines() if ": " in line
        )
        installation.start_web()
        installation.start_worker()
        installation.wait_ready()
        yield Care(installation, said["login"], said["password"])
        installation.stop()


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    with MailServer(short_dir("e2e")) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Complaints:
    """What the browser complained of: every violation of the content policy and every script error."""

    heard: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        refused = "Failed to load resource" in message.text  # the page that is not there says so, too
        if "Content Security Policy" in message.text or (message.type == "error" and not refused):
            self.heard.append(message.text)


@pytest.fixture
def page(care: Care, chromium: Browser) -> Iterator[Page]:
    """A signed-in page at 1440 × 900; a violation of the content policy or a script error fails the test."""
    context = chromium.new_context(
        base_url=care.url, locale="ru-RU", viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    complaints = Complaints()
    page.on("console", complaints.console)
    page.on("pageerror", lambda error: complaints.heard.append(str(error)))
    page.goto("/accounts/login/")
    page.get_by_label("Почта").fill(care.login)
    page.get_by_label("Пароль").fill(care.password)
    page.get_by_label("Пароль").press("Enter")
    page.wait_for_url("**/inbox/**")
    yield page
    context.close()
    assert complaints.heard == []


def assert_accessible(page: Page, where: str) -> None:
    """axe finds nothing on the page as it is now."""
    results = Axe().run(page, options={"resultTypes": ["violations"]})
    found = [
        f"{one['id']}: {node['target']}"
        for one in results.response["violations"]
        for node in one["nodes"][:3]
    ]
    assert found == [], f"{where}: {found}"


def picture(page: Page, name: str) -> None:
    """Left in build/pictures for whoever wants to look."""
    folder = Path("build/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(folder / f"{name}.png"))
