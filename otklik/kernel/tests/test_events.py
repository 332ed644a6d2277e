"""Events are read without losing a row, also when transactions end in another order than they began."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from otklik.kernel import clock, events
from otklik.kernel.models import Event


def texts(found: list[Event]) -> list[str]:
    return [event.payload["text"] for event in found]


def everything_older_has_ended() -> None:
    """On PostgreSQL a reader waits for every older writer of the server, also of other databases (tests beside us)."""
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while connection.vendor == "postgresql" and time.monotonic() < deadline:
            cursor.execute(
                "SELECT coalesce(max(txid), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
                " FROM kernel_event"
            )
            if cursor.fetchone()[0]:
                return
            threading.Event().wait(0.1)


def publish(text: str, organisation_id: int = 1) -> None:
    with transaction.atomic():
        events.publish("test", organisation_id, text=text)


@pytest.mark.django_db(transaction=True)
def test_a_reader_sees_every_event_once_in_order():
    start = events.latest()
    for number in range(5):
        publish(str(number))
    everything_older_has_ended()
    first = events.after(start, limit=3)
    rest = events.after(events.position(first[-1]))
    assert texts(first + rest) == ["0", "1", "2", "3", "4"]
    assert events.after(events.latest()) == []


@pytest.mark.django_db(transaction=True)
def test_a_reader_of_one_company_sees_only_its_own():
    start = events.latest()
    publish("ours", 1)
    publish("theirs", 2)
    everything_older_has_ended()
    assert texts(events.after(start, organisation_id=1)) == ["ours"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_ends_late_is_not_skipped():
    """Trap 1: the first writer takes its id and commits last; a reader by id alone would lose its row."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL gives ids out of the order of commits")
    start = events.latest()
    written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            events.publish("test", 1, text="slow")
            written.set()
            assert may_commit.wait(20)
        connection.close()

    worker = threading.Thread(target=slow)
    worker.start()
    assert written.wait(20)
    publish("quick")
    early = events.after(start)
    cursor = events.position(early[-1]) if early else start
    may_commit.set()
    worker.join(20)
    everything_older_has_ended()
    late = events.after(cursor)
    assert sorted(texts(early + late)) == ["quick", "slow"]
    assert texts(early) == []  # nothing is shown while something older may still appear


@pytest.mark.django_db(transaction=True)
def test_what_is_published_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError):
        events.publish("test", 1)


@pytest.mark.parametrize("text", ["", "x", "1", "1.", ".2", "-1.2", "1.2.3", "²."])
def test_an_unreadable_cursor_is_the_beginning(text):
    assert events.Cursor.parse(text) == events.Cursor()


def test_a_cursor_survives_its_way_through_a_browser():
    cursor = events.Cursor(12, 345)
    assert events.Cursor.parse(str(cursor)) == cursor


@pytest.mark.django_db(transaction=True)
def test_old_events_are_forgotten():
    publish("old")
    with clock.at(clock.after(31 * 86400)):
        assert events.forget() == 1


def test_an_announcement_reaches_every_listener_and_nobody_else(monkeypatch):
    monkeypatch.setattr(events, "_handlers", {})
    heard: list[str] = []
    events.on(str, heard.append)
    events.on(str, lambda text: heard.append(text * 2))
    events.announce("a")
    events.announce(1)
    assert heard == ["a", "aa"]
