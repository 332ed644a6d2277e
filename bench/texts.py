"""Russian texts for measuring: sentences of the demo company mixed anew, with numbers, names and places of their own.

The words are distributed as in real letters (a few everywhere, most of them rarely), which matters for search.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import lru_cache

from otklik.web.demo import story

_SENTENCE = re.compile(r"[^.!?…\n]+[.!?…]+")
NAMES = [
    "Анна",
    "Ирина",
    "Ольга",
    "Мария",
    "Елена",
    "Наталья",
    "Светлана",
    "Татьяна",
    "Дарья",
    "Юлия",
    "Полина",
    "Вера",
    "Алексей",
    "Сергей",
    "Андрей",
    "Дмитрий",
    "Иван",
    "Павел",
    "Михаил",
    "Николай",
    "Егор",
    "Роман",
    "Тимур",
    "Лев",
]
FEMALE = 12  # the first names
ROOTS = [
    "Вересков",
    "Лужин",
    "Морошкин",
    "Тверд",
    "Сосновск",
    "Кедров",
    "Полянин",
    "Заречн",
    "Хвостов",
    "Дрозд",
    "Снегирёв",
    "Рябин",
    "Осинин",
    "Камышов",
    "Березин",
    "Ольхов",
    "Туманов",
    "Ветров",
    "Зорин",
    "Громов",
    "Ключев",
    "Родников",
    "Мельников",
    "Пашнин",
    "Стогов",
    "Жнецов",
]
CITIES = [
    "Архангельск",
    "Вологда",
    "Мурманск",
    "Петрозаводск",
    "Череповец",
    "Северодвинск",
    "Псков",
    "Тверь",
    "Ярославль",
    "Кострома",
    "Сыктывкар",
    "Котлас",
    "Вельск",
    "Апатиты",
    "Кандалакша",
    "Рыбинск",
]
GOODS = [
    "холодильник",
    "плита",
    "чайник",
    "телевизор",
    "пылесос",
    "микроволновка",
    "посудомойка",
    "утюг",
    "мультиварка",
    "кофеварка",
    "обогреватель",
    "вытяжка",
    "морозильник",
    "стиралка",
    "блендер",
    "фен",
]
FRAMES = (
    "Заказ {number} на {sum} рублей, город {city}.",
    "Договор {number}, {good}, куплено в {city}.",
    "Мой номер обращения {number}, сумма {sum}.",
    "Пишу насчёт заказа {number}: {good} так и не приехал.",
    "{good} из заказа {number} отдали в ремонт, прошло {days} дней.",
    "Обещали за {days} дней, прошло уже {late}.",
)


@dataclass(frozen=True)
class Person:
    name: str
    address: str
    city: str


@lru_cache(maxsize=1)
def sentences() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What customers wrote and what staff answered in the demo, by sentence."""
    theirs: list[str] = []
    ours: list[str] = []
    for told in story.stories():
        for message in told["messages"]:
            found = [one.strip() for one in _SENTENCE.findall(message["text"])]
            (theirs if message["from"] == "customer" else ours).extend(one for one in found if len(one) > 12)
    return tuple(theirs), tuple(ours)


def person(number: int) -> Person:
    """The same person for the same number."""
    rng = random.Random(number)
    which = rng.randrange(len(NAMES))
    root = rng.choice(ROOTS)
    surname = root + ("ский" if not root.endswith(("в", "н")) else "")
    if which < FEMALE:
        surname = surname[:-2] + "ая" if surname.endswith("ий") else surname + "а"
    return Person(f"{NAMES[which]} {surname}", f"k{number}@pochta.example", rng.choice(CITIES))


def letter(rng: random.Random, *, ours: bool = False, longest: int = 5) -> str:
    """One message of one to `longest` sentences, every third with a line of facts nobody else has."""
    pool = sentences()[1 if ours else 0]
    parts = [rng.choice(pool) for _ in range(rng.randint(1, longest))]
    if rng.random() < 0.33:
        parts.append(facts(rng))
    return " ".join(parts)


def facts(rng: random.Random) -> str:
    """A line with an order number, a sum, a city."""
    days = rng.randint(2, 20)
    return rng.choice(FRAMES).format(
        number=f"С-{rng.randint(100_000, 999_999)}",
        sum=rng.randint(9, 990) * 100,
        city=rng.choice(CITIES),
        good=rng.choice(GOODS),
        days=days,
        late=days + rng.randint(1, 20),
    )
