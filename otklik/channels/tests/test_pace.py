"""How fast a sender writes, by stored counters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from otklik.channels import pace
from otklik.channels.models import SenderPace
from otklik.kernel import clock

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROBOT = "robot@mail.test"


def write(
    account: Any, number: int, *, every: float, start: datetime = MORNING, place: int = 1
) -> list[bool]:
    moments = [start + timedelta(seconds=every * one) for one in range(number)]
    return [bool(pace.note(account.pk, [pace.Came(ROBOT, at, place)])) for at in moments]


def test_the_limit_is_more_than_twenty_in_any_hour(demo_channel: Any) -> None:
    assert write(demo_channel, pace.LIMIT, every=60) == [False] * pace.LIMIT
    assert not pace.is_limited(demo_channel.pk, ROBOT, MORNING)
    last = MORNING + timedelta(seconds=3599)
    assert pace.note(demo_channel.pk, [pace.Came(ROBOT, last, 1)])
    with clock.at(last):
        assert pace.is_limited(demo_channel.pk, ROBOT, last)
        assert [one.held for one in pace.limited(demo_channel.pk)] == [1]


def test_who_writes_slowly_is_never_limited_however_long(demo_channel: Any) -> None:
    slowly = pace.WINDOW / pace.LIMIT + 1
    assert not any(write(demo_channel, 300, every=slowly))
    assert len(SenderPace.objects.get().recent) <= pace.LIMIT + 1


def test_the_notice_comes_once_in_each_place_and_anew_after_a_quiet_time(demo_channel: Any) -> None:
    assert sum(write(demo_channel, 100, every=10)) == 1
    later = MORNING + timedelta(seconds=1000)
    assert write(demo_channel, 3, every=10, start=later, place=2) == [True, False, False]
    assert SenderPace.objects.get().held == 83
    next_day = MORNING + timedelta(days=1)
    assert sum(write(demo_channel, 30, every=10, start=next_day)) == 1


def test_it_ends_an_hour_after_the_last_message_beyond_the_limit(demo_channel: Any) -> None:
    write(demo_channel, 30, every=10)
    last = MORNING + timedelta(seconds=290)
    with clock.at(last + timedelta(seconds=3599)):
        assert pace.is_limited(demo_channel.pk, ROBOT, clock.now())
    with clock.at(last + timedelta(seconds=3601)):
        assert not pace.is_limited(demo_channel.pk, ROBOT, clock.now())
        assert not pace.limited(demo_channel.pk)
        # what came while it was too much stays without an automatic answer
        assert pace.is_limited(demo_channel.pk, ROBOT, last)


def test_senders_and_accounts_are_counted_apart(demo_channel: Any, company: Any) -> None:
    other = type(demo_channel).objects.create(
        organisation=company, kind="demo", name="Вторая", created_at=clock.now()
    )
    write(demo_channel, 30, every=1)
    with clock.at(MORNING + timedelta(seconds=60)):
        assert pace.is_limited(demo_channel.pk, ROBOT, clock.now())
        assert not pace.is_limited(other.pk, ROBOT, clock.now())
        assert not pace.is_limited(demo_channel.pk, "anna@mail.test", clock.now())


def test_counting_costs_the_same_however_much_was_written(demo_channel: Any) -> None:
    write(demo_channel, 500, every=1)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        pace.note(demo_channel.pk, [pace.Came(ROBOT, MORNING + timedelta(seconds=600), 1)])
    assert len(queries) == 2


def test_counters_of_the_silent_are_forgotten(demo_channel: Any) -> None:
    write(demo_channel, 1, every=1)
    with clock.at(MORNING + timedelta(days=1)):
        assert pace.forget() == 0
    with clock.at(MORNING + timedelta(days=3)):
        assert pace.forget() == 1


def test_many_at_once_count_as_one_by_one_and_in_three_statements(demo_channel: Any) -> None:
    pace.note(demo_channel.pk, [pace.Came(ROBOT, MORNING, 1)])
    came = [
        pace.Came(address, MORNING + timedelta(seconds=number), number)
        for number in range(pace.LIMIT + 5)
        for address in (ROBOT, "new@mail.test")
    ]
    with CaptureQueriesContext(connection) as queries:
        told = pace.note(demo_channel.pk, came)
    assert len(queries) == 3
    assert [one.place for one in told if one.address == ROBOT] == [19, 20, 21, 22, 23, 24]
    assert [one.place for one in told if one.address != ROBOT] == [20, 21, 22, 23, 24]
    assert {row.address: row.held for row in SenderPace.objects.all()} == {ROBOT: 6, "new@mail.test": 5}
