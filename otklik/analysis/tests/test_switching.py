"""Texts in two languages at once, texts in none of ours, and texts that say nothing: the answer says so."""

from __future__ import annotations

import pytest

from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.engine.trained import read_trained

READER = Reader()
MIXED = [
    ("ru", "Привет guys, где мой заказ, waiting уже неделю"),
    ("ru", "Приложение не открывается, what is going on, исправьте"),
    (
        "ru",
        "Ваш чат молчит вторую неделю, никто не отвечает, деньги не вернули, это безобразие, поверніть гроші",
    ),
    ("ru", "Курьер так и не приехал вчера вечером, деньги не вернули, енді тапсырыс бермеймін"),
    ("en", "The courier lost my parcel again, верните деньги"),
    ("uk", "Добрий день, скажіть будь ласка, когда будет доставка? Чекаю третій день"),
    ("uk", "Дякую за допомогу, но почему так долго, я чекала годину"),
    ("kk", "Тапсырысым келмеді, почему так долго, ақшамды қайтарыңыз"),
    ("kk", "Қосымша ашылмайды, вообще не работает, көмектесіңіз"),
    ("kk", "Маған дұрыс емес чек келді, why is it so long, жауап беріңіз"),
]
PLAIN = [
    "Тапсырысым әлі келген жоқ, ақшамды қайтарыңыз",
    "Банк қосымшасы ашылмайды, оператор жауап бермейді, доставка кешікті",
    "Дякую, все добре, товар отримала, магазин рекомендую",
    "Купил iPhone 15 Pro Max и чехол Apple, через Wi-Fi не обновляется",
    "Заказал на Wildberries футболку Pull and Bear, пришла с браком",
    "Ваш саппорт не отвечает, кэшбэк не начислили, апдейт сломал приложение",
    "Where is my order? I paid for it a week ago",
    "Менеджер Әлия Қасымова помогла, спасибо",
]


@pytest.mark.parametrize(("language", "said"), MIXED)
def test_words_of_a_second_language_are_found_and_shown(language, said):
    (one,) = read_trained([said])
    assert (one.lang, one.code_switched) == (language, True)
    shown = [said[a:b] for a, b in one.evidence["code_switched"]]
    assert len(" ".join(shown).split()) >= 2


@pytest.mark.parametrize("said", PLAIN)
def test_loanwords_and_names_are_no_second_language(said):
    (one,) = read_trained([said])
    assert not one.code_switched and "code_switched" not in one.evidence


@pytest.mark.parametrize(
    "said", ["Заказ 12345", "заказ 778122", "Заказ №1", "Ленина 5", "СНИЛС 11223344595", "ИНН 7707083893"]
)
def test_digits_are_no_words_of_any_language(said):
    (answer,) = READER.read([Item(said)])
    assert (answer["lang"], answer["tone"]["label"]) == ("ru", "neutral")


@pytest.mark.parametrize(
    "said",
    [
        "服务太差了,我要退款", "أين طلبي؟ الخدمة سيئة جدا", "Buyurtmam hali kelmadi, pulimni qaytaring",
        "Менинг буюртмам ҳали келмади, пулни қайтаринг", "Ich habe meine Bestellung nicht bekommen",
        "Дзе мая замова? Вельмі дрэнна, вярніце грошы",
    ],
)  # fmt: skip
def test_a_language_nobody_here_reads_is_named_and_nothing_else_is_claimed(said):
    (answer,) = READER.read([Item(said)])
    assert answer["lang"] == "other" and answer["notes"] == ["other_language"]
    assert {"tone", "intent", "cause", "emotions", "severity", "expects_reply", "abuse"} <= set(
        answer["abstained"]
    )
    assert "lang" not in answer["abstained"]


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ("!!!???...)))(((", "no_words"), ("12345", "no_words"), ("\x1b[31m\x1b[0m", "no_words"),
        ("слово " * 3000, "one_word"), ("тест " * 9, "one_word"), ("\x00\x01\x02", "nothing_to_read"),
    ],
)  # fmt: skip
def test_a_text_that_says_nothing_gets_a_note_that_says_why(said, note):
    (answer,) = READER.read([Item(said)])
    assert note in answer["notes"]
    assert {"tone", "intent", "emotions", "severity", "cause"} <= set(answer["abstained"])
    assert answer["confidence"]["tone"] == 0


def test_control_characters_are_noted_and_do_not_hide_the_text():
    (answer,) = READER.read([Item("Где мой\x00 заказ? Верните деньги\x07")])
    assert answer["notes"] == ["control_characters"]
    assert answer["lang"] == "ru" and "intent" not in answer["abstained"]


@pytest.mark.parametrize(("said", "tone"), [("👍", "positive"), ("❤️❤️", "positive"), ("😡😡", "negative")])
def test_emoji_alone_have_the_tone_of_their_lexicon_and_no_more(said, tone):
    (answer,) = READER.read([Item(said)])
    assert answer["tone"]["label"] == tone and "tone" not in answer["abstained"]
    assert "intent" in answer["abstained"] and answer["notes"] == ["no_words"]


def test_danger_in_a_foreign_text_is_still_shown():
    (answer,) = READER.read(
        [Item("Yordam bering! газ! Buyurtma va pul kerak emas, газ утечка, взрыв, скорую, отравление")]
    )
    assert not answer["safety"] or "safety" not in answer["abstained"]


def test_a_named_object_that_the_text_does_not_name_is_a_guess():
    named, guessed = READER.read(
        [
            Item("Техновал ужасно обслуживает, кошмар", "Техновал"),
            Item("Ужасно обслуживают, кошмар", "Техновал"),
        ]
    )
    assert "object_not_named" not in named["notes"] and "object_tone" not in named["abstained"]
    assert "object_not_named" in guessed["notes"] and "object_tone" in guessed["abstained"]
    assert guessed["confidence"]["object_tone"] == 0
