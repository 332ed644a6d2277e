"""Dates, numbers, ratings, tones and phones as exports write them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.channels.importer.engine import values
from otklik.channels.importer.engine.dates import decide_order, parse_date, rfc3339


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("22.11.2026", "2026-11-22T00:00:00+03:00"),
        ("22.11.26 14:05", "2026-11-22T14:05:00+03:00"),
        ("22.11.2026 14:05:33", "2026-11-22T14:05:33+03:00"),
        ("22/11/2026", "2026-11-22T00:00:00+03:00"),
        ("2026-11-22T14:05:00Z", "2026-11-22T14:05:00+00:00"),
        ("2026-11-22 14:05:00.123+05:00", "2026-11-22T14:05:00+05:00"),
        ("46348", "2026-11-22T00:00:00+03:00"),
        ("46348,5", "2026-11-22T12:00:00+03:00"),
        ("1795341900", "2026-11-22T10:05:00+00:00"),
        ("1795341900000", "2026-11-22T10:05:00+00:00"),
        ("22 ноября 2026, 14:05", "2026-11-22T14:05:00+03:00"),
        ("воскресенье, 22 ноября 2026 г. в 14:05", "2026-11-22T14:05:00+03:00"),
        ("22 мая 2025", "2025-05-22T00:00:00+03:00"),
        ("14:05 22.11.2026", "2026-11-22T14:05:00+03:00"),
        ("14:05, 22 ноября 2026", "2026-11-22T14:05:00+03:00"),
        ("Nov 22, 2026 2:05 PM", "2026-11-22T14:05:00+03:00"),
        ("20261122T140500Z", "2026-11-22T14:05:00+00:00"),
        ("01.07.2013 12:00", "2013-07-01T12:00:00+04:00"),  # Moscow kept summer time all year round then
    ],
)
def test_a_date_is_read_with_its_zone(written: str, expected: str) -> None:
    when = parse_date(written)
    assert when is not None
    assert rfc3339(when.moment) == expected


@pytest.mark.parametrize(
    "written", ["", "вчера", "31.02.2026", "11/22/2026", "2026", "5", "22.11.1815", "12:30", "x" * 200]
)
def test_what_is_no_date_is_none(written: str) -> None:
    assert parse_date(written) is None


def test_a_bare_day_is_told_from_midnight() -> None:
    day, midnight = parse_date("22.11.2026"), parse_date("22.11.2026 00:00")
    assert day is not None
    assert midnight is not None
    assert (day.has_time, midnight.has_time) == (False, True)


def test_the_zone_of_the_import_is_honoured() -> None:
    when = parse_date("22.11.2026 14:05", zone=ZoneInfo("Asia/Omsk"))
    assert when is not None
    assert rfc3339(when.moment) == "2026-11-22T14:05:00+06:00"


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (["1/2/2026", "11/22/2026"], "mdy"),
        (["1/2/2026", "22/11/2026"], "dmy"),
        (["1/2/2026", "3/4/2026"], "dmy"),  # nothing proves month first
        (["11/22/2026", "22/11/2026"], "dmy"),  # a contradiction proves nothing
    ],
)
def test_american_dates_are_taken_only_when_the_column_proves_them(column: list[str], order: str) -> None:
    assert decide_order(column) == order


def test_dots_are_never_american() -> None:
    when = parse_date("01.02.2026", order="mdy")
    assert when is not None
    assert when.moment.month == 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("18 400", 18400),
        ("18\u00a0400", 18400),
        ("12,5 тыс.", 12500),
        ("1.2K", 1200),
        ("1,5 млн", 1_500_000),
        ("18,400", 18400),
        ("18.400", 18400),
        ("0", 0),
        ("7.0", 7),
        ("много", None),
        ("-5", None),
        ("", None),
    ],
)
def test_a_count_is_read(written: str, expected: int | None) -> None:
    assert values.parse_count(written) == expected


def test_a_decimal_comma_of_the_column_is_honoured() -> None:
    assert values.parse_number("12,500", decimal=",") == 12.5
    assert values.parse_number("12,500") == 12500


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("4", 4),
        ("4,5", 4.5),
        ("4/5", 4),
        ("8 из 10", 4),
        ("★★★☆☆", 3),
        ("⭐⭐", 2),
        ("80%", 4),
        ("5 звёзд", 5),
        ("1 звезда", 1),
        ("1/10", 1),
        ("0", 0),
        ("-", 0),
        ("хорошо", None),
        ("", None),
        ("4 stars", 4),
    ],
)
def test_a_rating_is_brought_to_one_to_five(written: str, expected: float | None) -> None:
    assert values.parse_rating(written) == expected


@pytest.mark.parametrize("written", ["7", "7/5", "120%"])
def test_a_rating_above_its_scale_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        values.parse_rating(written)


def test_the_scale_of_a_column_is_the_smallest_that_holds_it() -> None:
    assert [values.rating_scale(column) for column in (["3", "5"], ["3", "9"], ["40", "95"], [])] == [
        5,
        10,
        100,
        5,
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("негатив", "negative"),
        ("Негативная", "negative"),
        ("-1", "negative"),
        ("Positive", "positive"),
        ("1", "positive"),
        ("нейтрально", "neutral"),
        ("0", "neutral"),
        ("смешанная", "mixed"),
        ("10", None),
        ("непонятно", None),
        ("", None),
    ],
)
def test_a_tone_is_recognised(written: str, expected: str | None) -> None:
    assert values.parse_tone(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("8 (916) 123-45-67", "+79161234567"),
        ("+7 916 123 45 67", "+79161234567"),
        ("79161234567", "+79161234567"),
        ("9161234567", "+79161234567"),
        ("+49 30 901820", "+4930901820"),
        ("123", None),
        ("телефон", None),
    ],
)
def test_a_phone_becomes_e164(written: str, expected: str | None) -> None:
    assert values.parse_phone(written) == expected


def test_yes_and_no_are_read_and_the_rest_is_unknown() -> None:
    assert [values.parse_bool(word) for word in ("Да", "нет", "1", "0", "возможно")] == [
        True,
        False,
        True,
        False,
        None,
    ]


def test_an_address_is_taken_out_of_its_brackets() -> None:
    assert values.parse_email("Анна <Anna@Example.RU>") == "anna@example.ru"
    assert values.parse_email("anna at example") is None


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_answered_by_every_reader(text: str) -> None:
    for read in (
        parse_date,
        values.parse_count,
        values.parse_tone,
        values.parse_phone,
        values.parse_bool,
        values.parse_email,
        values.looks_like_url,
    ):
        read(text)
    try:
        values.parse_rating(text)
    except ValueError as error:
        assert error.args


@settings(max_examples=200, deadline=None)
@given(
    st.from_regex(
        r"\d{1,4}[./ -]\d{1,2}[./ -]\d{1,4}( \d{1,2}:\d{2}(:\d{2})?)?( [+-]\d{1,4})?", fullmatch=True
    )
)
def test_anything_like_a_date_is_a_date_or_none(text: str) -> None:
    when = parse_date(text)
    assert when is None or 1990 <= when.moment.year <= 2100
