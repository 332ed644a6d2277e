"""Facts named in a text: order and receipt numbers, dates, sums, cities, links, and names from given gazetteers.

Cities are found by `places`; names of outlets, products and people come from the organisation.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from otklik.analysis.engine.brands import brands
from otklik.analysis.engine.checksums import is_s10
from otklik.analysis.engine.names import Names
from otklik.analysis.engine.persons import persons
from otklik.analysis.engine.places import cities
from otklik.analysis.engine.text import Batch

LONGEST = 20_000
MOST = 300  # entities of one text
AHEAD = 75  # days; a date without a year that would be further ahead is a date of the past


@dataclass(frozen=True, slots=True)
class Entity:
    """`[start, end)` in code points; `value` is what the words mean: a number, an ISO date, a city's first form."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names the organisation knows, kind → name → other spellings; any case form is found by its stem."""

    outlet: Mapping[str, Sequence[str]] = field(default_factory=dict)
    product: Mapping[str, Sequence[str]] = field(default_factory=dict)
    employee: Mapping[str, Sequence[str]] = field(default_factory=dict)
    brand: Mapping[str, Sequence[str]] = field(default_factory=dict)
    competitor: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _known: list[tuple[list[tuple[str, str, list[str]]], Names]] = field(
        default_factory=list, compare=False, repr=False
    )  # made when it is first asked

    def find(self, text: str) -> list[Entity]:
        """The names in a text, in order of place."""
        if not self._known:
            self._known.append((self.names(), Names([forms for _, _, forms in self.names()])))
        names, finder = self._known[0]
        return [Entity(*names[number][:2], start, end) for number, start, end in finder.find(text)]

    def names(self) -> list[tuple[str, str, list[str]]]:
        kinds = ("outlet", "product", "employee", "brand", "competitor")
        return [
            (kind, name, [name, *others])
            for kind in kinds
            for name, others in getattr(self, kind).items()
            if name.strip()
        ]


NOBODY = Gazetteer()


_MONTHS = {
    "январ": 1, "феврал": 2, "март": 3, "апрел": 4, "ма": 5, "июн": 6, "июл": 7, "август": 8, "сентябр": 9,
    "октябр": 10, "ноябр": 11, "декабр": 12, "січн": 1, "лют": 2, "берез": 3, "квіт": 4, "трав": 5, "черв": 6,
    "лип": 7, "серп": 8, "верес": 9, "жовт": 10, "листопад": 11, "груд": 12, "jan": 1, "feb": 2, "mar": 3,
    "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_MONTH = (
    r"(?:январ[яеь]|феврал[яеь]|марта?|апрел[яеь]|мая|июн[яеь]|июл[яеь]|августа?|сентябр[яеь]|октябр[яеь]|ноябр[яеь]|"
    r"декабр[яеь]|січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня)"
)
_EN_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = re.compile(
    rf"(?<![\w.])(?:(?P<y0>20\d\d)-(?P<m0>\d\d)-(?P<d0>\d\d)|(?P<d1>\d{{1,2}})[./](?P<m1>\d{{1,2}})[./](?P<y1>20\d\d|\d\d)"
    rf"|(?P<d2>\d{{1,2}})(?:-?го|-?е)?\s+(?P<m2>{_MONTH})(?:\s+(?P<y2>20\d\d)(?:\s?г(?:\.|ода?)?)?)?"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<m3>{_EN_MONTH})(?:,?\s(?P<y3>20\d\d))?"
    rf"|(?P<m4>{_EN_MONTH})\s(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<y4>20\d\d))?"
    r"|(?P<d5>\d{1,2})\.(?P<m5>0\d|1[0-2]))(?![\w]|\.\d)",
    re.IGNORECASE,
)
_DAYS = {
    "позавчера": -2, "вчера": -1, "сегодня": 0, "завтра": 1, "послезавтра": 2, "учора": -1, "вчора": -1,
    "позавчора": -2, "сьогодні": 0, "післязавтра": 2, "кеше": -1, "бүгін": 0, "ертең": 1, "yesterday": -1,
    "today": 0, "tonight": 0, "tomorrow": 1,
}  # fmt: skip
_WEEKDAYS = {
    "понедельник": 0, "вторник": 1, "сред": 2, "четверг": 3, "пятниц": 4, "суббот": 5, "воскресень": 6,
    "понеділ": 0, "вівтор": 1, "серед": 2, "четвер": 3, "п'ятниц": 4, "субот": 5, "неділ": 6, "monday": 0,
    "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
}  # fmt: skip
_RELATIVE = re.compile(
    r"(?<!\w)(?:(?P<day>позавчера|вчера|сегодня|послезавтра|завтра|учора|вчора|позавчора|сьогодні|післязавтра|кеше|бүгін|"
    r"ертең|yesterday|today|tonight|tomorrow)"
    r"|(?P<n>\d{1,3}|два|две|три|четыре|пять|шесть|семь|десять)?\s?(?P<unit>день|дня|дней|сутки|суток|недел[юиь]|недели|"
    r"месяцев|месяца?|days?|weeks?|months?)\s(?P<ago>назад|тому|ago)"
    r"|через\s(?:(?P<n2>\d{1,3}|два|две|три|четыре|пять|шесть|семь|десять)\s)?"
    r"(?P<unit2>день|дня|дней|сутки|недел[юиь]|месяца?)"
    r"|(?:в|во|до|с|к|by|on|until)\s(?:прошл\w+\s|следующ\w+\s|эт\w+\s)?(?P<week>понедельник\w?|вторник\w?|сред[уыеа]|"
    r"четверг\w?|пятниц[уыеа]|суббот[уыеа]|воскресень[ея]|monday|tuesday|wednesday|thursday|friday|saturday|sunday))(?!\w)",
    re.IGNORECASE,
)
_RELATIVE_WORDS = (
    "вчера", "сегодня", "завтра", "вчора", "учора", "сьогодні", "кеше", "бүгін", "ертең", "yesterday", "today",
    "tonight",
    "tomorrow", "назад", "тому", "ago", "через", "понедельник", "вторник", "сред", "четверг", "пятниц", "суббот",
    "воскресень", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_NUMBERS = {"два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "десять": 10}
_SUM = re.compile(
    r"(?<![\w.,-])(?P<n>\d{1,3}(?:[ \u00a0\u202f]\d{3}){1,3}|\d+)(?P<f>[.,]\d{1,2})?\s?"
    r"(?P<k>тысяч[аиу]?|тыс\.?|тыщ\w*|т\.?\s?р\.?|к|k|млн\.?"
    r"|миллион\w*|косар\w*)?\s?(?P<c>руб(?:л[яейьию]{1,3}м?|\.|(?!\w))|₽|р(?:\.|(?!\w))|rub|рублей|€|euros?|eur|\$|usd|долл\w*|бакс\w*|"
    r"гр(?:н|ивень|ивн\w+)\.?|uah|₴|тенге|тг\.?|теңге|₸|kzt|£|gbp|pounds?|dollars?|bucks|коп\w*)?(?!\w)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"[ \u00a0\u202f-]\(?\d")  # digits behind: a part of a longer number
_SIGNED = re.compile(r"(?P<c>[$€£₽₴₸])\s?(?P<n>\d{1,3}(?:[ ,\u00a0]\d{3})+|\d+)(?P<f>\.\d{1,2})?(?!\w)")
_MONEY = {
    "₽": "RUB", "р": "RUB", "$": "USD", "u": "USD", "д": "USD", "б": "USD", "€": "EUR", "e": "EUR", "г": "UAH",
    "₴": "UAH", "т": "KZT", "₸": "KZT", "k": "KZT", "£": "GBP",
}  # fmt: skip
_ORDER = re.compile(
    r"(?<!\w)(?P<w>заказ\w*|замовлен\w*|тапсырыс\w*|order|отправлени\w*|посылк\w*|трек\w*(?:-номер\w*)?|track\w*|накладн\w*|ттн|"
    r"заявк\w*|наряд\w*|обращени\w*|тикет\w*|ticket|брон[ьия]\w*|booking|reservation|заявлени\w*|договор\w*|чек\w*|receipt|квитанци\w*|"
    r"артикул\w*)[\s:,]{0,3}(?:(?:номер\w*|number|no\.?)[\s:]{0,2})?(?P<s>№|#|n)?\s?"
    r"(?P<v>(?=[\w/-]*\d)[a-zа-я0-9]{1,24}(?:[-/][a-zа-я0-9]{1,12}){0,4})(?![\w:])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:№|#|(?<!\w)номер)\s?(?P<v>(?=[\w/-]*\d)[A-Za-zА-Яа-я0-9]{3,14}(?:[-/][A-Za-zА-Яа-я0-9]{1,12}){0,4})(?!\w)"
)
_S10 = re.compile(r"[A-Za-z]{2}(?<!\w..)\s?(?P<v>[0-9]{9})\s?[A-Za-z]{2}(?!\w)")  # a postal tracking number
_NTH = re.compile(
    r"(?P<d>[0-3]?[0-9])(?:-?(?:го|му|е|ое|м)\s(?:числ\w{1,3})|-(?:го|му|е|ое)(?=\s{0,2}(?:$|[.,;!?)»\n]|"
    r"(?:и|а|но|не|я|мне|мы|уже|обеща\w+|должн\w+|привез\w+|достав\w+|был\w*|по\s\d|до\s\d|утром|вечером|днём|днем)(?!\w)))"
    r"|\sчисла)(?!\w)",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"[\w.,/-][0-9]")  # a number that goes on to the left; looked at last because it is rare
_EARLIER = re.compile(
    r"(?:(?<![\d.,/:])[0-3]?\d(?:-?(?:го|е|му))?\s?(?:,|и|или|по|до|-|–|—)\s{0,2}){1,6}$", re.IGNORECASE
)
_RECEIPT = re.compile(r"чек|receipt|квитанц", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"»)]{2,400}|(?<![\w@.])t\.me/\w{2,40}", re.IGNORECASE)
_COUNTED = re.compile(
    r"\s?(?:шт|кг|гр?(?!\w)|мл|литр|л(?!\w)|см|мм|м(?!\w)|км|минут|мин|час|ч(?!\w)|дн|ден|день|сут|недел|месяц|лет|год|раз|"
    r"градус|%|процент|гб|мб|человек|этаж|квартир|кв|размер|дома?(?!\w))",
    re.IGNORECASE,
)


def entities(batch: Batch, *, today: date | None = None, names: Gazetteer = NOBODY) -> list[list[Entity]]:
    """What every text of a batch names, in order of place, without overlaps."""
    places, companies = cities(batch), brands(batch)
    answers = []
    for row, whole in enumerate(batch.texts):
        text = whole[:LONGEST]
        found = [Entity("city", *place) for place in places.get(row, ())]
        if "/" in text or "www" in text:
            found += [
                Entity("link", m.group().rstrip(".,!?"), m.start(), m.end()) for m in _LINK.finditer(text)
            ]
        found += names.find(text)
        found += [Entity(*place) for place in companies.get(row, ())]
        found += [Entity("employee", *one) for one in persons(text)]
        if _DIGIT.search(text):
            found += _with_digits(text, today)
        small = text.lower()
        if any(word in small for word in _RELATIVE_WORDS):
            found += [one for match in _RELATIVE.finditer(text) if (one := _relative(match, today))]
        answers.append(apart(sorted(found, key=lambda one: one.start)[:MOST]))
    return answers


def _with_digits(text: str, today: date | None) -> list[Entity]:
    found = []
    for match in _ORDER.finditer(text):
        kind = "receipt" if _RECEIPT.match(match["w"]) else "order"
        value = match["v"]
        if match["s"] or len(re.sub(r"\D", "", value)) >= 3:
            found.append(Entity(kind, value, match.start("v"), match.end("v")))
    found += [Entity("order", m["v"], m.start("v"), m.end("v")) for m in _NUMBERED.finditer(text)]
    found += [Entity("order", m.group(), *m.span()) for m in _S10.finditer(text) if is_s10(m["v"])]
    found += _dates(text, today)
    for match in _SUM.finditer(text):
        value = _sum(match, text)
        if value:
            found.append(Entity("sum", value, match.start(), match.end()))
    for match in _SIGNED.finditer(text):
        amount = float(re.sub(r"[ ,\u00a0]", "", match["n"]) + (match["f"] or ""))
        found.append(Entity("sum", f"{amount:g} {_MONEY[match['c']]}", match.start(), match.end()))
    return found


def _dates(text: str, today: date | None) -> list[Entity]:
    found = []
    for match in _DATE.finditer(text):
        value = _date(match, today)
        if value:
            found.append(Entity("date", value, match.start(), match.end()))
            if match["d2"]:
                found += _earlier_days(text, match.start(), value)
    for match in _NTH.finditer(text):
        if 1 <= int(match["d"]) <= 31 and not _INSIDE.match(text, max(0, match.start() - 1)):
            found.append(Entity("date", _nearest_day(int(match["d"]), today), *match.span()))
    return found


def _date(match: re.Match[str], today: date | None) -> str | None:
    groups = {name: value for name, value in match.groupdict().items() if value}
    number = next(name[1] for name in groups if name[0] == "d")
    day, month, year = groups[f"d{number}"], groups[f"m{number}"], groups.get(f"y{number}")
    named = month.lower()
    at = (
        int(month)
        if month.isdigit()
        else next((n for stem, n in _MONTHS.items() if named.startswith(stem)), 0)
    )
    at = 5 if named == "мая" else at
    if not 1 <= at <= 12 or not 1 <= int(day) <= 31:
        return None
    if year is None:
        guess = _year(today, at, int(day)) if today else None
        return f"--{at:02d}-{int(day):02d}" if guess is None else f"{guess}-{at:02d}-{int(day):02d}"
    full = int(year) + (2000 if len(year) == 2 else 0)
    if int(day) > calendar.monthrange(full, at)[1]:
        return None
    return f"{full}-{at:02d}-{int(day):02d}"


def _earlier_days(text: str, end: int, value: str) -> list[Entity]:
    """The days before the last one of a list or a span: 5, 9 и 12 ноября."""
    match = _EARLIER.search(text, max(0, end - 40), end)
    days = re.finditer(r"\d+", match.group()) if match else ()
    return [
        Entity(
            "date",
            f"{value[:-2]}{int(day.group()):02d}",
            match.start() + day.start(),
            match.start() + day.end(),
        )
        for day in days
        if match and 1 <= int(day.group()) <= 31
    ]


def _nearest_day(day: int, today: date | None) -> str:
    """`21-го числа`: of the months around today the one that brings it nearest; without a today only the day."""
    if today is None:
        return f"---{day:02d}"
    months = [
        (today.year + (today.month + step - 1) // 12, (today.month + step - 1) % 12 + 1)
        for step in (-1, 0, 1)
    ]
    near = [date(*month, day) for month in months if day <= calendar.monthrange(*month)[1]]
    return min(near, key=lambda one: abs((one - today).days)).isoformat()


def _year(today: date, month: int, day: int) -> int:
    """People write of what was: a date is ahead only when it is near."""
    distance = (month - today.month) * 30.4 + day - today.day
    return today.year - 1 if distance > AHEAD else today.year + 1 if distance < AHEAD - 365 else today.year


def _relative(match: re.Match[str], today: date | None) -> Entity | None:
    if match["day"]:
        shift = _DAYS[match["day"].lower()]
    elif match["week"]:
        if today is None:
            return Entity("date", match["week"].lower(), match.start(), match.end())
        wanted = next(n for stem, n in _WEEKDAYS.items() if match["week"].lower().startswith(stem))
        past = "прошл" in match.group().lower()
        shift = -((today.weekday() - wanted) % 7 or 7) if past else (wanted - today.weekday()) % 7
    else:
        count = match["n"] or match["n2"] or "1"
        number = _NUMBERS.get(count.lower()) or (int(count) if count.isdigit() else 1)
        unit = (match["unit"] or match["unit2"]).lower()
        length = 7 if unit.startswith(("нед", "week")) else 30 if unit.startswith(("мес", "month")) else 1
        shift = number * length * (-1 if match["ago"] else 1)
    value = f"{shift:+d}d" if today is None else (today + timedelta(days=shift)).isoformat()
    return Entity("date", value, match.start(), match.end())


def _sum(match: re.Match[str], text: str) -> str | None:
    """An amount needs a currency, or a `тысяч`, or to be written in groups of three and not to be counted things."""
    grouped = bool(re.search(r"\D", match["n"]))
    shown = match["k"] or ""
    small = shown.lower() in ("к", "k")
    if not match["c"] and not (shown and not small) and not grouped:
        return None
    if not match["c"] and (_COUNTED.match(text, match.end()) or _GOES_ON.match(text, match.end())):
        return None
    amount = float(re.sub(r"\D", "", match["n"]) + (match["f"] or "").replace(",", "."))
    if shown:
        amount *= 1_000_000 if shown.lower().startswith(("млн", "милл")) else 1000
    currency = (match["c"] or "руб").lower()
    if currency.startswith("коп"):
        amount, currency = amount / 100, "руб"
    code = {
        "eur": "EUR",
        "uah": "UAH",
        "gbp": "GBP",
        "pou": "GBP",
        "dol": "USD",
        "buc": "USD",
        "rub": "RUB",
    }.get(currency[:3], _MONEY.get(currency[:1], "RUB"))
    return f"{amount:.10g} {code}"


def apart(found: list[Entity]) -> list[Entity]:
    """In order of place, without overlaps: the longer one stays, then the one found first."""
    kept: list[Entity] = []
    for one in sorted(found, key=lambda one: one.start - one.end):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)
