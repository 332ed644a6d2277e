"""Writes `engine/data/cities.tsv`: Russian cities of GeoNames (CC BY 4.0) in all their case forms.

    .venv/bin/python -m otklik.analysis.training.cities FILE.csv.gz

GeoNames lists Cyrillic names of many languages; the Russian one is the one nearest to the Latin name.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
from difflib import SequenceMatcher
from pathlib import Path

import pymorphy3

from otklik.analysis.engine.places import CITIES

LEAST_PEOPLE = 10_000
ALIKE = 0.6  # of a Russian name and the Latin one
ALSO = {"Питер": "Санкт-Петербург", "СПб": "Санкт-Петербург", "Петербург": "Санкт-Петербург", "Екб": "Екатеринбург",
        "Нижний": "", "Челны": "Набережные Челны", "Ростов": "Ростов-на-Дону", "Мск": "Москва",
        "Ёбург": "Екатеринбург", "Екат": "Екатеринбург", "Нск": "Новосибирск", "Алма-Ата": "Алматы",
        "Нур-Султан": "Астана", "Новосиб": "Новосибирск", "Комсомольск": "Комсомольск-на-Амуре"}  # fmt: skip
BIG_NEIGHBOURS = (
    "Алматы",
    "Астана",
    "Шымкент",
    "Караганда",
    "Актобе",
    "Атырау",
    "Актау",
    "Павлодар",
    "Костанай",
    "Кызылорда",
    "Усть-Каменогорск",
    "Петропавловск",
    "Кокшетау",
    "Семей",
    "Тараз",
    "Талдыкорган",
    "Темиртау",
    "Экибастуз",
    "Рудный",
    "Киев",
    "Київ",
    "Харьков",
    "Харків",
    "Одесса",
    "Одеса",
    "Днепр",
    "Дніпро",
    "Львов",
    "Львів",
    "Запорожье",
    "Кривой Рог",
    "Николаев",
    "Винница",
    "Полтава",
    "Чернигов",
    "Черкассы",
    "Житомир",
    "Сумы",
    "Хмельницкий",
    "Ровно",
    "Ивано-Франковск",
    "Тернополь",
    "Луцк",
    "Ужгород",
    "Черновцы",
    "Донецк",
    "Луганск",
    "Мариуполь",
    "Херсон",
    "Минск",
    "Гомель",
    "Брест",
    "Гродно",
    "Витебск",
    "Могилёв",
    "Бобруйск",
    "Барановичи",
    "Ташкент",
    "Самарканд",
    "Бишкек",
    "Ош",
    "Душанбе",
    "Ашхабад",
    "Ереван",
    "Тбилиси",
    "Батуми",
    "Баку",
    "Кишинёв",
    "Тирасполь",
    "Рига",
    "Вильнюс",
    "Таллин",
    "Севастополь",
    "Симферополь",
    "Ялта",
    "Керчь",
    "Евпатория",
    "Феодосия",
)
OWN = frozenset(
    {"Киев", "Минск", "Астана", "Ташкент", "Рига", "Баку", "Ереван", "Алматы"}
)  # whatever the dictionary says
LETTERS = re.split(" ", "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya")
LATIN = dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
                 LETTERS, strict=True))  # fmt: skip
MORPH = pymorphy3.MorphAnalyzer()
CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")


def latin(name: str) -> str:
    return "".join(LATIN.get(sign, sign) for sign in name.lower())


def russian(row: dict[str, str]) -> str | None:
    """The Russian name among the Cyrillic ones."""
    names = [
        one
        for one in row["cyrillic_alternates"].split("|")
        if re.fullmatch(r"[А-ЯЁ][а-яё]+(?:[ -][А-Яа-яЁё]+)*", one)
    ]
    if not names:
        return None
    target = row["name"].lower().replace("’", "").replace("'", "")
    if target in ("moscow", "saint petersburg"):
        return {"moscow": "Москва", "saint petersburg": "Санкт-Петербург"}[target]
    best = max(names, key=lambda one: _likeness(one, target) + 0.2 * _is_place(one) + ("-" in one) * 0.001)
    return best if _likeness(best, target) > ALIKE else None


def _likeness(name: str, target: str) -> float:
    return SequenceMatcher(None, latin(name), target).ratio()


def _is_place(name: str) -> bool:
    return any(one.is_known and "Geox" in one.tag for one in MORPH.parse(name.lower()))


def forms(name: str) -> set[str]:
    """Every case form, lower case, ё as е. Of a name with a hyphen the first part may stay as it is (Йошкар-Оле)."""
    words = re.split(r"([ -])", name)
    found = {name}
    fixed = {"на", "Дону", "дону", "Камне", "Амуре", "Сахалинский"}
    for case in CASES:
        bent = "".join(word if word in (" ", "-") or word in fixed else _bent(word, case) for word in words)
        found.add(bent)
        if len(words) > 1 and words[-2] == "-":
            found.add("".join(words[:-1]) + _bent(words[-1], case))
            found.add("".join(words[:-1]) + _by_ending(words[-1], case))
    return {one.lower().replace("ё", "е") for one in found}


def _bent(word: str, case: str) -> str:
    readings = [
        one for one in MORPH.parse(word) if "nomn" in one.tag and ("sing" in one.tag or "plur" in one.tag)
    ]
    readings.sort(key=lambda one: ("Geox" not in one.tag, -one.score))
    for reading in readings:
        form = reading.inflect({case})
        if form is not None:
            return str(form.word)
    return word


def _by_ending(word: str, case: str) -> str:
    """A last part in -а that no dictionary knows (Ола)."""
    endings = {"gent": "ы", "datv": "е", "accs": "у", "ablt": "ой", "loct": "е"}
    return word[:-1] + endings.get(case, "а") if word.endswith("а") else word


def plain(name: str) -> int:
    """0 a name of its own; 1 also a usual word or a person's; 2 an adjective, so more often a street or a district."""
    if re.search("[ -]", name) or name in OWN:
        return 0
    if re.search("(?:ая|ое|ий|ый|ой)$", name):
        return 2
    word = any(one.is_known and "Geox" not in one.tag for one in MORPH.parse(name.lower()))
    surname = any(one.is_known and "Surn" in one.tag for form in forms(name) for one in MORPH.parse(form))
    return int(word or surname)


def main(source: Path) -> None:
    lines, seen = [], set()
    with gzip.open(source, "rt", encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    named = [name for row in rows if int(row["population"]) >= LEAST_PEOPLE and (name := russian(row))]
    for name in [*named, *BIG_NEIGHBOURS]:
        if name in seen:
            continue
        seen.add(name)
        others = {other.lower() for other, city in ALSO.items() if city == name}
        others |= {form for other in others for form in forms(other.capitalize())}
        every = sorted(forms(name) | others)
        lines.append(f"{name}\t{plain(name)}\t{'|'.join(every)}")
    CITIES.write_text("city\tplain_word\tforms\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
