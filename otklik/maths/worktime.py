"""Working time: how much of it lies between two moments, when it goes on, when so much of it has passed.

Hours are given in local time; durations are counted in real seconds, so a night with a change of the clock is an
hour longer or shorter, as it is for the people who work it. No Django here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTES = 24 * 60
HORIZON = 3660  # days: a calendar that never opens within ten years has no next working moment
_TIME = re.compile(r"^([01]?\d|2[0-4]):([0-5]\d)$", re.ASCII)

Hours = Sequence[Sequence[str]]  # [["09:00", "13:00"], ["14:00", "18:00"]]
Span = tuple[int, int]  # minutes of the day, [start, end)


class BadHours(ValueError):
    """`value` cannot be read as hours of a day."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


def _minutes(text: str) -> int:
    match = _TIME.match(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if not 0 <= minutes <= MINUTES:
        raise BadHours(text)
    return minutes


def _spans(hours: Hours) -> tuple[Span, ...]:
    spans = []
    for pair in hours:
        if len(pair) != 2:  # noqa: PLR2004 from and until
            raise BadHours("–".join(pair))
        start, end = _minutes(pair[0]), _minutes(pair[1])
        if start >= end:
            raise BadHours(f"{pair[0]}–{pair[1]}")
        spans.append((start, end))
    return _joined(sorted(spans))


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


@dataclass(frozen=True)
class Week:
    """Hours by weekday (Monday is 0) and the days that differ."""

    days: tuple[tuple[Span, ...], ...]
    exceptions: Mapping[date, tuple[Span, ...]]

    @classmethod
    def parse(cls, week: Mapping[str, Hours], exceptions: Mapping[str, Hours] | None = None) -> Week:
        """From the stored form: {"0": [["09:00", "18:00"]]}, {"2026-12-31": []}. Raises BadHours."""
        unknown = set(week) - {str(number) for number in range(7)}
        if unknown:
            raise BadHours(sorted(unknown)[0])
        special = {}
        for day, hours in (exceptions or {}).items():
            try:
                special[date.fromisoformat(day)] = _spans(hours)
            except BadHours:
                raise
            except ValueError as error:
                raise BadHours(day) from error
        return cls(tuple(_spans(week.get(str(number), ())) for number in range(7)), special)

    def of(self, day: date) -> tuple[Span, ...]:
        return self.exceptions.get(day, self.days[day.weekday()])


ALWAYS = Week((((0, MINUTES),),) * 7, {})


def _local(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The UTC moment of a local time. In a gap the clock has just jumped over: the moment after the jump."""
    plain = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 the zone follows
    moment = plain.replace(tzinfo=zone).astimezone(UTC)
    back = moment.astimezone(zone).replace(tzinfo=None)
    return moment if back == plain else _end_of_gap(plain, zone)


def _end_of_gap(plain: datetime, zone: ZoneInfo) -> datetime:
    # both readings of a time that does not exist lie around the jump; halve until the minute is found
    low = plain.replace(tzinfo=zone, fold=1).astimezone(UTC)
    high = plain.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def spans(week: Week, zone: ZoneInfo, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Working spans in UTC that end after `start`, in order, without overlaps, for HORIZON days."""
    first = start.astimezone(zone).date() - timedelta(days=1)
    last_end: datetime | None = None
    for offset in range(HORIZON):
        day = first + timedelta(days=offset)
        for begin, end in week.of(day):
            opens, closes = _local(day, begin, zone), _local(day, end, zone)
            if last_end is not None and opens < last_end:
                opens = last_end
            if closes <= opens:
                continue
            last_end = closes
            if closes > start:
                yield opens, closes


def seconds_between(week: Week, zone: ZoneInfo, start: datetime, end: datetime) -> float:
    """Working seconds in [start, end); negative when `end` is before `start`. Both aware."""
    if end < start:
        return -seconds_between(week, zone, end, start)
    total = 0.0
    for opens, closes in spans(week, zone, start):
        if opens >= end:
            break
        total += (min(closes, end) - max(opens, start)).total_seconds()
    return total


def is_working(week: Week, zone: ZoneInfo, moment: datetime) -> bool:
    opens, _ = next(spans(week, zone, moment), (None, None))
    return opens is not None and opens <= moment


def next_working(week: Week, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """`moment` itself when it is working time, else when work begins again; None when it never does."""
    for opens, _ in spans(week, zone, moment):
        return max(opens, moment).astimezone(UTC)
    return None


def add_seconds(week: Week, zone: ZoneInfo, start: datetime, seconds: float) -> datetime | None:
    """When `seconds` (≥ 0) of working time have passed since `start`; None when they never do."""
    if seconds < 0:
        raise ValueError("seconds must not be negative")
    left = seconds
    for opens, closes in spans(week, zone, start):
        begin = max(opens, start)
        length = (closes - begin).total_seconds()
        if left <= length:
            return (begin + timedelta(seconds=left)).astimezone(UTC)
        left -= length
    return None
