"""Judgement in words that leave no doubt: danger beside praise, whose data, whose case, what waits for an answer."""

from __future__ import annotations

import pytest

from otklik.analysis.engine import overrides
from otklik.analysis.engine.cause import OwnCause, Taxonomy
from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.engine.severity import priority

READER = Reader()

DANGEROUS = [
    "Утюг бьёт током, дочка держалась за ручку",
    "Пауэрбанк загорелся под подушкой",
    "Сын отравился вашими роллами, забрали в больницу",
    "Из стены торчат оголённые провода на высоте ребёнка",
    "В подъезде пахнет газом вторую ночь",
    "Внучка проглотила магнит от вашего конструктора",
    "В йогурте был осколок стекла, порезала десну",
    "Отцу после операции нужен кислородный концентратор, его третью неделю не везут",
    "Вторые сутки нет воды, а дома лежачая мама",
    "Сижу без тепла, беременная, батареи отключили в пятницу",
    "С карты украли сорок тысяч, пока я был в метро",
    "Не вернёте деньги, я вас всех там закопаю",
    "Праска вдарила струмом, рука досі німа",
    "The kettle gave me an electric shock",
    "Розетка ток соқты, балам жылап отыр",
]
BEFORE = [
    "Спасибо за быструю доставку!",
    "Отличный магазин, всё понравилось.",
    "Вы лучшие, пять звёзд!",
    "Thank you, great service!",
]
BEHIND = [
    "Всё равно рекомендую, молодцы!",
    "Продавец супер, спасибо огромное.",
    "Рахмет, керемет!",
    "А так всё отлично ❤",
]


def read(*texts: str) -> list[overrides.Record]:
    return READER.read([Item(one) for one in texts])


def gravity(answer: overrides.Record) -> tuple[int, int, int, int]:
    """Bigger is graver: priority, danger, severity, urgency."""
    return -int(answer["priority"][1]), answer["safety"], answer["severity"], answer["urgency"]


@pytest.mark.parametrize("said", DANGEROUS)
def test_praise_before_or_behind_a_danger_never_lowers_it(said):
    kind = [f"{praise} {said}." for praise in BEFORE] + [f"{said}. {praise}" for praise in BEHIND]
    kind += [f"{BEFORE[0]} {said}, {BEHIND[0]}", f"{BEFORE[1][:-1]}, но {said[0].lower()}{said[1:]}"]
    alone, *praised = read(said, *kind)
    for text, answer in zip(kind, praised, strict=True):
        assert all(a >= b for a, b in zip(gravity(answer), gravity(alone), strict=True)), text
        assert {"complaint", "negative_feedback"} & {one["label"] for one in answer["intent"]}, text


@pytest.mark.parametrize("said", DANGEROUS[:7] + DANGEROUS[12:])
def test_danger_to_people_is_the_first_priority(said):
    (answer,) = read(said)
    assert (answer["safety"], answer["priority"]) == (True, "P1")


@pytest.mark.parametrize(
    "said",
    [
        "Колонка просто бомба, басы на месте",
        "Концерт был взрыв эмоций, придём ещё",
        "Духи отрава, вылила в раковину",
        "Сроки горят, пришлите акт",
        "Ни разу не ударило током за пять лет",
        "А эта плита не взорвётся?",
    ],
)
def test_a_figure_of_speech_is_no_danger(said):
    (answer,) = read(said)
    assert answer["safety"] is False
    assert answer["priority"] != "P1"


@pytest.mark.parametrize(
    "said", ["С моего счёта увели двести тысяч рублей", "Мошенники сняли с карты 80 тысяч, заблокируйте"]
)
def test_stolen_money_is_grave_and_urgent_and_no_danger_to_people(said):
    (answer,) = read(said)
    assert (answer["safety"], answer["urgency"], answer["priority"]) == (False, 3, "P2")
    assert answer["severity"] >= 3


@pytest.mark.parametrize(
    "said",
    [
        "Лифт стоит неделю, я на инвалидной коляске, двенадцатый этаж",
        "Отключили отопление, у нас новорождённый",
        "Спалю ваш магазин",
        "Ещё раз позвоните, приеду с битой",
    ],
)
def test_need_of_the_weak_and_threats_come_before_the_rest(said):
    (answer,) = read(said)
    assert answer["priority"] <= "P2"


@pytest.mark.parametrize(
    "said",
    [
        "Мой паспорт 4509 112233 остался у вашего администратора",
        "Живу на Лесной, 14, кв 3, курьер не нашёл подъезд",
        "Для возврата: паспорт 4511 998877, Петров Иван",
        "Адрес доставки: Пермь, ул. Мира, 4, кв. 18, домофон 18",
        "Ваш курьер потерял мой паспорт 4509 112233",
    ],
)
def test_the_customers_own_data_are_no_abuse(said):
    assert read(said)[0]["abuse"] in ("none", "angry")


@pytest.mark.parametrize(
    "said",
    [
        "Вот её адрес: Садовая 9, квартира 12, заходите в гости вечером",
        "Это личный телефон менеджера Фроловой 8 900 000 44 55, звоните ей ночью все",
        "Кто знает, где живёт эта кассирша, скиньте адрес",
    ],
)
def test_somebody_elses_data_spread_to_harm_are(said):
    assert read(said)[0]["abuse"] == "doxxing"


@pytest.mark.parametrize("said", ["Ваши курьеры идиоты", "Менеджер ваш дебил", "your staff are idiots"])
def test_a_name_called_after_people_is_an_insult(said):
    assert read(said)[0]["abuse"] == "insult_person"


@pytest.mark.parametrize(
    "said", ["Дурацкое приложение опять висит", "Стоял в очереди как дурак", "Идиотские правила"]
)
def test_a_name_called_after_a_thing_is_none(said):
    assert read(said)[0]["abuse"] in ("none", "angry")


@pytest.mark.req("X2")
@pytest.mark.parametrize(
    "said",
    [
        "Отказали в ремонте: якобы я залил телефон водой. Не заливал.",
        "Мне якобы отправили смс, ничего не приходило",
        "Вы утверждаете, будто я не оплатил счёт, вот чек",
        "Курьер якобы звонил, пропущенных у меня нет",
    ],
)
def test_doubt_about_ones_own_case_is_no_rumour(said):
    (answer,) = read(said)
    assert answer["rumour"] == "none"
    assert "rumour" not in [one["label"] for one in answer["intent"]]


@pytest.mark.parametrize(
    "said", ["Соседка говорит, якобы у вас в кафе крысы", "Ходят слухи, будто банк закроют"]
)
def test_what_others_tell_is_a_rumour(said):
    assert read(said)[0]["rumour"] != "none"


PAIRS = [
    *DANGEROUS, "Ужасное обслуживание, примите меры", "Хамят", "Паспорт потерял курьер", "bro это полный cringe",
    "Отвечать не надо, но кассир грубит", "Моря нет", "Никому не советую", "My order has not arrived",
    "Спасибо, что испортили праздник", "нашар қызмет", "опять не работает", "Всё сломано. Не отвечайте.",
]  # fmt: skip


@pytest.mark.parametrize("said", PAIRS)
def test_a_complaint_waits_for_an_answer_and_discontent_does_not(said):
    (answer,) = read(said)
    names = {one["label"] for one in answer["intent"]}
    assert not {"complaint", "negative_feedback"} <= names
    if "complaint" in names:
        assert answer["expects_reply"] == "yes"
    if "negative_feedback" in names and "question" not in names:
        assert answer["expects_reply"] != "yes"


def test_a_demand_makes_discontent_a_complaint():
    (answer,) = read("Отвратительный сервис, примите меры")
    assert (answer["intent"][0]["label"], answer["expects_reply"]) == ("complaint", "yes")


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("Отмените заказ 7781, пожалуйста", "question"),
        ("Перезвоните мне завтра", "question"),
        ("Мне нужен акт сверки за май", "question"),
        ("Мой адрес: Пермь, Мира 4", "other"),
        ("Ни разу не подвели", "thanks"),
        ("Брака нет, претензий никаких", "thanks"),
        ("Ничего хорошего", "negative_feedback"),
        ("Лучше бы не ходила", "negative_feedback"),
        ("Спасибо, что испортили отпуск", "complaint"),
        ("Спасибо за испорченный вечер", "complaint"),
        ("Спасибо, что не забыли про меня", "thanks"),
    ],
)
def test_what_a_short_text_wants(said, intent):
    assert read(said)[0]["intent"][0]["label"] == intent


@pytest.mark.parametrize(
    ("said", "tone"),
    [("Ничего хорошего", "negative"), ("Ожидала лучшего", "negative"), ("Ни разу не подвели", "positive"),
     ("Проблем не возникло", "positive"), ("Спасибо за испорченный вечер", "negative")],
)  # fmt: skip
def test_set_phrases_settle_the_tone_of_a_short_text(said, tone):
    (answer,) = read(said)
    assert answer["tone"]["label"] == tone == max(answer["tone"]["p"], key=answer["tone"]["p"].get)


def test_what_has_not_come_is_not_damaged():
    for said in ("Заказ не пришёл", "заказ 445566 не отдают", "Сколько ждать этот шкаф"):
        assert "delivery_damaged" not in [one["label"] for one in read(said)[0]["cause"]], said


def test_somebody_who_fell_is_a_matter_of_safety():
    (answer,) = read("вчера бабушка упала у вас на крыльце и сломала руку")
    assert answer["cause"][0]["label"] == "safety" and answer["safety"]


def test_a_calm_kazakh_complaint_is_not_lifted_by_its_tone():
    (answer,) = read("Тапсырысым әлі келген жоқ, ақшамды қайтарыңыз")
    parts = answer["severity"], answer["complexity"], answer["impact"], answer["urgency"]
    assert answer["priority"] == priority(*parts, safety=answer["safety"])


def test_anger_that_lifted_a_priority_is_known_from_the_answer():
    (answer,) = read("Какого чёрта кабинет опять лежит!!! Третий раз за неделю!")
    parts = answer["severity"], answer["complexity"], answer["impact"], answer["urgency"]
    lifted = answer["priority"] < priority(*parts, safety=answer["safety"])
    assert overrides.was_raised(answer) == 1.0 if lifted else answer["abuse"] in ("none", "angry")


def test_a_deadline_makes_a_complaint_urgent():
    (answer,) = read("Жду ответа пять дней, потом суд")
    assert "deadline_named" in answer["signals"] and answer["urgency"] >= 2


@pytest.mark.parametrize(
    "said",
    [
        "Просьба связаться со мной по телефону 8 916 123-45-67 после 18:00, Пётр",
        "Перезвоните мне, пожалуйста, завтра утром",
        "Please call me back after six",
        "Передзвоніть мені, будь ласка",
    ],
)
def test_who_asks_for_a_call_waits_for_one(said):
    (answer,) = read(said)
    assert answer["expects_reply"] == "yes"
    assert answer["intent"][0]["label"] == "question"


def test_a_wish_for_something_new_is_a_suggestion():
    wish, trouble = read(
        "хочу чтобы добавили тёмную тему в приложение", "Хочу, чтобы добавили в чек то, что я не взял? Воры"
    )
    assert [one["label"] for one in wish["intent"]] == ["suggestion"]
    assert "complaint" in {one["label"] for one in trouble["intent"]}


@pytest.mark.parametrize(
    "said",
    [
        "Как же я люблю стоять по 40 минут в очереди на кассе, просто обожаю вас",
        "Обожаю висеть на линии по полчаса, лучшая музыка в городе",
        "Люблю, когда не отвечают в чате",
    ],
)
def test_love_of_waiting_is_mockery(said):
    (answer,) = read(said)
    assert answer["tone"]["label"] != "positive"
    assert answer["intent"][0]["label"] in ("complaint", "negative_feedback")


def test_money_taken_twice_is_a_refund_in_every_language():
    for answer in read(
        "З картки двічі зняли гроші за одне замовлення", "Your app charged me twice, please refund"
    ):
        assert [one["label"] for one in answer["cause"]][:1] == ["refund_delay"]


def test_the_number_of_an_installers_order_is_found():
    (answer,) = read("Номер наряда 48213. Монтажник так и не пришёл, взял отгул зря")
    assert ("order", "48213") in {(one["kind"], one["value"]) for one in answer["entities"]}


@pytest.mark.parametrize(
    "said",
    [
        "Бригада вырубила дерево у детского сада, ветки висят над площадкой",
        "Водитель автобуса 14 не выдал билет и ехал пьяный",
        "Забыли мой пакет с лекарствами на складе, а мне колоть инсулин вечером",
        "The hotel room smelled of gas and nobody came for an hour",
        "У під'їзді тхне газом другий день",
    ],
)
def test_what_may_hurt_somebody_is_danger_before_it_has(said):
    (answer,) = read(said)
    assert (answer["safety"], answer["priority"]) == (True, "P1")


@pytest.mark.parametrize(
    "said",
    [
        "Мне 70 лет, внук заказал таблетки от давления, привезли не те, обмен не делают. Что мне пить?",
        "Батареи холодные, у нас грудничок",
        "Мені 74 роки, ліфт не працює тиждень, живу на дев'ятому",
        "Карточкамнан ақша алып қойды, мен ештеңе сатып алған жоқпын",
    ],
)
def test_the_weak_without_what_they_need_come_soon(said):
    (answer,) = read(said)
    assert answer["severity"] >= 3
    assert answer["priority"] in ("P1", "P2")


def test_a_promise_to_find_somebody_is_a_threat():
    threat, english, question = read(
        "Ты, тварь из поддержки, я тебя найду",
        "I will find where you live",
        "Какой у вас подъезд, как я вас найду?",
    )
    assert (threat["abuse"], english["abuse"]) == ("threat", "threat")
    assert question["abuse"] == "none"


def test_followers_for_sale_are_spam():
    (answer,) = read("купите у нас подписчиков, 1000 за 99 р")
    assert answer["intent"][0]["label"] in ("spam", "advertising")


def test_the_wrong_colour_is_no_offer():
    (answer,) = read("I ordered blue, got red. Exchange please.")
    assert answer["intent"][0]["label"] == "complaint"
    assert answer["expects_reply"] == "yes"


@pytest.mark.parametrize(
    "said", ["нет", "да", "вчера", "номер 48213", "Москва", "проверил", "жоқ", "maybe later"]
)
def test_an_answer_of_a_word_or_two_claims_nothing(said):
    (answer,) = read(said)
    assert "too_short" in answer["notes"]
    assert (answer["intent"][0]["label"], answer["cause"], answer["priority"]) == ("other", [], "P4")
    assert {"tone", "intent", "cause", "expects_reply", "severity"} <= set(answer["abstained"])


@pytest.mark.parametrize(
    "said", ["Обман!", "не работает", "где заказ", "спасибо", "и?", "нет света", "верните деньги", "😡 ну"]
)
def test_short_words_that_say_it_outright_are_judged(said):
    (answer,) = read(said)
    assert answer["notes"] == []
    assert "intent" not in answer["abstained"]


def test_a_phrase_of_ones_own_is_never_too_short():
    reader = Reader(Taxonomy(own=[OwnCause("own-1", ("верхний ярус",))]))
    (answer,) = reader.read([Item("верхний ярус")])
    assert answer["notes"] == []
    assert "own-1" in {one["label"] for one in answer["cause"]}
