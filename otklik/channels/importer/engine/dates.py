"""Dates as people and programs write them. Pure: the zone is given, the present moment is never asked.

Accepted: ISO 8601, dd.mm.yyyy / dd.mm.yy with or without time, Russian and English month names, RFC 822,
Excel serials, Unix seconds and milliseconds. US m/d/y is taken only when the caller proved it by the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

DEFAULT_TIMEZONE = "Europe/Moscow"
ORDERS = ("dmy", "mdy")
_YEARS = (1990, 2100)
_MAX_LENGTH = 100
_MONTHS_IN_YEAR = 12
_EXCEL_DAYS = (32874, 73415)  # 1990 … 2100
_UNIX = ((1e0, 6e8, 4.2e9), (1e3, 6e11, 4.2e12), (1e6, 6e14, 4.2e15))  # s, ms, µs of 1989 … 2103
_FULL_YEAR, _PIVOT = 4, 70  # digits of a whole year; below 70 two digits are this century
_MIDNIGHT = 24

# Prefixes: Russian nominative, genitive and short forms and English ones share their first three letters.
_MONTHS = {
    **{
        name: number
        for number, name in enumerate(
            ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"), 1
        )
    },
    "май": 5,
    **{
        name: number
        for number, name in enumerate(
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
        )
    },
}
_ZONES = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "ut": 0,
    "msk": 180,
    "мск": 180,
    "msd": 240,
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
    "cet": 60,
    "cest": 120,
    "eet": 120,
    "eest": 180,
    "bst": 60,
    "yekt": 300,
    "samt": 240,
}
_TIME = re.compile(
    r"(?<![\d.])(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<ap>[ap]\.?m\.?)?"
    r"\s*(?P<z>[a-zа-я]{1,4}\b(?:\s*[+-]\d{1,2}(?::?\d{2})?)?|[+-]\d{1,2}:?\d{2}|[+-]\d{1,2})?",
    re.I,
)
_ISO = re.compile(r"^(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?=$|[T\s,])", re.I)
_NUMERIC = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:\s*г\.?)?(?=$|[\s,T])")
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:-?е|st|nd|rd|th)?[\s./-]+([a-zа-я]{3,9})\.?,?[\s./-]+(\d{4}|\d{2})(?!\d)", re.I
)
_MONTH_DAY = re.compile(r"\b([a-zа-я]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)", re.I)
_ASCTIME = re.compile(r"\b([a-z]{3})\s+(\d{1,2})\s+(\d{1,2}:\d{2}:\d{2})\s+(?:[A-Z]{3,4}\s+)?(\d{4})$", re.I)
_NUMBER = re.compile(r"^-?\d{1,17}(?:[.,]\d{1,12})?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{2}:?\d{2})?$")
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})?$")
_TIME_FIRST = re.compile(r"^(\d{1,2}:\d{2}(?::\d{2})?),?\s+(\d{1,2}[./-]\d.*|\d{1,2} \D.*|\d{4}-.*)$")
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  naive on purpose: a serial carries no zone


@dataclass(frozen=True, slots=True)
class When:
    """A moment with its zone. `has_time` is False for a bare day, `has_zone` when the zone was assumed."""

    moment: datetime
    has_time: bool
    has_zone: bool


def parse_date(value: str, *, zone: tzinfo | None = None, order: str = "dmy") -> When | None:
    """Reads one date; None when it is none or lies outside 1990–2100. Never raises."""
    text = " ".join(value.replace("\u00a0", " ").split())
    if not text or len(text) > _MAX_LENGTH:
        return None
    home = zone or ZoneInfo(DEFAULT_TIMEZONE)
    try:
        return _from_number(text, home) or _from_words(text, home, order)
    except (ValueError, OverflowError):
        return None


def rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def decide_order(samples: Iterable[str]) -> str:
    """Day first unless the column itself proves month first: some second number above 12 and no first one."""
    first = second = False
    for sample in samples:
        found = _NUMERIC.match(" ".join(sample.split()))
        if found:
            first = first or int(found[1]) > _MONTHS_IN_YEAR
            second = second or int(found[3]) > _MONTHS_IN_YEAR
    return "mdy" if second and not first else "dmy"


def _from_number(text: str, home: tzinfo) -> When | None:
    compact = _COMPACT.match(text)
    if compact and _YEARS[0] <= int(compact[1]) <= _YEARS[1] and 1 <= int(compact[2]) <= _MONTHS_IN_YEAR:
        return _compact(compact, home)
    if not _NUMBER.match(text):
        return None
    number = float(text.replace(",", "."))
    if _EXCEL_DAYS[0] <= number <= _EXCEL_DAYS[1]:
        naive = _EXCEL_EPOCH + timedelta(seconds=round(number * 86400))
        return _checked(naive.replace(tzinfo=home), has_time=number != int(number), has_zone=False)
    for scale, low, high in _UNIX:
        if low <= number <= high:
            return _checked(datetime.fromtimestamp(number / scale, UTC), has_time=True, has_zone=True)
    return None


def _compact(found: re.Match[str], home: tzinfo) -> When | None:
    hour, minute, second = (int(found[index] or 0) for index in (4, 5, 6))
    offset = _offset(found[7]) if found[7] else None
    moment = datetime(
        int(found[1]), int(found[2]), int(found[3]), hour, minute, second, tzinfo=offset or home
    )
    return _checked(moment, has_time=found[4] is not None, has_zone=offset is not None)


def _from_words(text: str, home: tzinfo, order: str) -> When | None:
    if found := _TIME_FIRST.match(text):
        text = f"{found[2]} {found[1]}"
    day = _day(text, order)
    if day is None:
        return None
    (year, month, date), rest = day
    clock = _TIME.search(rest)
    if clock is None:
        # A leftover that is neither a time nor a weekday or zone means we did not understand the value.
        return (
            None
            if re.search(r"\d", rest)
            else _checked(datetime(year, month, date, tzinfo=home), has_time=False, has_zone=False)
        )
    hour = int(clock["h"])
    if clock["ap"]:
        hour = hour % 12 + (12 if clock["ap"][0] in "pP" else 0)
    offset = _offset(clock["z"]) if clock["z"] else None
    micro = int((clock["f"] or "0")[:6].ljust(6, "0"))
    extra = timedelta(0)
    if hour == _MIDNIGHT and int(clock["m"]) == 0:
        hour, extra = 0, timedelta(days=1)
    second = min(int(clock["s"] or 0), 59)  # a leap second is written 60
    moment = datetime(year, month, date, hour, int(clock["m"]), second, micro, tzinfo=offset or home) + extra
    return _checked(moment, has_time=True, has_zone=offset is not None)


def _day(text: str, order: str) -> tuple[tuple[int, int, int], str] | None:
    """(year, month, day) and what is left of the text around it."""
    if found := _ISO.match(text):
        return (int(found[1]), int(found[2]), int(found[3])), _around(text, found)
    if found := _NUMERIC.match(text):
        first, second = int(found[1]), int(found[3])
        if order == "mdy" and found[2] != ".":  # dots are never American
            first, second = second, first
        return (_year(found[4]), second, first), _around(text, found)
    if (found := _DAY_MONTH.search(text)) and (month := _MONTHS.get(found[2][:3].lower())):
        return (_year(found[3]), month, int(found[1])), _around(text, found)
    if (found := _ASCTIME.search(text)) and (month := _MONTHS.get(found[1].lower())):
        return (int(found[4]), month, int(found[2])), " " + found[3]
    if (found := _MONTH_DAY.search(text)) and (month := _MONTHS.get(found[1][:3].lower())):
        return (int(found[3]), month, int(found[2])), _around(text, found)
    return None


def _around(text: str, found: re.Match[str]) -> str:
    rest = text[: found.start()] + " " + text[found.end() :]
    return re.sub(r"^\s*T(?=\d)", " ", rest, flags=re.I)


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) == _FULL_YEAR:
        return year
    return 2000 + year if year < _PIVOT else 1900 + year


def _offset(word: str) -> tzinfo | None:
    """A zone name or a numeric shift; None for a word that is neither (the home zone is assumed)."""
    if found := _OFFSET.search(word):
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes > 15 * 60:
            return None
        minutes = minutes if found[1] == "+" else -minutes
    elif (named := _ZONES.get(word.lower())) is not None:
        minutes = named
    else:
        return None
    return UTC if minutes == 0 else timezone(timedelta(minutes=minutes))


def _checked(moment: datetime, *, has_time: bool, has_zone: bool) -> When | None:
    if not _YEARS[0] <= moment.year <= _YEARS[1]:
        return None
    return When(moment, has_time, has_zone)
