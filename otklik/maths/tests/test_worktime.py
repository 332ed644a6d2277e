"""Working time: weeks, days that differ, nights when the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.maths import worktime
from otklik.maths.worktime import Week

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Week.parse(
    {str(day): [["09:00", "13:00"], ["14:00", "18:00"]] for day in range(5)},
    {"2026-12-31": [["09:00", "12:00"]], "2026-11-23": []},
)
NIGHT = Week.parse({str(day): [["00:00", "06:00"], ["22:00", "24:00"]] for day in range(7)})
HOUR = 3600.0


def at(text: str, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_a_working_day_with_lunch_has_eight_hours():
    assert worktime.seconds_between(OFFICE, MOSCOW, at("2026-11-24"), at("2026-11-25")) == 8 * HOUR


def test_a_question_on_friday_evening_is_an_hour_old_on_monday_at_ten():
    assert worktime.seconds_between(OFFICE, MOSCOW, at("2026-11-27T19:30"), at("2026-11-30T10:00")) == HOUR


def test_a_holiday_and_a_short_day_count_as_the_exceptions_say():
    assert worktime.seconds_between(OFFICE, MOSCOW, at("2026-11-23"), at("2026-11-24")) == 0
    assert worktime.seconds_between(OFFICE, MOSCOW, at("2026-12-31"), at("2027-01-01")) == 3 * HOUR


def test_four_hours_from_friday_three_end_on_monday_and_skip_the_lunch():
    due = worktime.add_seconds(OFFICE, MOSCOW, at("2026-11-27T15:00"), 8 * HOUR)
    assert due == at("2026-11-30T15:00")


def test_the_night_of_the_spring_change_is_an_hour_shorter_and_the_autumn_one_longer():
    spring = worktime.seconds_between(
        NIGHT, BERLIN, at("2026-03-28T22:00", BERLIN), at("2026-03-29T06:00", BERLIN)
    )
    autumn = worktime.seconds_between(
        NIGHT, BERLIN, at("2026-10-24T22:00", BERLIN), at("2026-10-25T06:00", BERLIN)
    )
    assert (spring, autumn) == (7 * HOUR, 9 * HOUR)


def test_work_that_begins_in_the_hour_that_does_not_exist_begins_after_the_jump():
    week = Week.parse({"6": [["02:30", "05:00"]]})
    opens = worktime.next_working(week, BERLIN, at("2026-03-29T00:00", BERLIN))
    assert opens == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_midnight_to_midnight_is_never_interrupted():
    start = at("2026-11-22T17:20")
    assert worktime.add_seconds(worktime.ALWAYS, MOSCOW, start, 30 * 24 * HOUR) == start + timedelta(days=30)


def test_a_company_that_never_opens_has_no_next_moment():
    closed = Week.parse({})
    assert worktime.next_working(closed, MOSCOW, at("2026-11-22")) is None
    assert worktime.add_seconds(closed, MOSCOW, at("2026-11-22"), 1) is None
    assert not worktime.is_working(closed, MOSCOW, at("2026-11-22"))


@pytest.mark.parametrize(
    ("week", "bad"),
    [
        ({"0": [["9", "18:00"]]}, "9"),
        ({"0": [["18:00", "09:00"]]}, "18:00–09:00"),
        ({"0": [["09:00", "24:30"]]}, "24:30"),
        ({"7": []}, "7"),
        ({"0": [["09:00"]]}, "09:00"),
    ],
)
def test_hours_that_make_no_sense_are_named(week, bad):
    with pytest.raises(worktime.BadHours) as refusal:
        Week.parse(week)
    assert refusal.value.value == bad


def test_a_day_that_does_not_exist_is_named():
    with pytest.raises(worktime.BadHours, match="2026-02-30"):
        Week.parse({}, {"2026-02-30": []})


zones = st.sampled_from(
    [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")]
)
moments = st.integers(0, 3 * 365 * 86400).map(
    lambda s: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
times = st.integers(0, 96).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
pairs = st.tuples(times, times).filter(lambda pair: pair[0] < pair[1]).map(list)
weeks = st.dictionaries(st.sampled_from([*"0123456"]), st.lists(pairs, max_size=3), min_size=1).map(
    Week.parse
)


@settings(max_examples=60, deadline=None)
@given(weeks, zones, moments, st.integers(0, 400_000))
def test_adding_seconds_and_counting_them_agree(week, zone, start, seconds):
    due = worktime.add_seconds(week, zone, start, seconds)
    if due is not None:
        assert worktime.seconds_between(week, zone, start, due) == pytest.approx(seconds)


@settings(max_examples=60, deadline=None)
@given(weeks, zones, moments, st.lists(st.integers(0, 2_000_000), min_size=2, max_size=2))
def test_counting_in_two_parts_gives_the_whole(week, zone, start, parts):
    middle, end = start + timedelta(seconds=parts[0]), start + timedelta(seconds=sum(parts))
    whole = worktime.seconds_between(week, zone, start, end)
    halves = worktime.seconds_between(week, zone, start, middle) + worktime.seconds_between(
        week, zone, middle, end
    )
    assert whole == pytest.approx(halves)
    assert 0 <= whole <= sum(parts)
    assert worktime.seconds_between(week, zone, end, start) == -whole


@settings(max_examples=60, deadline=None)
@given(weeks, zones, moments)
def test_the_next_working_moment_is_working_and_nothing_lies_before_it(week, zone, start):
    opens = worktime.next_working(week, zone, start)
    if opens is not None:
        assert worktime.is_working(week, zone, opens)
        assert worktime.seconds_between(week, zone, start, opens) == 0
