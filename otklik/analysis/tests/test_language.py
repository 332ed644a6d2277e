"""The language of short answers, in which n-grams say little."""

from __future__ import annotations

import pytest

from otklik.analysis.engine.trained import read_trained

SHORT = {
    "ru": """ок|спасибо|да|нет|норм|жесть|ужас|кошмар|класс|супер|бред|спам|реклама|заказ|стоп|отмена|жалоба|обман
        |лохотрон|хамы|мошенники|грязно|рекомендую|не рекомендую|позор|безобразие|бардак|адрес|ошибка|тормозит
        |не работает|где заказ|верните деньги|добрый день|здравствуйте|ладно|ага|понятно|привет|спс|пжл|лол|кек|Москва
        |Алматы|все супер|так себе|ни о чем|пять баллов|позовите менеджера|сколько стоит|до свидания|да да""",
    "uk": """дякую|добрий день|привіт|будь ласка|поверніть гроші|чудово|погано|не працює|чому|скільки|вибачте|смачно
        |чекаю""",
    "kk": "рахмет|жақсы|жаксы|өте жақсы|керемет|жаман|салем|қалай|неге|жоқ|иә|ұнамады|істемейді|дұрыс емес|қымбат|тез",
    "en": "ok|thanks|hello|good|awful|refund|help|yes|how much|not working|scam|wtf|price|too expensive|app crashes",
}
TABLE = [(word.strip(), language) for language, words in SHORT.items() for word in words.split("|")]


@pytest.mark.parametrize(("said", "expected"), TABLE)
def test_short_answers_are_read_in_their_own_language(said, expected):
    assert read_trained([said])[0].lang == expected


def test_a_short_answer_is_read_the_same_in_any_company():
    said = [word for word, _ in TABLE]
    assert [one.lang for one in read_trained(said)] == [read_trained([one])[0].lang for one in said]


@pytest.mark.parametrize("said", ["👍", "123", "!!!", "", "你好"])
def test_signs_and_other_scripts_are_no_language_of_ours(said):
    assert read_trained([said])[0].lang == "other"
