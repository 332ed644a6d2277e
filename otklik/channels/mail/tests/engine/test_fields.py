"""Addresses, dates, ids."""

from __future__ import annotations

import pytest

from otklik.channels.mail.engine import Address
from otklik.channels.mail.tests.engine.builders import codes, read, word


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("Ivan Petrov <Ivan@EXAMPLE.RU>", "Ivan Petrov", "Ivan@example.ru"),
        (f"{word('Иван Петров')} <i@x.ru>", "Иван Петров", "i@x.ru"),
        (f'"{word("Иван", "koi8-r")}" <i@x.ru>', "Иван", "i@x.ru"),
        ("i@x.ru (Иван Петров)", "Иван Петров", "i@x.ru"),
        ('"Петров, Иван" <i@x.ru>', "Петров, Иван", "i@x.ru"),
        ("Иван <i@x.ru>", "Иван", "i@x.ru"),
        ("i@x.ru", "", "i@x.ru"),
        ("<i@x.ru>", "", "i@x.ru"),
        ("<<i@x.ru>>", "", "i@x.ru"),
        ("i@x.ru <i@x.ru>", "", "i@x.ru"),
        ("'Иван' <mailto:i@x.ru>", "Иван", "i@x.ru"),
        (word("Иван <i@x.ru>"), "Иван", "i@x.ru"),
        ("Иван < i @ x.ru >", "Иван", "i@x.ru"),
        ("Иван <иван@почта.рф>", "Иван", "иван@почта.рф"),
        ('"Иван \\"Ваня\\" Петров" <i@x.ru>', 'Иван "Ваня" Петров', "i@x.ru"),
    ],
)
def test_a_sender_is_read_however_it_is_written(value: str, name: str, address: str) -> None:
    assert read(From=value).sender == Address(name, address)


def test_a_sender_without_address_keeps_the_name() -> None:
    parsed = read(From="Иван Петров")
    assert parsed.sender == Address("Иван Петров", "")
    assert "bad_address" in codes(parsed)


def test_no_sender_is_a_problem_and_null() -> None:
    parsed = read(From="")
    assert parsed.sender is None
    assert codes(parsed) == ["no_from"]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("a@x.ru, b@x.ru", ["a@x.ru", "b@x.ru"]),
        ("a@x.ru; b@x.ru", ["a@x.ru", "b@x.ru"]),
        ("undisclosed-recipients:;", []),
        ("Отдел: a@x.ru, b@x.ru;", ["a@x.ru", "b@x.ru"]),
        ("a@x.ru,, ,b@x.ru,", ["a@x.ru", "b@x.ru"]),
        ("a@x.ru b@x.ru", ["a@x.ru", "b@x.ru"]),
        ("<a@x.ru> <b@x.ru>", ["a@x.ru", "b@x.ru"]),
        ('<"">', []),
        ('"Иванов, Иван" <a@x.ru>, b@x.ru', ["a@x.ru", "b@x.ru"]),
    ],
)
def test_lists_of_recipients_are_split(value: str, wanted: list[str]) -> None:
    assert [person.address for person in read(To=value).to] == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Thu, 29 Oct 2026 14:11:00 +0300", "2026-10-29T14:11:00+03:00"),
        ("29 Oct 26 14:11 +0300", "2026-10-29T14:11:00+03:00"),
        ("Чт, 29 окт 2026 14:11:00 +0300", "2026-10-29T14:11:00+03:00"),
        ("29 октября 2026 г. 14:11:00 MSK", "2026-10-29T14:11:00+03:00"),
        ("Thu, 29 Oct 2026 14:11:00 GMT", "2026-10-29T14:11:00+00:00"),
        ("Thu Oct 29 14:11:00 2026 +0300", "2026-10-29T14:11:00+03:00"),
        ("2026-10-29T14:11:00+03:00", "2026-10-29T14:11:00+03:00"),
        ("2026-10-29 14:11:00Z", "2026-10-29T14:11:00+00:00"),
        ("29.10.2026 14:11:00 +0300", "2026-10-29T14:11:00+03:00"),
        ("Thu, 29 Oct 2026 02:11:00 PM +0300", "2026-10-29T14:11:00+03:00"),
        ("Thu, 29 Oct 2026 14:11:00 +0300 (MSK)", "2026-10-29T14:11:00+03:00"),
    ],
)
def test_dates_are_read_tolerantly(value: str, wanted: str) -> None:
    parsed = read(Date=value)
    assert (parsed.date, codes(parsed)) == (wanted, [])


def test_a_date_without_zone_is_utc_with_a_problem() -> None:
    parsed = read(Date="29 Oct 2026 14:11:00")
    assert (parsed.date, codes(parsed)) == ("2026-10-29T14:11:00+00:00", ["date_no_zone"])


@pytest.mark.parametrize(
    "value", ["вчера", "99 Oct 2026 14:11 +0300", "29 Oct 2026", "29 Oct 2026 25:00 +0300", "0/0/0"]
)
def test_an_impossible_date_is_null(value: str) -> None:
    parsed = read(Date=value)
    assert (parsed.date, codes(parsed)) == (None, ["bad_date"])


def test_references_are_unfolded_and_each_once() -> None:
    parsed = read(References="<a@x>\r\n <b@x>\t<a@x> <c\r\n @x>", In_Reply_To="Your message <c@x>")
    assert parsed.references == ("a@x", "b@x", "c@x")
    assert parsed.in_reply_to == "c@x"
    assert parsed.thread_ids == ("c@x", "b@x", "a@x")


@pytest.mark.parametrize("value", ["<m@x>", "m@x", " <m@x> (added by gate)", "<m@x", "< m@x >"])
def test_message_ids_lose_their_brackets(value: str) -> None:
    assert read(Message_ID=value).message_id == "m@x"


def test_participants_are_everyone_once_in_lower_case() -> None:
    parsed = read(From="A@x.ru", Reply_To="b@x.ru", To="a@x.ru, C@x.ru", Cc="d@x.ru")
    assert parsed.participants == ("a@x.ru", "b@x.ru", "c@x.ru", "d@x.ru")


def test_a_folded_subject_without_indent_is_still_the_subject() -> None:
    parsed = read(Subject="Длинная тема\r\nпродолжение темы")
    assert parsed.subject == "Длинная тема продолжение темы"
    assert codes(parsed) == ["broken_headers"]


def test_nul_and_control_signs_leave_the_subject() -> None:
    assert read(Subject="За\x00каз\x07").subject == "Заказ"
