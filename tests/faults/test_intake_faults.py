"""Nothing lost, nothing doubled on the way in: duplicates, disorder, parallel work and kill -9 at random moments."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connections

from otklik.channels import intake
from otklik.channels.models import RawEvent
from otklik.channels.protocol import RawEvent as Raw
from otklik.inbox.models import Conversation, Message
from otklik.kernel import clock, outbox
from otklik.kernel.models import IndexedText, Outbox
from tests.support import children

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

PEOPLE = 12
EVENTS = 400
KILLS = 50


def _events(rng: random.Random) -> list[Raw]:
    """Messages of several people; each delivered one to five times, in any order."""
    found = []
    for number in range(EVENTS):
        person = rng.randrange(PEOPLE)
        payload = {
            "id": f"m{number}",
            "author": {"id": f"p{person}", "name": f"Клиент {person}"},
            "text": f"Сообщение {number} про заказ",
            "thread": f"chat-{person}",
        }
        raw = Raw(f"k{number}", json.dumps(payload).encode(), "application/json")
        found += [raw] * rng.randint(1, 5)
    rng.shuffle(found)
    return found


def _assert_each_exactly_once() -> None:
    messages = Counter(Message.objects.filter(direction="in").values_list("external_id", flat=True))
    assert len(messages) == EVENTS
    assert set(messages.values()) == {1}
    assert RawEvent.objects.filter(state="parsed").count() == EVENTS
    people = {message.author_address for message in Message.objects.filter(direction="in")}
    assert Conversation.objects.count() == len(people)
    assert IndexedText.objects.filter(kind="message").count() == EVENTS
    counted = sum(Conversation.objects.values_list("message_count", flat=True))
    assert counted == EVENTS
    assert not Outbox.objects.exclude(state="done").exists()


def test_every_event_delivered_one_to_five_times_in_parallel_and_out_of_order_counts_once(
    demo_channel: Any,
) -> None:
    rng = random.Random(children.seed())
    events = _events(rng)
    parts = [events[start::4] for start in range(4)]

    def deliver(part: list[Raw]) -> None:
        try:
            for start in range(0, len(part), 7):
                intake.store(demo_channel, part[start : start + 7])
                outbox.drain(limit=1)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=deliver, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _drain_all()
    _assert_each_exactly_once()


def _drain_all() -> None:
    """Work what is left, also what a lost race put off for some seconds."""
    Outbox.objects.filter(state="ready").update(run_after=_past())
    while outbox.drain():
        Outbox.objects.filter(state="ready").update(run_after=_past())


def _past() -> Any:
    return clock.ago(1)


def test_kill_minus_nine_at_fifty_random_moments_loses_and_doubles_nothing(
    demo_channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(children.seed())
    events = _events(rng)
    monkeypatch.setattr(outbox, "LEASE", 0.2)

    def work() -> None:
        # the far end repeats what was not acknowledged, and it cannot know: so it repeats everything
        for start in range(0, len(events), 20):
            intake.store(demo_channel, events[start : start + 20])
            outbox.drain()

    hit = children.kill_at_random_moments(work, kills=KILLS, shortest=0.005, longest=0.15, rng=rng)
    assert hit >= KILLS

    def rest() -> None:
        work()
        _drain_all()

    children.finish(rest)
    _assert_each_exactly_once()
