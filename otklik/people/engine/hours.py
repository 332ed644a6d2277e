"""When a customer likes to be written to, by the customer's own clock. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
EVERY_DAY = "0123456"
_DAY = timedelta(days=1)


def parse_clock(text: str) -> str | None:
    """A time of day as "18:00"; None when it is none."""
    found = _CLOCK.fullmatch(text.strip())
    return f"{int(found[1]):02d}:{found[2]}" if found else None


def parse_days(text: str) -> str | None:
    """Days of the week as digits in order, Monday 0; all seven are nothing said. None for other signs."""
    if set(text) - set(EVERY_DAY):
        return None
    days = "".join(sorted(set(text)))
    return "" if days == EVERY_DAY else days


def parse_zone(text: str) -> str | None:
    """The name of a time zone that this machine knows."""
    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, KeyError):
        return None


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the day in `zone`. `until` "" is the end of the day; not later than `since`: it ends the next day.

    `days`: digits of the days on which the hours begin, Monday 0; empty: every day.
    """

    since: str
    until: str
    days: str
    zone: tzinfo

    def holds(self, moment: datetime) -> bool:
        """Whether an aware moment lies inside."""
        today = moment.astimezone(self.zone).date()
        return any(
            begins <= moment.astimezone(UTC) < ends
            for begins, ends in map(self._window, (today - _DAY, today))
            if self._counts(begins)
        )

    def next(self, moment: datetime) -> datetime:
        """`moment` itself when it lies inside, else when the hours begin next."""
        if self.holds(moment):
            return moment
        today = moment.astimezone(self.zone).date()
        for ahead in range(9):  # a week and a day on either side hold a beginning, whatever the days
            begins, _ends = self._window(today + ahead * _DAY)
            if self._counts(begins) and begins > moment.astimezone(UTC):
                return begins
        raise AssertionError("a week without a day")

    def _counts(self, begins: datetime) -> bool:
        return not self.days or str(begins.astimezone(self.zone).weekday()) in self.days

    def _window(self, day: date) -> tuple[datetime, datetime]:
        """In UTC: two moments of one zone would be compared by what their clocks show, wrong when clocks change."""
        begins = self._at(day, self.since or "00:00")
        last = day if self.until and self.until > (self.since or "00:00") else day + _DAY
        return begins, self._at(last, self.until or "00:00")

    def _at(self, day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), tzinfo=self.zone).astimezone(UTC)
