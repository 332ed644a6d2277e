"""Personal data is found with its kind and place, and numbers of orders are not taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otklik.analysis.engine import personal


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in personal.find(text)]


@pytest.mark.parametrize(
    ("text", "kind", "span"),
    [
        ("Звоните +7 916 123-45-67 вечером", "phone", "+7 916 123-45-67"),
        ("мой номер 8(916)1234567", "phone", "8(916)1234567"),
        ("тел. 89161234567", "phone", "89161234567"),
        ("наберите 123-45-67", "phone", "123-45-67"),
        ("мій телефон 067 123 45 67", "phone", "067 123 45 67"),
        ("+380 67 123 45 67", "phone", "+380 67 123 45 67"),
        ("Списали с карты 4276 1600 0000 0001 дважды", "card", "4276 1600 0000 0001"),
        ("карта 4111111111111111", "card", "4111111111111111"),
        ("ИНН 7707083893, ответьте", "inn", "7707083893"),
        ("инн физлица 500100732259", "inn", "500100732259"),
        ("СНИЛС 112-233-445 95", "snils", "112-233-445 95"),
        ("паспорт 45 10 123456 выдан", "passport", "45 10 123456"),
        ("Пишите на anna.belova+shop@mail.ru, жду", "email", "anna.belova+shop@mail.ru"),
        ("Живу: ул. Ленина, д. 15, кв. 8, третий этаж", "address", "ул. Ленина, д. 15, кв. 8"),
        ("привезите на Невский проспект 28", "address", "Невский проспект 28"),
        ("проспект Мира 119 корп. 2", "address", "проспект Мира 119 корп. 2"),
        ("счёт 40817810099910004312", "other", "40817810099910004312"),
        ("IBAN DE89 3704 0044 0532 0130 00", "other", "DE89 3704 0044 0532 0130 00"),
        ("дата рождения 12.03.1985", "other", "дата рождения 12.03.1985"),
    ],
)
def test_personal_data_is_found_with_its_kind_and_place(text: str, kind: str, span: str) -> None:
    assert found(text) == [(kind, span)]


@pytest.mark.parametrize(
    "text",
    [
        "заказ 12345678901 до сих пор едет",
        "Заказ № 89161234567 не пришёл",
        "трек-номер 80087654321098",
        "карта 4111111111111112",  # the control digit does not hold
        "ИНН 7707083894",
        "СНИЛС 112-233-445 96",
        "цена 1 299 000 рублей, через 2 недели 1 350 000",
        "с 10 до 18, 12.11.2026 в 14:30",
        "номер чека 0001 0002 0003",
        "ул. полностью перекрыта",
        "дом 2 этажа",
        "версия 10.0.19045.3570",
        "5 звёзд из 5, 100% рекомендую",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_masking_keeps_the_length_and_hides_letters_and_digits() -> None:
    text = "Я Анна, +7 916 123-45-67, a@b.ru"
    hidden = personal.mask(text)
    assert len(hidden) == len(text)
    assert hidden == "Я Анна, +• ••• •••-••-••, •@•.••"


@given(st.text(max_size=400))
def test_any_text_gives_spans_inside_it_that_do_not_overlap(text: str) -> None:
    spans = [(one.start, one.end) for one in personal.find(text)]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(left[1] <= right[0] for left, right in zip(spans, spans[1:], strict=False))
