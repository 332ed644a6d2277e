"""Every object that a text names has a tone of its own: companies, outlets, people, from the directory or by itself."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.analysis.engine import text
from otklik.analysis.engine.brands import brands, cases
from otklik.analysis.engine.entities import Gazetteer
from otklik.analysis.engine.reading import Item, Reader
from otklik.web import cli

READER = Reader()


def tones(said: str, reader: Reader = READER) -> dict[str, str]:
    (answer,) = reader.read([Item(said)])
    return {one["name"]: one["tone"] for one in answer["objects"]}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Ситилинк хороший, а ДНС ужас", {"Ситилинк": "positive", "ДНС": "negative"}),
        ("В М.Видео вежливо, зато в Эльдорадо хамят", {"М.Видео": "positive", "Эльдорадо": "negative"}),
        ("МТС и Билайн ужасны", {"МТС": "negative", "Билайн": "negative"}),
        ("Озон вернул деньги, спасибо! Пятёрочка потеряла", {"Ozon": "positive", "Пятёрочка": "negative"}),
        ("Kaspi жақсы, ал Halyk жаман", {"Kaspi": "positive", "Halyk": "negative"}),
        ("Ozon is great but Wildberries is terrible, never again", {"Ozon": "positive", "Wildberries": "negative"}),
    ],
)  # fmt: skip
def test_two_companies_in_one_text_have_two_tones(said, expected):
    assert tones(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Подняли цены у МТС, надоело. Ухожу в Теле2", {"МТС": "negative", "Tele2": "positive"}),
        ("Перешла с Билайна на МегаФон, довольна", {"Билайн": "negative", "МегаФон": "positive"}),
        ("Перешёл с Йоты на Билайн и пожалел", {"Yota": "positive", "Билайн": "negative"}),
        ("Сменил ВТБ на Сбер", {"ВТБ": "negative", "Сбербанк": "positive"}),
        ("Озон хуже Вайлдберриз", {"Ozon": "negative", "Wildberries": "positive"}),
        ("ДНС лучше, чем Ситилинк", {"ДНС": "positive", "Ситилинк": "negative"}),
        ("Ozon is worse than Amazon", {"Ozon": "negative", "Amazon": "positive"}),
        ("Сбер не лучше ВТБ", {"Сбербанк": "negative", "ВТБ": "negative"}),
    ],
)  # fmt: skip
def test_who_is_left_and_who_is_worse_is_told_by_the_sentence(said, expected):
    assert tones(said) == expected


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("тинек заблокировал карту", "Т-Банк"), ("озончик не подвёл", "Ozon"), ("в пятёрке опять очередь", "Пятёрочка"),
        ("зашла в пятерку у дома", "Пятёрочка"), ("пятерка продает просрочку", "Пятёрочка"),
        ("вайлдбериз молодцы", "Wildberries"),
        ("сидели в кафе «Ромашке»", "Ромашка"), ("купила в «Пятёрочке»", "Пятёрочка"),
    ],
)  # fmt: skip
def test_slang_and_quoted_names_have_their_base_form(said, name):
    assert list(tones(said)) == [name]


@pytest.mark.parametrize(
    "said",
    ["поставил вам пятёрку за сервис", "работа на пятерку", "твёрдая пятерка", "перешла на новый тариф"],
)
def test_a_mark_of_five_is_no_shop(said):
    assert tones(said) == {}


def test_outlets_people_and_competitors_of_the_directory_are_told_apart():
    reader = Reader(
        names=Gazetteer(
            outlet={"Магазин на Садовой": ["садовая"]}, employee={"Айгуль": []}, product={"Чайник Заря": ["заря"]},
            competitor={"Рассвет": []},
        )
    )  # fmt: skip
    said = (
        "Айгуль молодец, спасибо ей! Чайник Заря сломался, брак. На садовой хамят, ужас. Рассвет прекрасный"
    )
    (answer,) = reader.read([Item(said)])
    found = {(one["kind"], one["name"]): one["tone"] for one in answer["objects"]}
    assert found == {
        ("person", "Айгуль"): "positive", ("product", "Чайник Заря"): "negative",
        ("outlet", "Магазин на Садовой"): "negative", ("competitor", "Рассвет"): "positive",
    }  # fmt: skip


def test_the_directory_goes_before_our_own_list():
    reader = Reader(names=Gazetteer(competitor={"ДНС": []}))
    (answer,) = reader.read([Item("В ДНС дешевле")])
    assert [(one["kind"], one["name"]) for one in answer["objects"]] == [("competitor", "ДНС")]


def test_people_are_known_by_their_role_and_shops_by_quotation_marks():
    said = "Курьер Сергей опоздал, продавец Ольга Петрова помогла. Магазин «Ромашка» уютный"
    (answer,) = READER.read([Item(said)])
    assert [(one["kind"], one["name"]) for one in answer["objects"]] == [
        ("person", "Сергей"), ("person", "Ольга Петрова"), ("brand", "Ромашка"),
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["Лента конвейера порвалась", "победа будет за нами", "стоял в метро час"])
def test_words_that_are_also_names_are_left_alone(said):
    assert tones(said) == {}


def test_a_name_is_found_in_every_case_form():
    for form in ("Билайна", "билайном", "БИЛАЙНЕ", "Пятёрочкой", "Детском мире", "Альфа-Банку"):
        assert tones(f"вчера говорил с {form} о счёте"), form
    assert "лентой" in cases("лента") and "связного" in cases("связной")


def test_the_object_asked_about_is_judged_by_its_own_clause():
    said = "Ситилинк хороший, а ДНС ужас"
    good, bad = READER.read([Item(said, "Ситилинк"), Item(said, "ДНС")])
    assert (good["object_tone"]["label"], bad["object_tone"]["label"]) == ("positive", "negative")
    assert [said[a:b] for a, b in bad["evidence"]["object_tone"]] == ["ДНС ужас"]


def test_the_command_answers_with_objects(monkeypatch, capfdbinary):
    raw = json.dumps({"id": 1, "text": "Ситилинк хороший, а ДНС ужас"}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert cli.main(["analyse"]) == 0
    (line,) = capfdbinary.readouterr().out.splitlines()
    found = json.loads(line)["objects"]
    assert [(one["name"], one["kind"], one["tone"]) for one in found] == [
        ("Ситилинк", "brand", "positive"), ("ДНС", "brand", "negative"),
    ]  # fmt: skip
    assert all(set(one["p"]) == {"negative", "neutral", "positive"} for one in found)


NAMES = [
    "Озон",
    "ДНС",
    "«Заря»",
    "курьер Иван",
    "магазин «Луч»",
    "МТС",
    ".",
    ", а ",
    "ужас",
    "<b>",
    "</b>",
    "http://t.co/x",
]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(NAMES) | st.text(max_size=6), max_size=14), st.sampled_from(NAMES))
def test_any_mixture_of_names_is_answered_with_spans_inside_the_text(parts, name):
    said = " ".join(parts)
    (answer,) = READER.read([Item(said, name)])
    spans = [span for one in answer["objects"] for span in one["evidence"]]
    spans += answer["evidence"].get("object_tone", [])
    assert all(0 <= start < end <= len(said) for start, end in spans)
    for places in brands(text.read([said])).values():
        assert all(0 <= start < end <= len(said) for _, _, start, end in places)
