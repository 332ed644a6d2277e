"""Every answer of the trained half leads back to the words that carried it."""

from __future__ import annotations

from otklik.analysis.engine.entities import Gazetteer
from otklik.analysis.engine.reading import Item, Reader


def shown(text: str, spans: list[list[int]]) -> str:
    return " ".join(text[start:end] for start, end in spans).lower()


def test_given_emotions_show_the_words_that_carried_them_and_no_signs():
    text = "Ура, как я рада и счастлива! 🎉"
    (answer,) = Reader().read([Item(text)])
    assert "joy" in answer["emotions"]
    words = shown(text, answer["evidence"]["emotions"])
    assert "рада" in words or "счастлива" in words
    assert "!" not in words


def test_a_text_without_emotion_shows_none():
    (answer,) = Reader().read([Item("Заказ номер пять доставлен в понедельник")])
    assert answer["emotions"] == [] and "emotions" not in answer["evidence"]


def test_the_tone_towards_a_company_shows_its_name_and_what_is_said_of_it():
    text = "Вчера был дождь. Сбербанк ужасно обслуживает, кошмар"
    (answer,) = Reader().read([Item(text, "Сбербанк")])
    assert answer["object_tone"]["label"] == "negative"
    words = shown(text, answer["evidence"]["object_tone"])
    assert "сбербанк" in words and ("ужасно" in words or "кошмар" in words)


def test_an_object_that_the_text_does_not_name_shows_only_what_carried_the_tone():
    (answer,) = Reader().read([Item("Ужасно обслуживают, кошмар", "Техновал")])
    assert "ужасно" in shown("Ужасно обслуживают, кошмар", answer["evidence"]["object_tone"])


def test_every_object_of_the_organisation_has_its_own_words():
    reader = Reader(names=Gazetteer(outlet={"Магазин на Садовой": ["садовая"]}, employee={"Айгуль": []}))
    text = "Айгуль молодец, спасибо. На садовой грязно и хамят"
    (answer,) = reader.read([Item(text)])
    found = {one["kind"]: one for one in answer["objects"]}
    assert set(found) == {"person", "outlet"}
    for one, name in ((found["person"], "айгуль"), (found["outlet"], "садовой")):
        assert name in shown(text, one["evidence"])
        assert abs(sum(one["p"].values()) - 1) < 0.01
