"""Personal data in a text: what may not go into a public answer, a log or another company's model.

Numbers are proved where they can be: a card by the Luhn sum (ISO/IEC 7812-1), INN and SNILS by their control digits
(orders of the Federal Tax Service and the Pension Fund), a phone by the length of its country's numbers. What cannot be
proved (passport, address) needs a word beside it that says what it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["phone", "card", "passport", "inn", "snils", "email", "address", "other"]

_GAP = r"[\s\u00a0\u202f-]{0,2}"
_EMAIL = re.compile(r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,4}[^\W\d_]{2,12}(?![\w-])")
_DIGITS = re.compile(r"(?<![\w.,/-])\+?\d(?:[\s\u00a0\u202f().-]{0,3}\d){4,22}(?![\w%]|[.,]\d)")
_PASSPORT_WORD = re.compile(r"паспорт|серия|серии|\bп/п\b|passport", re.IGNORECASE)
_INN_WORD = re.compile(r"\bинн\b|\binn\b", re.IGNORECASE)
_SNILS_WORD = re.compile(r"снилс|страхов\w+ (?:номер|свидетельств)", re.IGNORECASE)
_CARD_WORD = re.compile(r"\bкарт[аыеуой]|\bcard\b|\bcvv\b|\bcvc\b", re.IGNORECASE)
_PHONE_WORD = re.compile(
    r"\bтел(?:ефон\w*|\b)|\bмоб(?:ильн\w*|\b)|звон\w+|набер\w+|whats|ватсап|вотсап|вайбер|viber", re.I
)
_NUMBER_WORD = re.compile(
    r"(?:заказ\w*|накладн\w*|чек\w*|трек\w*(?:-номер\w*)?|отправлени\w*|обращени\w*|заявк\w*|договор\w*|"
    r"сч[её]т\w*|артикул\w*|квитанци\w*|order|ticket|tracking|№|#)[\s:№#.a-z-]{0,12}$",
    re.IGNORECASE,
)
_STREET = (
    r"(?:ул(?:\.|ица|ице|ицу|ицы)?|пр(?:-?к?т\.?|осп(?:\.|ект\w*)?)|пер(?:\.|еул\w*)|ш(?:\.|оссе)|б(?:-р|ульв\w*)|"
    r"наб(?:\.|ережн\w*)|проезд\w*|пл(?:\.|ощад\w*)|мкр(?:\.|н)?|микрорайон\w*|вул(?:\.|иц\w*)|к[өо]шесі)"
)
_HOUSE = r"(?:д(?:\.|ом)?\s*)?\d{1,4}(?:\s?[а-яa-z](?![а-яa-z]))?(?:\s?/\s?\d{1,3})?"
_FLAT = r"(?:кв(?:\.|арт\w*)?|оф(?:\.|ис\w*)?|под(?:\.|ъезд\w*)|корп(?:\.|ус\w*)?|к\.|стр\.?)\s*\d{1,4}"
_NAME = r"[А-ЯЁІЇЄҒҚҢӨҰҮҺ0-9][\w.-]{0,30}(?:[\s-][А-ЯЁІЇЄ0-9][\w-]{0,30}){0,2}"
_ADDRESS = re.compile(
    rf"(?:(?<!\w)(?i:{_STREET})\s*{_NAME}|(?<!\w){_NAME}\s(?i:{_STREET}))"
    rf",?\s{{0,2}}(?i:{_HOUSE})(?!\d|\w)(?:,?\s{{0,2}}(?i:{_FLAT})){{0,3}}"
)
_HOUSE_FLAT = re.compile(
    rf"(?<!\w)(?i:д(?:\.|ом)\s*\d{{1,4}}\w?,?\s{{0,2}}(?:{_FLAT})(?:,?\s{{0,2}}{_FLAT}){{0,2}})"
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?!\w)")
_ACCOUNT = re.compile(r"(?<!\d)(?:40[5-8]|42[36])\d{17}(?!\d)")
_BORN = re.compile(r"(?i:дата рождения|родил\w+|д\.\s?р\.)[\s:–-]{0,3}\d{1,2}[./]\d{1,2}[./](?:19|20)\d{2}")
_BEFORE = 40  # code points before a number in which a word may say what it is


@dataclass(frozen=True, slots=True)
class Found:
    """`[start, end)` in code points of the text."""

    kind: Kind
    start: int
    end: int


def find(text: str) -> list[Found]:
    """Personal data in order of place; spans do not overlap. Never raises."""
    found: list[Found] = []
    if "@" in text:
        found += [Found("email", *match.span()) for match in _EMAIL.finditer(text)]
    if any(sign.isdigit() for sign in text):
        found += _with_digits(text)
    return _apart(found)


def mask(text: str, sign: str = "•") -> str:
    """The text with the letters and digits of all personal data replaced; its length stays."""
    shown = list(text)
    for one in find(text):
        for place in range(one.start, one.end):
            if shown[place].isalnum():
                shown[place] = sign
    return "".join(shown)


def _with_digits(text: str) -> list[Found]:
    found = [Found("address", *match.span()) for match in _ADDRESS.finditer(text)]
    found += [Found("address", *match.span()) for match in _HOUSE_FLAT.finditer(text)]
    found += [Found("other", *match.span()) for match in _IBAN.finditer(text) if is_iban(match.group())]
    found += [
        Found("other", *match.span()) for pattern in (_ACCOUNT, _BORN) for match in pattern.finditer(text)
    ]
    for match in _DIGITS.finditer(text):
        kind = _number(text, match)
        if kind:
            found.append(Found(kind, match.start(), match.end()))
    return found


def _number(text: str, match: re.Match[str]) -> Kind | None:  # noqa: PLR0911 one answer for each kind of number
    """What a run of digits is, proofs before words, words before shapes."""
    shown = match.group()
    digits = re.sub(r"\D", "", shown)
    before = text[max(0, match.start() - _BEFORE) : match.start()]
    if len(digits) == 11 and (
        _SNILS_WORD.search(before) or re.fullmatch(rf"\d{{3}}-\d{{3}}-\d{{3}}{_GAP}\d\d", shown)
    ):
        return "snils" if is_snils(digits) else None
    if _INN_WORD.search(before) and len(digits) in (10, 12):
        return "inn" if is_inn(digits) else None
    if _PASSPORT_WORD.search(before) and len(digits) in (4, 6, 10):
        return "passport"
    if 16 <= len(digits) <= 19 and is_card(digits):
        return "card"
    if 13 <= len(digits) <= 15 and _CARD_WORD.search(before) and is_card(digits):
        return "card"
    if _is_phone(shown, digits) and (shown[0] == "+" or not _NUMBER_WORD.search(before)):
        return "phone"
    if len(digits) in (7, 10) and _PHONE_WORD.search(before[-25:]) and not _NUMBER_WORD.search(before):
        return "phone"
    return None


def _is_phone(shown: str, digits: str) -> bool:
    """Russia and Kazakhstan, Ukraine, Belarus, and anything international that begins with a plus."""
    if shown[0] == "+":
        return 10 <= len(digits) <= 15
    if len(digits) == 11 and digits[0] in "78":
        return digits[1] in "34789"
    if len(digits) == 12 and digits.startswith(("380", "375")):
        return True
    if len(digits) == 10 and digits[0] == "0" and digits[1] in "345679":
        return True  # Ukraine, at home
    return len(digits) == 10 and digits[0] == "9" and shown != digits  # 916 123-45-67


def is_card(digits: str) -> bool:
    """The Luhn sum of ISO/IEC 7812-1 holds, and the number begins as payment cards do."""
    if len(set(digits)) == 1 or digits[0] not in "23456":
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004
    return total % 10 == 0


def is_inn(digits: str) -> bool:
    """Control digits of a Russian taxpayer's number: one of ten digits, two of twelve."""
    if len(set(digits)) == 1:
        return False

    def control(weights: tuple[int, ...]) -> int:
        return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False)) % 11 % 10

    if len(digits) == 10:  # noqa: PLR2004 a company
        return control((2, 4, 10, 3, 5, 9, 4, 6, 8)) == int(digits[9])
    if len(digits) == 12:  # noqa: PLR2004 a person
        first, second = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
        return control(first) == int(digits[10]) and control(second) == int(digits[11])
    return False


def is_snils(digits: str) -> bool:
    """Control number of a Russian insurance account: the last two of eleven digits."""
    if len(digits) != 11 or len(set(digits)) == 1:  # noqa: PLR2004
        return False
    total = sum((9 - place) * int(digit) for place, digit in enumerate(digits[:9]))
    return total % 101 % 100 == int(digits[9:])


def is_iban(text: str) -> bool:
    """ISO 13616: the rearranged number leaves 1 when divided by 97."""
    plain = re.sub(r"\s", "", text)
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def _apart(found: list[Found]) -> list[Found]:
    """Without overlaps: the longer one stays."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)
