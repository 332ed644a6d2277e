"""Dates of mails: RFC 5322, and what broken programs write instead, Russian month names included."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

MONTHS = (
    ("jan", "янв"), ("feb", "фев"), ("mar", "мар", "mär", "mrz"), ("apr", "апр", "avr"),
    ("may", "май", "мая", "mai"), ("jun", "июн", "juin"), ("jul", "июл", "juil"), ("aug", "авг", "aoû"),
    ("sep", "сен"), ("oct", "окт", "okt"), ("nov", "ноя"), ("dec", "дек", "dez"),
)  # fmt: skip
MONTH = {name: number for number, names in enumerate(MONTHS, 1) for name in names}
ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "msk": 180, "мск": 180, "msd": 240, "eet": 120, "eest": 180,
    "cet": 60,
    "cest": 120, "met": 60, "mest": 120, "bst": 60, "wet": 0, "west": 60, "samt": 240, "yekt": 300,
    "omst": 360,
    "novt": 420, "krat": 420, "irkt": 480, "yakt": 540, "vlat": 600, "magt": 660, "pett": 720, "almt": 300,
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
}  # fmt: skip
TIME = re.compile(r"(?<!\d)(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?\s*(am|pm)?(?!\d)", re.IGNORECASE)
NAMED = re.compile(r"(?<!\d)(\d{1,2})(?:[\s.\-]|st|nd|rd|th)*\s*([a-zа-яёäû]{3,})\.?[\s.,\-]+(\d{2,4})(?!\d)")
NAME_FIRST = re.compile(r"([a-zа-яё]{3,})\.?\s+(\d{1,2})\b,?.*?(?<!\d)(\d{4})(?!\d)")
NUMERIC = re.compile(r"(?<!\d)(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)")
DOTTED = re.compile(r"(?<!\d)(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})(?!\d)")
OFFSET = re.compile(r"(?:gmt|utc)?\s*([+-])\s?(\d{1,2}):?(\d{2})?(?!\d)", re.IGNORECASE)


def parse_date(text: str) -> tuple[str | None, str]:
    """(RFC 3339 or None, problem code or "")."""
    plain = re.sub(r"\s+", " ", re.sub(r"\([^()]*\)", " ", text)).strip().lower()[:200]
    if not plain:
        return None, "no_date"
    day = _day(plain)
    if day is None:
        return None, "bad_date"
    (year, month, number), rest = day
    clock = TIME.search(rest)
    if clock is None:
        return None, "bad_date"
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if clock[4]:
        hour = hour % 12 + (12 if clock[4] == "pm" else 0)
    offset = _offset(rest[clock.end() :])
    try:
        zone = timezone(timedelta(minutes=offset or 0))
        moment = datetime(year, month, number, hour, minute, min(second, 59), tzinfo=zone)
    except (ValueError, OverflowError):
        return None, "bad_date"
    return moment.isoformat(), "" if offset is not None else "date_no_zone"


def _day(text: str) -> tuple[tuple[int, int, int], str] | None:
    """Year, month, day and the text without them, in which the time is searched."""
    for match in NAMED.finditer(text):
        month = MONTH.get(match[2][:3]) or MONTH.get(match[2][:4])
        if month:
            return (_year(match[3]), month, int(match[1])), _without(text, match)
    numeric = NUMERIC.search(text)
    if numeric:
        return (int(numeric[1]), int(numeric[2]), int(numeric[3])), _without(text, numeric).replace(
            "t", " ", 1
        )
    dotted = DOTTED.search(text)
    if dotted:
        return (_year(dotted[3]), int(dotted[2]), int(dotted[1])), _without(text, dotted)
    return _name_first(text)


def _name_first(text: str) -> tuple[tuple[int, int, int], str] | None:
    for match in NAME_FIRST.finditer(text):
        month = MONTH.get(match[1][:3])
        if month:
            return (int(match[3]), month, int(match[2])), text
    return None


def _without(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + " " + text[match.end() :]


def _year(text: str) -> int:
    """Two digits: 00–68 are 2000s (RFC 5322 says 49, mail programs learnt later); three add 1900."""
    year = int(text)
    if len(text) == 2:
        return year + (2000 if year < 69 else 1900)
    return year + 1900 if len(text) == 3 else year


def _offset(rest: str) -> int | None:
    """Minutes east of Greenwich; None when nothing believable is said."""
    match = OFFSET.search(rest)
    if match:
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return (
            None if minutes > 14 * 60 or int(match[3] or 0) > 59 else minutes * (1 if match[1] == "+" else -1)
        )
    for word in re.findall(r"[a-zа-я]+", rest):
        if word in ZONES:
            return ZONES[word]
    return None
