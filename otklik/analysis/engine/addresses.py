"""Addresses of people: a street with a house, or a house with a flat, in any case form.

A street may lack its word (Советская 10-45, на Садовую 5 кв 3): then a flat, or words like `живу` or `адрес`, must
say that it is one. The place of a shop is nobody's address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_STREET = (
    r"(?:ул(?:\.|ица|ице|ицу|ицы|ицей)?|пр(?:-?к?т\.?|осп(?:\.|ект\w*)?|\.)|пер(?:\.|еул\w*)|ш(?:\.|оссе)|б(?:-р|ульв\w*)|"
    r"наб(?:\.|ережн\w*)|проезд\w*|пр-д|пл(?:\.|ощад\w*)|мкр(?:\.|н)?|мкрн\.?|микрорайон\w*|тракт\w*|тупик\w*|алле[яеию]|"
    r"квартал\w*|кв-л|вул(?:\.|иц\w*)|пров(?:\.|улок)|к[өо]шесі|даңғылы)"
)
_HOUSE = (
    r"(?:(?:д(?:\.|ом\w?)?|буд(?:\.|инок)?|үй)\s*)?(?:№\s?)?\d{1,4}(?:\s?[а-яa-z](?![а-яa-z]))?(?:\s?[кс]\.?\s?\d{1,2})?"
    r"(?:\s?/\s?\d{1,3}[а-я]?)?"
)
_FLAT = (
    r"(?:кв(?:\.|арт\w*)?|оф(?:\.|ис\w*)?|под(?:\.|ъезд\w*)|корп(?:\.|ус\w*)?|к\.|стр(?:\.|оени\w*)?|пом(?:\.|ещ\w*)?|"
    r"комн(?:\.|ат\w*)?|эт(?:\.|аж\w*)?|домофон\w*|пәтер\w*|apt\.?|flat)\s{0,2}(?:№\s?)?\d{1,4}(?![\d.,]?\d)"
)
_HYPHEN_FLAT = r"\s?[-–]\s?\d{1,4}(?!\d|[-.:/]\d)"
_BIG = "А-ЯЁІЇЄҒҚҢӨҰҮҺ"
_NAME = (
    rf"(?:[{_BIG}]|\d{{1,2}}\s(?=[{_BIG}])|\d{{1,3}}(?=-?(?:й|я|го)\s))[\w.-]{{0,30}}"
    rf"(?:[\s-][{_BIG}0-9][\w-]{{0,30}}){{0,2}}"
)
_NO_STREET = (
    r"(?!(?:Площадь|Комнат|Квартир|Январ|Феврал|Март(?!а)|Апрел|Июн|Июл|Август|Сентябр|Ноябр|Декабр|Этаж|Подъезд|Дом(?!\w)|Заказ|"
    r"Размер|Касс|Страниц|Глав[аы]|Понедельник|Вторник|Сред[ау]|Четверг|Пятниц|Суббот|Воскресень|Вагон|Мест[ао]|Заявк|Чек|Номер|"
    r"Ремонт|Вчера|Сегодня|Завтра|После|Через|Около|Прошло|Всего|Уже|Почти|Больше|Меньше|Жду|Каждые)[а-я]*)"
)
_PLAIN_NAME = rf"{_NO_STREET}(?:\d{{1,2}}\s)?[{_BIG}][\w-]{{2,30}}(?:\s[{_BIG}][\w-]{{2,30}}){{0,1}}"
_GAP = r",?\s{0,2}"
_FLATS = rf"(?:{_GAP}(?i:{_FLAT})){{0,4}}"
_UNIT = (
    r"(?!\s{0,2}(?:лет|год|месяц|мес(?!\w)|дн|день|час|ч(?!\w)|мин|сек|руб|р(?!\w)|р\.|₽|тыс|млн|шт|кг|гр?(?!\w)|мл|раз|%|процент|"
    r"числ|балл|человек|январ|феврал|март|апрел|ма[йя]|июн|июл|август|сентябр|октябр|ноябр|декабр|звезд|звёзд|"
    r"минут|градус|штук|размер|класс|рядо?[^\W\d_]?(?!\w)|[:.,]\d|-?(?:й|го|ый|ом|е)(?!\w)))"
)
_WITH_STREET = re.compile(
    rf"(?:(?<!\w)(?i:{_STREET})\s*{_NAME}|(?<!\w){_NAME}\s(?i:{_STREET}))"
    rf"{_GAP}(?i:{_HOUSE})(?:{_HYPHEN_FLAT})?(?!\d|\w){_FLATS}"
)
_WITH_FLAT = re.compile(
    rf"(?<!\w){_PLAIN_NAME}{_GAP}(?i:{_HOUSE}){_GAP}(?i:(?:кв(?:\.|арт\w*)?|оф(?:\.|ис\w*)?|корп(?:\.|ус\w*)?|пәтер)\s{{0,2}}\d{{1,4}}"
    rf"(?![\d.,]?\d)(?!\s?м)){_FLATS}"
)
_STREETS = (
    "Ленина|Мира|Победы|Гагарина|Кирова|Пушкина|Калинина|Горького|Свердлова|Чапаева|Чехова|Толстого|Фрунзе|"
    "Дзержинского|Куйбышева|Орджоникидзе|Комарова|Жукова|Маяковского|Гоголя|Лермонтова|Некрасова|Ломоносова|"
    "Менделеева|Тургенева|Крупской|Матросова|Космонавтов|Строителей|Труда|Революции|Октября|Мая|Марта|Маркса|"
    "Энгельса|Либкнехта|Люксембург|Молодости|Дружбы|Металлургов|Энтузиастов|Ветеранов|Абая|Шевченко|Франка"
)
_WITH_HYPHEN = re.compile(
    rf"(?<!\w)(?:[{_BIG}][а-яё]{{2,20}}(?:ск|ов|ев|цк|ин|жн|дн|сн|рн)(?:ая|ой|ую)|"
    rf"(?:\d{{1,2}}\s|[{_BIG}][а-яё]{{2,12}}\s)?(?:{_STREETS})){_GAP}(?i:{_HOUSE}){_HYPHEN_FLAT}{_UNIT}(?!\w)"
)
_LIVING = re.compile(
    r"(?<!\w)(?i:жив[уеё]м?|проживаю|прожива\w+|прописан\w*|зарегистрирован\w*|(?:мой\s|наш\s)?адрес\w*(?:\sдоставки|\sпроживания)?|"
    r"мешкаю|проживаю|тұрамын|мекенжай\w*)[\s:–—-]{1,3}"
    rf"(?:(?:г\.\s?|город\s)?[{_BIG}][\w-]{{2,30}},\s)?(?:(?i:по|на|за)\s)?(?P<place>{_PLAIN_NAME}{_GAP}(?i:{_HOUSE})(?:{_HYPHEN_FLAT})?)"
    rf"(?!\d|\w){_UNIT}{_FLATS}"
)
_HOUSE_FLAT = re.compile(
    rf"(?<!\w)(?i:(?:д(?:\.|ом)|буд(?:\.|инок)?)\s*\d{{1,4}}\w?(?:/\d{{1,3}})?,?\s{{0,2}}(?:{_FLAT})(?:,?\s{{0,2}}{_FLAT}){{0,3}})"
)
_ENGLISH = re.compile(
    r"(?<!\w)\d{1,4}[A-Za-z]?\s(?:[A-Z][a-z]{1,20}\s){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|"
    r"Square)(?!\w)\.?(?:,?\s(?i:apt|flat|unit|apartment)\.?\s?#?\d{1,4}[A-Za-z]?)?"
)
_SHOP = re.compile(
    r"(?<!\w)(?:магазин\w*|офис\w*|отделени\w*|пвз|филиал\w*|салон\w*|аптек\w*|кафе|ресторан\w*|банкомат\w*|"
    r"пункт\w*|тц|трц|заправк\w*|азс|отел\w+|склад\w*|точк\w+|почт\w+|клиник\w*|супермаркет\w*|пят[её]рочк\w*|магнит\w*)"
    r"(?:\s\w+){0,2}[\s,(]{1,3}(?:(?:по адресу|на|по|у|что|в)\s){0,2}$",
    re.IGNORECASE,
)
_HAS_FLAT = re.compile(r"кв|\d\s?[-–]\s?\d|apt|flat|пәтер", re.IGNORECASE)
_LOOSE = re.compile(
    rf"(?<!\w)(?:[{_BIG}][а-яё]{{2,20}}(?:ск|ов|ев|н|цк|ин)(?:ая|ой|ую|ий|ый|ом|ого|ому)|(?:\d{{1,2}}\s|[{_BIG}][а-яё]{{2,12}}\s)?"
    rf"(?:{_STREETS})){_GAP}(?i:{_HOUSE})(?:{_HYPHEN_FLAT})?(?!\d|\w|\s\d){_UNIT}"
)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every address; they may overlap."""
    for match in _WITH_STREET.finditer(text):
        if _HAS_FLAT.search(match.group()) or not _SHOP.search(
            text, max(0, match.start() - 40), match.start()
        ):
            yield match.span()
    for pattern in (_WITH_FLAT, _WITH_HYPHEN, _HOUSE_FLAT):
        for match in pattern.finditer(text):
            yield match.span()
    for match in _LIVING.finditer(text):
        yield match.start("place"), match.end()
    for match in _ENGLISH.finditer(text):
        yield match.span()


def loose(text: str) -> Iterator[tuple[int, int]]:
    """What may be an address: a name as streets have it before a number that counts nothing. For masking only."""
    for match in _LOOSE.finditer(text):
        yield match.span()
