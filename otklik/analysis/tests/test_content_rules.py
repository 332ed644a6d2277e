"""The rules beside the content model: phrases, masked words, priorities, what is abuse and what is anger."""

import io
import json
from datetime import date

import pytest

from otklik.analysis.engine import aim, text
from otklik.analysis.engine.cause import Taxonomy, presets
from otklik.analysis.engine.cues import Cue, Matcher
from otklik.analysis.engine.entities import entities
from otklik.analysis.engine.intent import Intent
from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.engine.severity import priority
from otklik.kernel.stream import LineError, run_batches

READER = Reader()


def found(patterns, phrase):
    matcher = Matcher([Cue("test.it", pattern) for pattern in patterns])
    hits = matcher.find(text.read([phrase]))
    return len(hits.rows) > 0


@pytest.mark.parametrize(
    ("pattern", "phrase", "is_there"),
    [
        ("посылк* ~2 пропал*", "Посылка у вас пропала", True),
        ("посылк* ~2 пропал*", "Посылка пришла. Потом пропала охота", False),
        ("посылк* ~2 пропал*", "Посылка шла ко мне неделю и пропала", False),
        ("не перезвон*", "обещали и не перезвонили", True),
        ("звонил*|писал* ~1 трижды", "Писала уже трижды!", True),
        ("можно ~3 xq", "А можно у вас примерить?", True),
        ("можно ~3 xq", "Можно примерить. А зачем?", False),
        ("суд", "в суд", True),
        ("суд", "посудомойка", False),
    ],
)
def test_a_phrase_is_met_in_its_forms_and_gaps_and_not_across_sentences(pattern, phrase, is_there):
    assert found([pattern], phrase) is is_there


@pytest.mark.parametrize("masked", ["х*йня", "п1здец", "бл@ть", "с у к а", "ж0па", "п**дец"])
def test_a_rude_word_is_found_behind_its_mask(masked):
    assert aim.unmasked(f"Ну и {masked} у вас")


@pytest.mark.parametrize(
    "plain", ["заказ 123", "ok@mail.ru", "2*2=4", "скидка 30%", "А я и он с ней", "код A1B2C3"]
)
def test_a_number_or_an_address_is_no_masked_word(plain):
    assert not aim.unmasked(f"Напишу {plain} вам")


@pytest.mark.parametrize(
    ("scales", "expected"),
    [
        ((1, 1, "one", 1, True), "P1"),
        ((4, 2, "group", 1, False), "P1"),
        ((4, 2, "one", 1, False), "P2"),
        ((3, 1, "one", 1, False), "P2"),
        ((2, 1, "one", 3, False), "P2"),
        ((2, 1, "one", 1, False), "P3"),
        ((1, 2, "one", 1, False), "P3"),
        ((1, 1, "one", 1, False), "P4"),
    ],
)
def test_priorities_follow_7_5(scales, expected):
    severity, complexity, impact, urgency, safety = scales
    assert priority(severity, complexity, impact, urgency, safety=safety) == expected


def test_tone_may_raise_a_priority_and_never_lowers_it():
    for severity in (1, 2, 3, 4):
        for complexity in (1, 2, 3):
            for urgency in (1, 2, 3):
                for impact in ("one", "group", "mass"):
                    for safety in (True, False):
                        calm, furious = (
                            priority(severity, complexity, impact, urgency, safety=safety, anger=anger)
                            for anger in (0.0, 1.0)
                        )
                        assert furious <= calm


@pytest.mark.parametrize(
    "angry",
    [
        "Дерьмовый у вас сервис, полчаса вишу на линии",
        "Тупой бот! Соедините с человеком наконец",
        "Мошенники! Верните мои деньги, иначе подам в суд",
        "СКОЛЬКО МОЖНО ЖДАТЬ ЭТУ ЧЁРТОВУ ДОСТАВКУ???",
    ],
)
def test_strong_words_about_a_thing_or_the_law_are_anger(angry):
    assert READER.read([Item(angry)])[0]["abuse"] in ("angry", "none")


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("Приеду и переломаю твоему курьеру ноги, пусть ходит и оглядывается", "threat"),
        ("Ты тупая овца, безмозглая дура, таких как ты надо гнать", "insult_person"),
        ("Понабрали чурок, валите обратно в свой аул", "hate"),
    ],
)
def test_what_attacks_a_person_is_called_by_its_name(said, label):
    assert READER.read([Item(said)])[0]["abuse"] == label


def test_every_preset_has_the_causes_of_the_issue():
    known = presets()
    assert set(known) == {"retail", "delivery", "bank", "telecom", "hotel", "utilities", "state"}
    for causes in known.values():
        assert {
            "refund_delay",
            "price_bill",
            "staff_rudeness",
            "wrong_information",
            "hard_to_reach",
            "safety",
        } <= causes
    with pytest.raises(ValueError, match="circus"):
        Taxonomy("circus")


@pytest.mark.parametrize(
    ("phrase", "kind", "value"),
    [
        ("Живу в Санкт-Петербурге", "city", "Санкт-Петербург"),
        ("ехали до Кирова", "city", "Киров"),
        ("заказ № 77-1204", "order", "77-1204"),
        ("чек 0045", "receipt", "0045"),
        ("позавчера", "date", "2026-11-20"),
        ("через 3 дня", "date", "2026-11-25"),
        ("5 мая", "date", "2026-05-05"),
        ("12.03.2025", "date", "2025-03-12"),
        ("полторы или 15 тысяч рублей", "sum", "15000 RUB"),
        ("$ 20", "sum", "20 USD"),
        ("см. https://example.com/a.", "link", "https://example.com/a"),
    ],
)
def test_facts_get_their_meaning(phrase, kind, value):
    (named,) = entities(text.read([phrase]), today=date(2026, 11, 22))
    assert (kind, value) in [(one.kind, one.value) for one in named]


@pytest.mark.parametrize(
    "phrase", ["Меня зовут Владимир", "мирный договор", "улица Кирова", "32.13.2025", "3 шт"]
)
def test_what_is_no_city_date_or_sum_is_left_alone(phrase):
    (named,) = entities(text.read([phrase]), today=date(2026, 11, 22))
    assert not named


def test_an_intent_knows_its_labels():
    intent = Intent([("complaint", 0.9)], "yes", 0.9)
    assert intent.has("complaint")
    assert not intent.has("question")


def test_a_stream_is_answered_in_batches_and_in_order(capfdbinary):
    sizes = []

    def check(record):
        if "text" not in record:
            raise LineError("no_text", "Нет текста.", "No text.")
        return record["text"]

    def handle(items):
        sizes.append(len(items))
        return [{"length": len(item)} for item in items]

    lines = b'{"id":1,"text":"a"}\n\n{"id":2}\n{"id":3,"text":"bb"}\nxx\n'
    assert run_batches(io.BytesIO(lines), check, handle, lang="en", size=2) == 0
    answers = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [one["id"] for one in answers] == [1, 2, 3, None]
    assert answers[2] == {"id": 3, "length": 2}
    assert sizes == [1, 1, 0]
