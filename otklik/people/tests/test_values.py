"""What shops and people write is understood."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest

from otklik.people.engine import mapping, table
from otklik.people.engine.values import (
    parse_email,
    parse_moment,
    parse_money,
    parse_phone,
    parse_yes,
    show_phone,
)
from otklik.people.tests.conftest import MOSCOW


@pytest.mark.parametrize(
    "text", ["8 (916) 123-45-67", "+7 916 123 45 67", "79161234567", "8-916-123-45-67", "89161234567 доб. 12"]
)
def test_a_russian_phone_has_one_form_however_it_is_written(text):
    assert parse_phone(text) == "+79161234567"


def test_a_foreign_phone_keeps_its_country():
    assert parse_phone("+49 30 901820") == "+4930901820"


@pytest.mark.parametrize("text", ["", "12", "позвоните мне", "С-204518", "0" * 80])
def test_what_is_no_phone_is_not_taken_for_one(text):
    assert parse_phone(text) is None


def test_a_phone_is_shown_in_groups():
    assert show_phone("+79161234567") == "+7 916 123-45-67"


@pytest.mark.parametrize(
    ("text", "sum_"),
    [
        ("54 990,00 ₽", "54990.00"),
        ("54\u202f990\u00a0₽", "54990.00"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("3490 руб.", "3490.00"),
        ("12,5", "12.50"),
        ("54,990", "54990.00"),
    ],
)
def test_a_sum_is_read_in_every_notation(text, sum_):
    assert parse_money(text) == Decimal(sum_)


@pytest.mark.parametrize("text", ["", "даром", "-5", "1e9", "99999999999,00"])
def test_what_is_no_sum_is_refused(text):
    assert parse_money(text) is None


@pytest.mark.parametrize("text", ["14.11.2025", "14/11/25", "14 ноября 2025 г.", "2025-11-14"])
def test_a_day_is_midnight_of_the_companys_zone(text):
    assert parse_moment(text, MOSCOW) == datetime(2025, 11, 14, tzinfo=MOSCOW)


def test_a_moment_with_a_zone_keeps_it():
    moment = parse_moment("2025-11-14T10:00:00+05:00", MOSCOW)
    assert moment is not None and moment.utcoffset() == timedelta(hours=5)


@pytest.mark.parametrize("text", ["31.02.2025", "завтра", "14.11.1025", "13.13.2025"])
def test_a_day_that_does_not_exist_is_refused(text):
    assert parse_moment(text, MOSCOW) is None


def test_mail_addresses_are_compared_in_lower_case():
    assert parse_email(" Anna@Example.RU ") == "anna@example.ru" and parse_email("anna@") is None


def test_yes_and_no_are_understood_and_the_rest_is_not_guessed():
    assert (parse_yes("Да"), parse_yes("нет"), parse_yes("14.11.2025")) == (True, False, None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_table_is_recognised_in_any_encoding_and_delimiter(encoding, delimiter):
    text = f'Номер{delimiter}Покупатель\r\n"С-1"{delimiter}"Белова{delimiter} Анна"\r\n'
    file = BytesIO(text.encode(encoding))
    form = table.recognise(file)
    assert form.columns == ("Номер", "Покупатель")
    assert list(table.rows(file, form)) == [(2, ["С-1", f"Белова{delimiter} Анна"])]


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "empty"), (b"PK\x03\x04xlsx", "binary"), (b"one column\nrow\n", "one_column")]
)
def test_a_file_that_is_no_table_says_what_it_is(content, code):
    with pytest.raises(table.Unreadable) as refusal:
        table.recognise(BytesIO(content))
    assert refusal.value.code == code


def test_columns_of_a_usual_export_are_found_by_their_names():
    columns = [
        "Номер заказа",
        "Дата заказа",
        "ФИО",
        "E-mail",
        "Телефон",
        "Сумма",
        "Срок доставки",
        "Доставлен",
    ]
    found = mapping.guess(columns)
    assert {columns[at]: field for field, at in found.items()} == {
        "Номер заказа": "number",
        "Дата заказа": "ordered_at",
        "ФИО": "name",
        "E-mail": "email",
        "Телефон": "phone",
        "Сумма": "total",
        "Срок доставки": "promised_at",
        "Доставлен": "delivered_at",
    }


def test_items_are_read_with_their_quantities():
    (row,) = mapping.from_json([{"number": "1", "items": "Чайник × 2; Кабель, 3 шт.; Плита"}], MOSCOW)
    assert isinstance(row, mapping.OrderRow)
    assert [(item["name"], item["quantity"]) for item in row.values["items"]] == [
        ("Чайник", 2),
        ("Кабель", 3),
        ("Плита", 1),
    ]
