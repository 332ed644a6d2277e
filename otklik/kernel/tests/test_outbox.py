"""The outbox: what is intended is done, once where that is possible, and nothing is forgotten."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from otklik.kernel import clock, outbox, wake
from otklik.kernel.models import IndexedText, Outbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def work(monkeypatch):
    """Routes of this test alone, and what they were called with."""
    calls: list[dict] = []
    monkeypatch.setattr(outbox, "_routes", {})
    outbox.route("note", calls.append, within=False)
    return calls


def put(topic: str = "note", key: str = "k", **more) -> bool:
    with transaction.atomic():
        return outbox.put(topic, key, {"key": key}, **more)


def row(key: str = "k") -> Outbox:
    return Outbox.objects.get(key=key)


def test_an_intent_is_worked_once(work):
    assert put()
    assert outbox.drain() == 1
    assert outbox.drain() == 0
    assert not outbox.run("k")
    assert work == [{"key": "k"}]
    assert row().state == "done"


def test_the_same_key_is_one_intent(work):
    assert put() and not put()
    outbox.drain()
    assert len(work) == 1


def test_an_intent_of_a_change_that_was_rolled_back_never_was(work):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.put("note", "k", {})
        raise ZeroDivisionError
    assert outbox.drain() == 0


def test_an_intent_without_a_transaction_is_refused(work):
    with pytest.raises(RuntimeError):
        outbox.put("note", "k", {})


def test_a_lost_wake_up_is_found_by_the_sweep(work, monkeypatch):
    woken: list[str] = []
    monkeypatch.setattr(wake, "send", lambda key: None)  # the engine swallows it
    put()
    monkeypatch.setattr(wake, "send", woken.append)
    assert outbox.sweep() == 1
    assert woken == ["k"]


def test_a_queue_that_is_away_loses_nothing(work, monkeypatch):
    def away(key: str) -> None:
        raise ConnectionError("queue")

    monkeypatch.setattr(wake, "_wake", away)
    put()
    assert outbox.drain() == 1


def test_what_is_due_later_waits(work):
    put(run_after=clock.after(60))
    assert outbox.drain() == 0
    with clock.at(clock.after(61)):
        assert outbox.drain() == 1


def test_a_handler_that_asks_for_later_is_not_failing(work):
    def later(payload: dict) -> None:
        raise outbox.Later(30)

    outbox.route("later", later, within=False)
    put("later")
    outbox.drain()
    assert (row().attempts, row().state) == (0, "ready")
    assert row().run_after > clock.after(20)


def test_a_failing_handler_is_tried_less_and_less_often_and_then_is_dead(work):
    def fail(payload: dict) -> None:
        raise ValueError("broken")

    outbox.route("fail", fail, within=False)
    put("fail")
    for hour in range(outbox.MAX_ATTEMPTS + 3):
        with clock.at(clock.after(5000 * hour)):
            outbox.drain()
    assert (row().state, row().attempts) == ("dead", outbox.MAX_ATTEMPTS)
    assert row().last_error == "ValueError: broken"


def test_a_dead_intent_can_be_given_another_life(work):
    put()
    Outbox.objects.update(state="dead", attempts=12)
    mine = row().organisation_id
    assert outbox.revive(row().pk, (mine or 0) + 1) is None  # another organisation's
    assert outbox.revive(row().pk, mine) == row().topic
    assert outbox.revive(row().pk, mine) is None
    outbox.drain()
    assert row().state == "done"


def test_a_topic_without_handler_is_kept(work):
    put("unknown")
    outbox.drain()
    assert row().state == "ready"
    assert "unknown" in row().last_error


def test_effect_and_done_are_one_transaction_within(work):
    def half(payload: dict) -> None:
        IndexedText.objects.create(organisation_id=1, kind="t", object_id=1, group_id=1, tokens="")
        raise ValueError("after the write")

    outbox.route("half", half, within=True)
    put("half")
    outbox.drain()
    assert not IndexedText.objects.exists()
    assert row().state == "ready"


def test_a_claimed_row_is_invisible_until_its_lease_ends(work):
    put()
    Outbox.objects.update(run_after=clock.after(outbox.LEASE))  # what a process leaves that died at work
    assert not outbox.run("k")
    with clock.at(clock.after(outbox.LEASE + 1)):
        assert outbox.run("k")
    assert len(work) == 1


def test_two_workers_that_are_woken_for_one_row_work_it_once(work):
    put()
    gate = threading.Barrier(4)
    results: list[bool] = []

    def worker() -> None:
        gate.wait(20)
        results.append(outbox.run("k"))
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert sorted(results) == [False, False, False, True]
    assert len(work) == 1


def test_finished_rows_are_forgotten_after_a_week_and_others_are_kept(work):
    put(key="done")
    outbox.drain()
    put(key="open", run_after=clock.after(30 * 86400))
    with clock.at(clock.after(8 * 86400)):
        assert outbox.forget_done() == 1
    assert list(Outbox.objects.values_list("key", flat=True)) == ["open"]


def joined(one: dict, other: dict) -> dict | None:
    keys = [*one.get("keys", [one.get("key")]), *other.get("keys", [other.get("key")])]
    return {"keys": keys} if len(keys) <= 3 else None


def test_what_waits_behind_a_row_is_worked_with_it_as_far_as_it_fits(work):
    outbox.route("note", work.append, within=False, join=joined)
    for number in range(5):
        put(key=f"k{number}")
    assert outbox.run("k1")
    assert work == [{"keys": ["k1", "k0", "k2"]}]
    assert not outbox.run("k0"), "it is done already"
    assert set(Outbox.objects.filter(state="ready").values_list("key", flat=True)) == {"k3", "k4"}


def test_rows_that_failed_together_come_again_each_alone(work):
    tried: list[dict] = []

    def handler(payload: dict) -> None:
        tried.append(payload)
        if "k1" in payload.get("keys", [payload.get("key")]):
            raise ValueError

    outbox.route("note", handler, within=False, join=joined)
    for number in range(3):
        put(key=f"k{number}")
    outbox.run("k0")
    assert tried == [{"keys": ["k0", "k1", "k2"]}]
    assert [row(f"k{number}").attempts for number in range(3)] == [1, 1, 1]
    Outbox.objects.update(run_after=clock.now())
    outbox.drain()
    assert tried[1:] == [{"key": "k0"}, {"key": "k1"}, {"key": "k2"}]
    assert [row(f"k{number}").state for number in range(3)] == ["done", "ready", "done"]
