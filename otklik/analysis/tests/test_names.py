"""Names of a directory are found in any case form, and thousands of them cost little more than a few."""

from __future__ import annotations

import itertools
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.analysis.engine.entities import Entity, Gazetteer
from otklik.analysis.engine.names import Names

SYLLABLES = ("ка", "ро", "ми", "ста", "ле", "но", "ве", "ди", "пру", "зо")


def found(names: Names, text: str) -> list[tuple[int, str]]:
    return [(number, text[start:end]) for number, start, end in names.find(text)]


def test_a_name_is_found_in_any_case_form_and_never_inside_a_word():
    names = Names([["Садовая"], ["Магазин на Садовой"], ["Заря"], ["S7"]])
    assert found(names, "На садовой грязно, в магазине на Садовой тоже") == [
        (0, "садовой"),
        (1, "магазине на Садовой"),
    ]
    assert found(names, "Зарёю и зарядка, s7 и s77") == [(2, "Зарёю"), (3, "s7")]


def test_an_earlier_name_goes_before_a_later_one():
    assert found(Names([["Заря плюс"], ["Заря"]]), "заря плюс") == [(0, "заря плюс")]


def test_a_directory_without_names_finds_nothing():
    assert Gazetteer().find("любой текст") == []
    assert Gazetteer(brand={" ": [], "": []}).find("любой текст") == []


def test_thousands_of_names_are_compared_only_where_they_begin_alike():
    """Every pattern is met only by words with its first letters: no text walks through all names."""
    made = ["".join(parts).capitalize() for parts in itertools.product(SYLLABLES, repeat=4)]
    gazetteer = Gazetteer(product={name: [] for name in made[:5000]})
    assert gazetteer.find(f"нужна {made[77].lower()} и {made[4999]}") == [
        Entity("product", made[77], 6, 6 + len(made[77])),
        Entity("product", made[4999], 9 + len(made[77]), 9 + len(made[77]) + len(made[4999])),
    ]
    names = Names([[name] for name in made[:5000]])
    assert max(len(numbers) for numbers in names._numbers.values()) <= 5000 / 5


@settings(max_examples=100)
@given(st.lists(st.text(min_size=1, max_size=8), max_size=6), st.text(max_size=40))
def test_any_names_in_any_text_are_spans_of_it(names, text):
    finder = Names([[name] for name in names])
    behind = 0
    for number, start, end in finder.find(text + " " + " ".join(names)):
        assert behind <= start < end
        assert re.match(r"\S", (text + " " + " ".join(names))[start])
        assert number < len(names)
        behind = end
