"""When does a customer like to be written to?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from otklik.people import queries
from otklik.people.engine.hours import Hours, parse_clock, parse_days, parse_zone
from otklik.people.models import Customer
from otklik.people.sentences import hours_sentence
from otklik.people.services import merging, profile

MOSCOW, FAR = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Vladivostok")


def at(text: str, zone=MOSCOW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_hours_are_those_of_the_customers_clock():
    hours = Hours("10:00", "18:00", "", FAR)
    assert hours.holds(at("2026-03-02T04:00"))  # 11:00 in Vladivostok
    assert not hours.holds(at("2026-03-02T11:00"))  # 18:00 there: the end no longer belongs
    assert hours.next(at("2026-03-02T11:00")) == at("2026-03-03T10:00", FAR)


def test_inside_the_hours_nothing_is_put_off():
    moment = at("2026-03-02T12:00")
    assert Hours("10:00", "18:00", "", MOSCOW).next(moment) == moment


def test_an_evening_may_end_after_midnight_and_belongs_to_the_day_it_began():
    hours = Hours("22:00", "01:00", "4", MOSCOW)  # Friday night
    assert hours.holds(at("2026-03-07T00:30"))  # Saturday, half past midnight
    assert not hours.holds(at("2026-03-06T00:30"))
    assert hours.next(at("2026-03-02T12:00")) == at("2026-03-06T22:00")


def test_only_days_only_a_beginning_only_an_end():
    assert Hours("", "", "5", MOSCOW).next(at("2026-03-02T12:00")) == at("2026-03-07T00:00")
    assert Hours("18:00", "", "", MOSCOW).holds(at("2026-03-02T23:59"))
    assert not Hours("18:00", "", "", MOSCOW).holds(at("2026-03-02T17:59"))
    assert Hours("", "09:00", "", MOSCOW).holds(at("2026-03-02T00:00"))


def test_on_the_night_when_clocks_change_the_hours_keep_the_wall_clock():
    berlin = ZoneInfo("Europe/Berlin")
    hours = Hours("03:00", "04:00", "", berlin)
    assert hours.next(datetime(2026, 3, 29, 0, 0, tzinfo=UTC)) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("days", ["", "0", "56", "01234"])
@pytest.mark.parametrize(
    ("since", "until"), [("10:00", "18:00"), ("22:00", "02:00"), ("18:00", ""), ("", "")]
)
def test_the_next_moment_always_lies_inside(days, since, until):
    hours = Hours(since, until, days, FAR)
    for step in range(0, 24 * 9, 5):
        moment = at("2026-03-02T00:17") + timedelta(hours=step)
        following = hours.next(moment)
        assert following >= moment and hours.holds(following)


@pytest.mark.parametrize(
    ("given", "kept"), [("9:05", "09:05"), ("18.30", "18:30"), ("24:00", None), ("вечер", None)]
)
def test_a_time_of_day_is_read_as_people_write_it(given, kept):
    assert parse_clock(given) == kept


def test_all_days_are_the_same_as_none_said():
    assert parse_days("6543210") == "" and parse_days("410") == "014" and parse_days("7") is None
    assert parse_zone("Asia/Vladivostok") == "Asia/Vladivostok" and parse_zone("../etc/passwd") is None


def test_hours_are_said_in_words():
    with translation.override("en"):
        said = hours_sentence(Hours("10:00", "18:00", "01234", ZoneInfo("Etc/UTC")))
    assert said == "10:00–18:00, Mon–Fri, Etc/UTC"


def test_a_card_keeps_hours_and_the_zone_of_the_company_when_none_is_said(anna, olga):
    anna = profile.update(anna.pk, {"contact_since": "9:00", "contact_until": "18.00"}, by=olga)
    hours = queries.hours(anna)
    assert hours is not None and (hours.since, hours.until, str(hours.zone)) == (
        "09:00",
        "18:00",
        "Europe/Moscow",
    )
    anna = profile.update(anna.pk, {"time_zone": "Asia/Vladivostok"}, by=olga)
    moved = queries.hours(anna)
    assert moved is not None and str(moved.zone) == "Asia/Vladivostok"


@pytest.mark.parametrize(
    "wrong", [{"contact_since": "утро"}, {"contact_days": "9"}, {"time_zone": "Луна/Кратер"}]
)
def test_hours_that_cannot_be_are_refused(anna, olga, wrong):
    with pytest.raises(profile.InvalidProfile) as refusal:
        profile.update(anna.pk, wrong, by=olga)
    assert set(refusal.value.errors) == set(wrong)


def test_merging_takes_hours_whole_or_not_at_all(anna, make, olga):
    profile.update(anna.pk, {"contact_since": "18:00"}, by=olga)
    kate = make(name="Катя", contact_since="09:00", contact_until="12:00", contact_days="56")
    merging.merge(anna.pk, kate.pk, by=olga)
    anna = Customer.objects.get(pk=anna.pk)
    assert (anna.contact_since, anna.contact_until, anna.contact_days) == ("18:00", "", "")
