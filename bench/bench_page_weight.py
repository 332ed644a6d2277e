"""What the inbox weighs on its way to a browser, and how soon it can be used, in a real Chromium with a cold cache."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench.row import Row, at_most
from bench.stand import ROOT, installation, manage, processes, wait_ready
from scripts.services import free_port

NAME = "Page weight"
BUDGET = "≤ 250 kB compressed without charts; interactive < 1 s"
TIMEOUT = 120
RUNS = 3
CHARTS = "echarts"
KINDS = {"document": "HTML", "stylesheet": "CSS", "script": "JavaScript", "font": "fonts"}
# interactive: painted, modules have run (DOMContentLoaded waits for them), no long task in the way
INTERACTIVE = """() => new Promise((resolve) => {
  const busy = [];
  new PerformanceObserver((list) => busy.push(...list.getEntries())).observe({type: "longtask", buffered: true});
  setTimeout(() => {
    const page = performance.getEntriesByType("navigation")[0];
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const ends = busy.map((task) => task.startTime + task.duration);
    resolve(Math.max(page.domContentLoadedEventEnd, paint ? paint.startTime : 0, ...ends));
  }, 1500);
})"""


@dataclass
class Visit:
    interactive: float = 0.0
    bytes_of: dict[str, int] = field(default_factory=dict)


def run(size: str) -> list[Row]:
    if not shutil.which("chromium"):
        raise RuntimeError("no chromium on this machine (apt install chromium)")
    with installation("sqlite") as environment:
        manage(environment, "migrate", "-v0")
        manage(environment, "collectstatic", "--noinput", "-v0")  # compresses; `bootstrap` does the same
        port = free_port()
        environment |= {"SITE_URL": f"http://localhost:{port}"}
        command = [sys.executable, "-m", "bench.stand", "bench.bench_page_weight", "people_and_mail", "{}"]
        made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(made.stderr.strip()[-1500:])
        cookie = json.loads(made.stdout.strip().splitlines()[-1])
        with processes(environment, port, web=1, worker=False):
            wait_ready(port)
            visits = [_visit(port, cookie) for _ in range(RUNS + 1)][
                1:
            ]  # the first fills the server's caches
    heaviest = max(visits, key=lambda visit: sum(visit.bytes_of.values()))
    rows = [at_most("inbox, everything", sum(heaviest.bytes_of.values()) / 1000, "kB", budget=250)]
    rows += [Row(f"of it {name}", size_ / 1000, "kB") for name, size_ in sorted(heaviest.bytes_of.items())]
    interactive = statistics.median(visit.interactive for visit in visits)
    rows.append(at_most("inbox, interactive, cold cache, median of 3", interactive, "ms", budget=1000))
    return rows


def people_and_mail() -> str:
    """In the child: an inbox with 300 conversations; the session of an operator."""
    from django.test import Client  # noqa: PLC0415 Django is ready only now

    from bench.filling import cast, fill  # noqa: PLC0415
    from bench.stand import administrator  # noqa: PLC0415

    who = cast(administrator())
    fill(who, 300, 1_500)
    client = Client()
    client.force_login(who.users[1])
    return str(client.cookies["sessionid"].value)


def _visit(port: int, cookie: str) -> Visit:
    # the browser's library is a heavy import, needed only here
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    arguments = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
    ]
    arguments += ["--disable-component-update", "--disable-sync"]
    visit = Visit()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ru-RU")
        origin = f"http://localhost:{port}"
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": origin}])
        page = context.new_page()
        _weigh(context.new_cdp_session(page), visit)
        page.goto(f"{origin}/inbox/", wait_until="load")
        visit.interactive = page.evaluate(INTERACTIVE)
        if page.locator("#pane-list").count() != 1:
            raise RuntimeError(f"not the inbox: {page.url}")
        browser.close()
    return visit


def _weigh(session: Any, visit: Visit) -> None:
    """Count what crosses the wire, compressed and with headers, by kind; charts apart."""
    kinds: dict[str, str] = {}

    def answered(event: dict[str, Any]) -> None:
        if CHARTS not in urlsplit(event["response"]["url"]).path:
            kinds[event["requestId"]] = KINDS.get(event["type"].lower(), "images and the rest")

    def finished(event: dict[str, Any]) -> None:
        kind = kinds.get(event["requestId"])
        if kind:
            visit.bytes_of[kind] = visit.bytes_of.get(kind, 0) + int(event["encodedDataLength"])

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")
