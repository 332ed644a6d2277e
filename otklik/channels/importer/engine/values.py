"""Numbers, ratings, tones, phones and yes/no as they stand in exports. Pure; None means "not understood"."""

from __future__ import annotations

import re

import phonenumbers

RATING_MAX = 5.0
_MAX_DIGITS = 30
_MAX_COUNT = 1e12
_MAX_EMAIL = 320  # RFC 3696
_PHONE_LENGTH, _PHONE_DIGITS = 60, 7
_WORD = 3  # shorter marks («-1») must stand alone
_SPACES = re.compile(r"[\s\u00a0\u202f\u2009']+")
_INT = re.compile(r"^[+]?(\d+(?:[.,]\d+)?)(тыс|тысяч|т|k|к|млн|m|м|mln|млрд|b|bn)?\.?$")
_THOUSANDS = re.compile(r"^\d{1,3}(?:[.,]\d{3})+$")
_SCALE = {
    "тыс": 1e3,
    "тысяч": 1e3,
    "т": 1e3,
    "k": 1e3,
    "к": 1e3,
    "млн": 1e6,
    "m": 1e6,
    "м": 1e6,
    "mln": 1e6,
    "млрд": 1e9,
    "b": 1e9,
    "bn": 1e9,
}
_OUT_OF = re.compile(r"^(\d+(?:[.,]\d+)?)\s*(?:/|из|of|out of)\s*(\d+)(?:\s*\D*)?$")
_PERCENT = re.compile(r"^(\d+(?:[.,]\d+)?)\s*%$")
_STARS = re.compile(r"^(\d+(?:[.,]\d+)?)\s*(?:зв[её]зд\w*|балл\w*|stars?|points?|★|⭐\ufe0f?)?\.?$")
_FULL, _EMPTY = "★⭐🌟", "☆✩"
_URL = re.compile(r"^(?:https?://|www\.)\S+\.\S+$", re.I)
_EMAIL = re.compile(r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]{2,}$")
_ANGLE = re.compile(r"<([^<>\s]+@[^<>\s]+)>")

_TONES = {
    "negative": ("негатив", "negative", "neg", "отрицательн", "-1", "−1", "плох", "bad", "жалоб"),
    "positive": ("позитив", "positive", "pos", "положительн", "1", "+1", "хорош", "good"),
    "neutral": ("нейтральн", "neutral", "neu", "0"),
    "mixed": ("смешанн", "mixed", "двойствен"),
}
# Ready words instead of a guess: a wrong yes flips the sense of a column.
_YES = frozenset(("да", "yes", "y", "true", "1", "+", "истина", "д", "on", "✓"))
_NO = frozenset(("нет", "no", "n", "false", "0", "-", "ложь", "н", "off", "", "—"))


def parse_number(value: str, *, decimal: str = "") -> float | None:
    """«18 400», «12,5 тыс.», "1.2K", "18,400". `decimal` ("," or ".") settles what "18,400" means.

    Without it, groups of exactly three digits are thousands. Negative numbers are not counts: None.
    """
    text = _SPACES.sub("", value).lower()
    if _THOUSANDS.match(text) and not (decimal and decimal in text):
        return float(re.sub(r"[.,]", "", text))
    found = _INT.match(text)
    if not found or len(found[1]) > _MAX_DIGITS:
        return None
    return float(found[1].replace(",", ".")) * _SCALE.get(found[2] or "", 1)


def parse_count(value: str, *, decimal: str = "") -> int | None:
    """A whole number of people, views or likes; the fraction of «12,5 тыс.» is honoured first."""
    number = parse_number(value, decimal=decimal)
    return None if number is None or number > _MAX_COUNT else round(number)


def parse_rating(value: str, *, scale: float = RATING_MAX) -> float | None:
    """A rating brought to 1–5; 0.0 for "no rating given" («0», «0/5», «☆☆☆☆☆», «-»). None: not a rating.

    Raises ValueError when the number lies outside its own scale («7/5», «12» on a scale of 5).
    """
    text = _SPACES.sub(" ", value).strip().lower()
    if text in ("-", "—", "нет", "n/a"):
        return 0.0
    symbols = text.replace("\ufe0f", "")
    if symbols and all(char in _FULL + _EMPTY for char in symbols):
        full = sum(char in _FULL for char in symbols)
        return _scaled(full, max(len(symbols), RATING_MAX))
    if found := _OUT_OF.match(text):
        return _scaled(_float(found[1]), _float(found[2]))
    if found := _PERCENT.match(text):
        return _scaled(_float(found[1]), 100)
    if found := _STARS.match(text):
        return _scaled(_float(found[1]), scale)
    return None


def rating_scale(samples: list[str]) -> float:
    """The top of a column of plain ratings: 5, 10 or 100, the smallest that holds every sample."""
    numbers = [_float(found[1]) for sample in samples if (found := _STARS.match(sample.strip().lower()))]
    top = max(numbers, default=0)
    return next((scale for scale in (5.0, 10.0, 100.0) if top <= scale), RATING_MAX)


def parse_tone(value: str) -> str | None:
    """ "negative" | "neutral" | "positive" | "mixed", by the first letters of the word or by -1/0/1."""
    text = value.strip().lower()
    if not text:
        return None
    for tone, starts in _TONES.items():
        for start in starts:
            exact = len(start) < _WORD or start.isdigit()
            if text == start or (not exact and text.startswith(start)):
                return tone
    return None


def parse_phone(value: str, *, region: str = "RU") -> str | None:
    """E.164 («+79161234567»), None when no such number can exist."""
    if len(value) > _PHONE_LENGTH or sum(char.isdigit() for char in value) < _PHONE_DIGITS:
        return None
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_bool(value: str) -> bool | None:
    text = value.strip().lower()
    if text in _YES:
        return True
    return False if text in _NO else None


def parse_email(value: str) -> str | None:
    """The address in lower case, also out of «Анна <anna@example.ru>»."""
    text = value.strip()
    if found := _ANGLE.search(text):
        text = found[1]
    return text.lower() if len(text) <= _MAX_EMAIL and _EMAIL.match(text) else None


def looks_like_url(value: str) -> bool:
    return bool(_URL.match(value.strip()))


def _float(digits: str) -> float:
    return float(digits.replace(",", "."))


def _scaled(number: float, top: float) -> float:
    if top <= 0 or number > top:
        raise ValueError(number)
    if number == 0:
        return 0.0
    # 1 of 10 would become 0.5: the bottom of every scale is one star of five.
    return max(1.0, round(number / top * RATING_MAX, 2))
