"""A reading of any text: labels, evidence, and never an exception."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.analysis.engine.cause import OwnCause, Taxonomy
from otklik.analysis.engine.entities import Gazetteer
from otklik.analysis.engine.labels import label_names
from otklik.analysis.engine.reading import Item, Reader

READER = Reader()


def read(text, reader=READER):
    return reader.read([Item(text)])[0]


def names(labels):
    return [one["label"] for one in labels]


@pytest.mark.req("S1-17")
def test_an_absurd_rumour_is_called_absurd():
    answer = read("Рикардо Милос устроился продавцом в магазин М.Видео")
    assert answer["rumour"] == "absurd"
    assert "rumour" in names(answer["intent"])


@pytest.mark.req("S1-3")
def test_who_wrote_to_say_goodbye_expects_no_answer_and_who_asks_expects_one():
    assert (
        read("Была у вас один раз, больше не приду. Ничего не прошу, отвечать не надо")["expects_reply"]
        == "no"
    )
    assert read("Где мой заказ? Обещали во вторник, верните деньги!")["expects_reply"] == "yes"


@pytest.mark.req("S1-7")
@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Подскажите, до скольки вы работаете в субботу?", "question"),
        ("Третью неделю не возвращаете деньги за куртку, разберитесь!", "complaint"),
        ("Было бы удобно, если бы вы добавили в приложение тёмную тему", "suggestion"),
        ("Спасибо большое, всё привезли вовремя, курьер очень вежливый", "thanks"),
    ],
)
def test_a_question_a_claim_and_a_wish_are_told_apart(text, intent):
    assert names(read(text)["intent"])[0] == intent


def test_a_text_is_never_both_a_complaint_and_negative_feedback():
    texts = [
        "Ужас, больше не приду, верните деньги",
        "Кофе холодный. Замените!",
        "Отвратительно, разберитесь!!!",
    ]
    for text in texts:
        assert not {"complaint", "negative_feedback"} <= set(names(read(text)["intent"]))


@pytest.mark.req("S1-51")
def test_the_words_that_speak_for_an_answer_are_shown():
    text = "Верните деньги за отменённый заказ, иначе подам в суд"
    answer = read(text)
    for spans in answer["evidence"].values():
        assert all(0 <= start < end <= len(text) for start, end in spans)
    assert "суд" in [text[a:b] for a, b in answer["evidence"]["signals"]] or any(
        "суд" in text[a:b] for a, b in answer["evidence"]["signals"]
    )


def test_danger_is_the_first_priority():
    answer = read("В подъезде пахнет газом, соседке плохо, вызвали скорую! Срочно пришлите аварийку")
    assert (answer["safety"], answer["priority"]) == (True, "P1")
    assert answer["severity"] >= 3


def test_a_legitimate_complaint_in_strong_words_is_angry_and_no_abuse():
    assert read("Да какого хрена моя посылка третий день стоит на месте, вы охренели?!")["abuse"] == "angry"


def test_causes_outside_the_preset_are_not_given_and_own_ones_are():
    own = OwnCause("parking", ("парковк*", "шлагбаум*"))
    reader = Reader(Taxonomy("bank", own=[own]))
    answer = read("Шлагбаум на вашей парковке не открылся, прождал час", reader)
    assert names(answer["cause"])[0] == "parking"


def test_an_own_cause_is_met_in_any_form_of_its_words_and_shows_them():
    taxonomy = Taxonomy("retail", own=[OwnCause("parking", ("платная парковка", "не пустить … стоянка"))])
    text = "Скандал у платной парковки! Охранник не пустил нас на вашу стоянку, деньги верните"
    answer = read(text, Reader(taxonomy))
    assert answer["cause"][0] == {"label": "parking", "p": 0.9}
    shown = " ".join(text[a:b] for a, b in answer["evidence"]["cause"])
    assert "платной парковки" in shown
    assert "не пустил нас на вашу стоянку" in shown
    assert "parking" not in names(read("Спасибо за удобную платную парковку!", Reader(taxonomy))["cause"])


def test_a_cause_switched_off_is_never_given_and_own_phrases_may_add_to_ours():
    late = "Курьер опоздал на четыре часа, доставку опять перенесли, верните деньги"
    assert "delivery_late" in names(read(late, Reader(Taxonomy("delivery")))["cause"])
    off = Reader(Taxonomy("delivery", off=frozenset({"delivery_late"})))
    assert "delivery_late" not in names(read(late, off)["cause"])
    added = Reader(Taxonomy("delivery", own=[OwnCause("delivery_late", ("курьер",))]))
    assert names(read(late, added)["cause"]).count("delivery_late") == 1


@pytest.mark.parametrize("phrase", ["", "…", "?!", "~", "|", " * "])
def test_a_phrase_without_words_meets_nothing(phrase):
    reader = Reader(Taxonomy("bank", own=[OwnCause("empty", (phrase,))]))
    assert "empty" not in names(read("Деньги за 2 дня не вернули?! ~3 | * Верните", reader)["cause"])


def test_facts_are_found_with_their_meaning():
    from datetime import date  # noqa: PLC0415 only here

    names_known = Gazetteer(outlet={"Магазин на Садовой": ["садовая"]}, employee={"Айгуль": []})
    reader = Reader(names=names_known, today=date(2026, 11, 22))
    text = "Вчера в Нижнем Новгороде по заказу №771-204 с меня сняли 2 490 руб. Айгулью довольна, на садовой бардак"
    found = {(one["kind"], one["value"]) for one in read(text, reader)["entities"]}
    assert found == {
        ("date", "2026-11-21"), ("city", "Нижний Новгород"), ("order", "771-204"), ("sum", "2490 RUB"),
        ("employee", "Айгуль"), ("outlet", "Магазин на Садовой"),
    }  # fmt: skip


BAD = [
    "", " \n\t", "👍👍👍", "\x00\x01\x02", "\ud800\udfff", "<html><body><p>Где заказ?</p></body></html>",
    base64.b64encode(b"otklik" * 200).decode(), "أين طلبي؟ لقد دفعت منذ أسبوع", "а" * 1_000_000,
    "?" * 5000, "1" * 3000, "№" * 3000, "( " * 4000,
]  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_bad_input_gets_an_answer(text):
    answer = read(text)
    assert names(answer["intent"])
    labels = label_names()
    assert answer["abuse"] in labels["abuse"]
    assert answer["rumour"] in labels["rumour"]


def test_what_could_not_be_read_is_said():
    assert read("")["notes"] == ["empty"]
    assert read("а" * 1_000_000)["notes"] == ["too_long"]
    assert "intent" in read("")["abstained"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=[])), min_size=1, max_size=4))
def test_no_text_at_all_raises(texts):
    answers = READER.read([Item(text) for text in texts])
    for text, answer in zip(texts, answers, strict=True):
        places = [span for spans in answer["evidence"].values() for span in spans]
        places += [[one["start"], one["end"]] for one in answer["entities"] + answer["personal_data"]]
        assert all(0 <= start <= end <= len(text) for start, end in places)


def test_texts_read_together_or_alone_are_read_alike():
    texts = ["Где заказ?", "Спасибо!", "👍", "", "Курьер хамил, ребёнок плакал, верните 300 рублей"]
    together = READER.read([Item(text) for text in texts])
    for text, one in zip(texts, together, strict=True):
        alone = read(text)
        assert names(alone["intent"]) == names(one["intent"])
        assert alone["confidence"] == pytest.approx(one["confidence"], abs=0.002)
        assert [alone[name] for name in ("severity", "signals", "entities", "evidence")] == [
            one[name] for name in ("severity", "signals", "entities", "evidence")
        ]
