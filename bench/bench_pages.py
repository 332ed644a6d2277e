"""Server time of the inbox's pages and of search, with a year of conversations in the database."""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from bench.row import Row, at_most, percentile
from bench.stand import TITLES, databases, measured

if TYPE_CHECKING:
    from bench.filling import Cast

NAME = "Pages"
BUDGET = "list, thread, counts: p95 < 100 ms; search: p95 < 150 ms"
TIMEOUT = 300
SIZE = {"small": (10_000, 100_000), "full": (100_000, 1_000_000)}
TIMES = 40
PAGE_MS, SEARCH_MS = 100.0, 150.0
WORDS = {
    "one frequent word": (
        "доставка",
        "заказ",
        "магазин",
        "холодильник",
        "спасибо",
        "деньги",
        "номер",
        "сегодня",
    ),
    "two words": ("холодильник доставка", "возврат денег", "мастер звонок", "новый адрес", "заказ отмена"),
    "a rare word": (),  # order numbers, made below
    "no hit": ("тригонометрия", "абракадабра", "щелкунчик"),
}


def run(size: str) -> list[Row]:
    conversations, messages = SIZE[size]
    rows: list[Row] = []
    for kind in databases():
        found = measured("bench.bench_pages", "pages", kind, conversations=conversations, messages=messages)
        title = TITLES[kind]
        rows.append(
            Row(f"{title}, filling {messages:,} messages".replace(",", " "), found.pop("filling"), "s")
        )
        for name, (milliseconds, processor) in found.items():
            budget = SEARCH_MS if name.startswith("search") else PAGE_MS
            text = f"{title}, {name}, p95 (processor {processor:.0f} ms)"
            rows.append(at_most(text, milliseconds, "ms", budget=budget))
        limit = at_most("", 0, "", limit_name="sqlite_reads" if kind == "sqlite" else "postgres_commits")
        rows.append(Row(f"{title}, {limit.limit_name}", limit.limit or 0.0, ""))
    return rows


def pages(conversations: int, messages: int) -> dict[str, Any]:
    """In the child: fill, warm up, then each kind of request TIMES times; p95 in ms, by the clock and the processor."""
    from bench.filling import cast, fill  # noqa: PLC0415 Django is ready only now
    from bench.stand import administrator  # noqa: PLC0415

    who = cast(administrator())
    started = time.perf_counter()
    fill(who, conversations, messages)
    found: dict[str, Any] = {"filling": time.perf_counter() - started}
    gc.collect()
    gc.freeze()  # a web process has not filled the database: what that left behind is not walked at every request
    ask = _client(who)
    for name, addresses in _requests(who, conversations).items():
        for address in addresses[:3]:
            ask(address)
        taken = [ask(address) for address in addresses]
        found[name] = [percentile([one[column] for one in taken], 0.95) for column in (0, 1)]
        sys.stderr.write(f"{name}: {found[name]} ms\n")
    return found


def _client(who: Cast) -> Callable[[str], tuple[float, float]]:
    from django.test import Client  # noqa: PLC0415

    client = Client()
    client.force_login(who.users[1])

    def ask(address: str) -> tuple[float, float]:
        started, busy = time.perf_counter(), time.process_time()
        answer = client.get(address)
        taken = (time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
        return taken

    return ask


def _requests(who: Cast, conversations: int) -> dict[str, list[str]]:
    rng = random.Random(3)
    labels = [one.pk for one in who.labels]
    users = [one.pk for one in who.users]
    teams = [one.pk for one in who.teams]
    filters = [
        "?view=all&state=closed", "?view=mine", "?view=unassigned", "?view=team", "?view=waiting", "?view=snoozed",
        "?view=all&channel=vk", "?view=all&channel=review&rating=1&rating=2", "?view=all&order=oldest",
        "?view=all&order=waiting", "?view=all&since=2026-06-01&until=2026-06-30&state=closed&state=open",
    ]  # fmt: skip
    filters += [f"?view=all&label={pk}&state=closed&state=open" for pk in labels[:4]]
    filters += [f"?view=all&assignee={pk}&state=closed" for pk in users[:4]]
    filters += [f"?view=all&team={pk}" for pk in teams]
    read = [
        "?intent=complaint&tone=negative", "?priority=P1&priority=P2", "?safety=yes", "?rumour=serious",
        "?abuse=threat", "?signals=legal_threat&sure=1", "?cause=fraud&state=closed",
        "?tone=negative&state=closed&state=open",
        "?cause=delivery_late&intent=question", "?lang=kk&severity=4", "?unsure=cause", "?abuse=none&impact=mass",
        "?tone=positive&intent=complaint&state=closed&severity=4",
    ]  # fmt: skip
    ordered = [
        f"?order={name}{more}"
        for name in ("priority", "severity", "urgency", "unsure", "tone", "cause", "signals", "lang")
        for more in ("", "&intent=complaint", "&state=closed")
    ]
    found = {
        "list": ["/inbox/"] * TIMES,
        "list with filters": [f"/inbox/{one}" for one in _cycle(filters, TIMES)],
        "list by what was read": [f"/inbox/{one}" for one in _cycle(read, TIMES)],
        "list in order of what was read": [f"/inbox/{one}" for one in _cycle(ordered, TIMES)],
        "the queue unsure": ["/inbox/?view=unsure"] * (TIMES // 4),
        "thread": [f"/inbox/{rng.randint(1, conversations)}/" for _ in range(TIMES)],
        "thread of 500 messages": [f"/inbox/{_long(conversations)}/"] * 5,
        "counts": ["/inbox/counts/"] * TIMES,
    }
    for name, words in WORDS.items():
        chosen = words or _numbers(rng)
        found[f"search, {name}"] = [f"/inbox/?q={word}" for word in _cycle(chosen, TIMES)]
    return found


def _long(conversations: int) -> int:
    from otklik.inbox.models import Conversation  # noqa: PLC0415

    return int(Conversation.objects.order_by("-message_count").values_list("pk", flat=True)[0])


def _numbers(rng: random.Random) -> list[str]:
    """Order numbers that stand in stored texts: words that one message in a hundred thousand holds."""
    from otklik.inbox.models import Message  # noqa: PLC0415

    texts: Any = (
        Message.objects.filter(text__contains="С-").order_by("pk").values_list("text", flat=True)[:4000]
    )
    found = [text.partition("С-")[2][:6] for text in texts]
    return [f"С-{one}" for one in rng.sample([one for one in found if one.isdigit()], 20)]


def _cycle(values: Any, count: int) -> Iterator[str]:
    values = list(values)
    return (values[number % len(values)] for number in range(count))
