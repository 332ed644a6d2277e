"""What is claimed and shown has words that speak for it: whole words, and words that tell something."""

from __future__ import annotations

import pytest

from otklik.analysis.engine.reading import Item, Reader

READER = Reader()
TEXTS = [
    "Где мой заказ? Обещали во вторник, третью неделю жду, верните деньги!",
    "Спасибо, всё привезли вовремя, курьер очень вежливый",
    "В подъезде пахнет газом, соседке плохо, вызвали скорую! Срочно пришлите аварийку",
    "Весь дом вторые сутки без воды, соседи с детьми, когда включат?",
    "Кондиционер в гарантийной мастерской полгода, ездила уже четыре раза, ничего не чинят",
    "Ребёнок отравился вашим тортом, лежим в больнице",
    "Говорят, на складе крысы, правда ли это?",
    "Курьер нахамил, обозвал жену, ужасное обслуживание",
]
MUTE = {"не", "и", "раз", "неделю", "минут", "сто", "три", "тысяч", "меня", "третью", "вчера"}


def claims(answer: dict) -> dict[str, bool]:
    return {
        "expects_reply": answer["expects_reply"] != "unclear", "complexity": answer["complexity"] > 1,
        "impact": answer["impact"] != "one", "urgency": answer["urgency"] > 1, "severity": answer["severity"] > 1,
        "safety": answer["safety"], "signals": bool(answer["signals"]), "rumour": answer["rumour"] != "none",
        "intent": answer["intent"][0]["label"] != "other", "tone": answer["tone"]["label"] != "neutral",
        "cause": bool(answer["cause"]), "emotions": bool(answer["emotions"]),
    }  # fmt: skip


@pytest.mark.req("S1-51")
@pytest.mark.parametrize("said", TEXTS)
def test_every_claim_that_is_shown_has_its_words(said):
    (answer,) = READER.read([Item(said)])
    for field, claimed in claims(answer).items():
        if claimed and field not in answer["abstained"]:
            assert answer["evidence"].get(field), field
    for spans in answer["evidence"].values():
        for start, end in spans:
            assert not (said[start : start + 1].isalpha() and said[start - 1 : start].isalpha())
            assert not (said[end - 1 : end].isalpha() and said[end : end + 1].isalpha())


def test_a_question_mark_and_a_demand_say_that_an_answer_is_expected():
    said = "Где мой заказ? Верните деньги"
    (answer,) = READER.read([Item(said)])
    shown = " ".join(said[a:b] for a, b in answer["evidence"]["expects_reply"])
    assert answer["expects_reply"] == "yes" and ("?" in shown and "Верните" in shown)


def test_thanks_say_that_none_is():
    said = "Спасибо огромное, всё понравилось"
    (answer,) = READER.read([Item(said)])
    assert answer["expects_reply"] == "no"
    assert "Спасибо" in " ".join(said[a:b] for a, b in answer["evidence"]["expects_reply"])


@pytest.mark.req("S1-51")
@pytest.mark.parametrize("said", TEXTS)
def test_numerals_and_units_of_time_are_no_reason_of_a_tone(said):
    (answer,) = READER.read([Item(said)])
    for start, end in answer["evidence"].get("tone", []):
        assert said[start:end].lower() not in MUTE


def test_a_long_run_of_one_letter_is_shown_whole():
    said = "ужааааас какой плохооооо"
    (answer,) = READER.read([Item(said)])
    for spans in answer["evidence"].values():
        assert all(end == len(said) or not said[end].isalpha() for _, end in spans)


def test_a_negation_is_shown_with_the_word_it_turns():
    said = "Приложение не работает"
    (answer,) = READER.read([Item(said)])
    shown = [said[a:b] for spans in answer["evidence"].values() for a, b in spans]
    assert "не" not in shown
