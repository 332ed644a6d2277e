"""Phones, addresses, sums and dates as people and shops write them. Pure; None means "not understood"."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation

import phonenumbers

_MAX_PHONE, _MIN_PHONE_DIGITS = 60, 7
_MAX_EMAIL = 254
_EMAIL = re.compile(r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]{2,}$")
_SPACES = re.compile(r"[\s\u00a0\u202f\u2009']+")
_CURRENCY = re.compile(r"(?:₽|руб(?:лей|ля|ль)?\.?|р\.|rub|rur)$", re.I)
_GROUPS = re.compile(r"^\d{1,3}(?:[.,]\d{3})+$")
_PLAIN_SUM = re.compile(r"^\d{1,12}(?:\.\d+)?$")
MAX_SUM = Decimal("9999999999.99")
_YEARS = (1990, 2100)
_DAY_FIRST = re.compile(
    r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?:\s*г\.?)?(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$"
)
_DAY_MONTH = re.compile(
    r"^(\d{1,2})\s+([а-яё]{3,9})\.?\s+(\d{4})(?:\s*г\.?)?(?:[ ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$"
)
_MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_YES = frozenset(
    ("да", "yes", "y", "true", "1", "+", "истина", "оплачен", "оплачено", "возвращён", "возвращен", "возврат")
)
_NO = frozenset(("нет", "no", "n", "false", "0", "-", "ложь", "", "—", "не оплачен", "не оплачено"))


def parse_phone(value: str, *, region: str = "RU") -> str | None:
    """E.164 («+79161234567»); a number without a country is Russian. None when no such number can exist."""
    if len(value) > _MAX_PHONE or sum(char.isdigit() for char in value) < _MIN_PHONE_DIGITS:
        return None
    if re.search(r"[^\W\d_]{3}", value):  # words are not a phone; «доб. 12» and «ext» are cut below
        value = re.split(r"[^\W\d_]", value.strip(), maxsplit=1)[0]
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def show_phone(value: str) -> str:
    """«+7 916 123-45-67»; anything that is no number is returned unchanged."""
    try:
        return phonenumbers.format_number(
            phonenumbers.parse(value), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
    except phonenumbers.NumberParseException:
        return value


def parse_email(value: str) -> str | None:
    """The address in lower case."""
    text = value.strip().lower()
    return text if len(text) <= _MAX_EMAIL and _EMAIL.match(text) else None


def parse_money(value: str) -> Decimal | None:
    """«54 990,00 ₽», "54,990.00", "1.234,56"; rounded to kopecks. Negative and absurd sums: None."""
    text = _CURRENCY.sub("", _SPACES.sub("", value))
    comma, dot = text.rfind(","), text.rfind(".")
    if comma >= 0 and dot >= 0:  # the last one separates the fraction
        text = text.replace(",", "") if dot > comma else text.replace(".", "").replace(",", ".")
    elif _GROUPS.match(text):
        text = re.sub(r"[.,]", "", text)
    else:
        text = text.replace(",", ".")
    if not _PLAIN_SUM.match(text):
        return None
    try:
        amount = Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    return amount if amount <= MAX_SUM else None


def parse_moment(value: str, zone: tzinfo) -> datetime | None:
    """dd.mm.yyyy (also with time, two-digit year, «14 ноября 2025») and ISO 8601; else in `zone`.

    A bare day is its midnight.
    """
    text = " ".join(value.replace("\u00a0", " ").split())
    found = _from_words(text)
    try:
        moment = datetime(*found) if found else datetime.fromisoformat(text)  # noqa: DTZ001 the zone follows
    except (ValueError, OverflowError):
        return None
    if not _YEARS[0] <= moment.year <= _YEARS[1]:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _from_words(text: str) -> tuple[int, int, int, int, int, int] | None:
    if found := _DAY_FIRST.match(text):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
        year += 2000 if len(found[3]) == 2 else 0  # noqa: PLR2004 two digits of a year
    elif found := _DAY_MONTH.match(text.lower()):
        number = next((at for at, name in enumerate(_MONTHS, 1) if found[2].startswith(name)), 0)
        day, month, year = int(found[1]), number, int(found[3])
    else:
        return None
    return year, month, day, int(found[4] or 0), int(found[5] or 0), int(found[6] or 0)


def parse_yes(value: str) -> bool | None:
    text = value.strip().lower()
    if text in _YES:
        return True
    return False if text in _NO else None
