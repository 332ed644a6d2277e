"""Cities in lists and case forms, days without a month, tracking numbers, and people whom no directory names."""

from __future__ import annotations

from datetime import date

import pytest

from otklik.analysis.engine import text
from otklik.analysis.engine.entities import entities

TODAY = date(2026, 11, 22)


def told(phrase: str) -> list[tuple[str, str]]:
    return [(one.kind, one.value) for one in entities(text.read([phrase]), today=TODAY)[0]]


@pytest.mark.parametrize(
    ("phrase", "names"),
    [
        ("Живу в Йошкар-Оле, брат в Алма-Ате", ["Йошкар-Ола", "Алматы"]),
        (
            "Пункты в Астане, Киеве, Минске, Кирове и Владимире закрыты",
            ["Астана", "Киев", "Минск", "Киров", "Владимир"],
        ),
        ("В Ёбурге ждём неделю", ["Екатеринбург"]),
        ("в Жуковском закрыли пункт", ["Жуковский"]),
        ("Живу в Санкт-Петербурге", ["Санкт-Петербург"]),
    ],
)
def test_cities_are_met_in_any_case_form_and_in_lists(phrase: str, names: list[str]) -> None:
    assert told(phrase) == [("city", name) for name in names]


@pytest.mark.parametrize(
    "phrase", ["в Октябрьском районе нет воды", "Мирный у вас кот", "в Советском округе темно"]
)
def test_a_district_is_no_city(phrase: str) -> None:
    assert told(phrase) == []


@pytest.mark.parametrize(
    ("phrase", "days"),
    [
        ("жду с 21-го, обещали 21-е", ["2026-11-21", "2026-11-21"]),
        ("до 3-го числа", ["2026-12-03"]),
        ("5, 9 и 12 ноября звонил", ["2026-11-05", "2026-11-09", "2026-11-12"]),
        ("с 5 по 12 ноября", ["2026-11-05", "2026-11-12"]),
        ("на 3-е сутки, 2-е место, 9-го этажа", []),
    ],
)
def test_days_without_a_month_of_their_own(phrase: str, days: list[str]) -> None:
    assert told(phrase) == [("date", day) for day in days]


@pytest.mark.parametrize(
    ("phrase", "number"),
    [
        ("трек RA123456789RU", "RA123456789RU"),
        ("RR123456785RU где оно", "RR123456785RU"),
        ("трек 80087654321098", "80087654321098"),
    ],
)
def test_tracking_numbers_are_orders(phrase: str, number: str) -> None:
    assert told(phrase) == [("order", number)]


def test_nine_digits_between_letters_prove_themselves_or_need_a_word() -> None:
    assert told("RR123456784RU где оно") == []


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("скажите слесарю Ивану Кузьмичу спасибо", "Ивану Кузьмичу"),
        ("Марину из отдела доставки позовите", "Марину"),
        ("Кузнецов А.В. нахамил", "Кузнецов А.В."),
        ("Спасибо Ольге Викторовне!", "Ольге Викторовне"),
    ],
)
def test_people_of_the_company_are_met_without_a_directory(phrase: str, name: str) -> None:
    assert told(phrase) == [("employee", name)]


@pytest.mark.parametrize(
    "phrase",
    [
        "С уважением, Кузнецов А.В.",
        "меня зовут Иванова Мария Сергеевна",
        "улица им. А. С. Пушкина",
        "Женщина из отдела",
    ],
)
def test_who_signs_is_no_employee(phrase: str) -> None:
    assert told(phrase) == []


def test_a_part_of_a_phone_is_no_sum() -> None:
    assert told("СНИЛС потерян, 8 910 123 45 67") == []
