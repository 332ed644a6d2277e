"""Moments, durations, sizes and channels in the words of the interface (EXPERIENCE, section 8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from otklik.channels.mail.engine import images
from otklik.kernel import clock
from otklik.people import kinds

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
KILO = 1024
GROUPED_FROM = 1000

WEEKDAYS = (
    pgettext_lazy("weekday short", "Mon"),
    pgettext_lazy("weekday short", "Tue"),
    pgettext_lazy("weekday short", "Wed"),
    pgettext_lazy("weekday short", "Thu"),
    pgettext_lazy("weekday short", "Fri"),
    pgettext_lazy("weekday short", "Sat"),
    pgettext_lazy("weekday short", "Sun"),
)
MONTHS = (
    pgettext_lazy("month short", "Jan"),
    pgettext_lazy("month short", "Feb"),
    pgettext_lazy("month short", "Mar"),
    pgettext_lazy("month short", "Apr"),
    pgettext_lazy("month short", "May"),
    pgettext_lazy("month short", "Jun"),
    pgettext_lazy("month short", "Jul"),
    pgettext_lazy("month short", "Aug"),
    pgettext_lazy("month short", "Sep"),
    pgettext_lazy("month short", "Oct"),
    pgettext_lazy("month short", "Nov"),
    pgettext_lazy("month short", "Dec"),
)


def channel_icon(kind: str) -> str:
    return kinds.icon(kind)


def channel_name(kind: str) -> str:
    return kinds.title(kind)


register.filter("channel_icon", channel_icon)
register.filter("channel_name", channel_name)


@register.filter
def at(value: datetime | None) -> str:
    """Hours and minutes, 24 hours, in the reader's zone."""
    return timezone.localtime(value).strftime("%H:%M") if value else ""


@register.filter
def when(value: datetime | None) -> str:
    """Today "14:32", this week "пт, 14:32", this year "22 ноября", else "22.11.2025"."""
    if value is None:
        return ""
    moment, now = timezone.localtime(value), timezone.localtime(clock.now())
    days = (moment.date() - now.date()).days
    clock_time = moment.strftime("%H:%M")
    if days == 0:
        return clock_time
    if days == 1:
        return _("tomorrow, %(time)s") % {"time": clock_time}
    if days == -1:
        return _("yesterday, %(time)s") % {"time": clock_time}
    if abs(days) < 7:  # noqa: PLR2004 days of a week
        return f"{WEEKDAYS[moment.weekday()]}, {clock_time}"
    return date_format(moment, "j E") if moment.year == now.year else moment.strftime("%d.%m.%Y")


@register.filter
def when_short(value: datetime | None) -> str:
    """For a narrow column: "14:32", "вчера", "пт", "22 ноя", "22.11.25"."""
    if value is None:
        return ""
    moment, now = timezone.localtime(value), timezone.localtime(clock.now())
    days = (now.date() - moment.date()).days
    if days == 0:
        return moment.strftime("%H:%M")
    if days == 1:
        return _("yesterday")
    if 0 < days < 7:  # noqa: PLR2004 days of a week
        return str(WEEKDAYS[moment.weekday()])
    if moment.year == now.year:
        return f"{moment.day} {MONTHS[moment.month - 1]}"
    return moment.strftime("%d.%m.%y")


@register.filter
def exact(value: datetime | None) -> str:
    """Everything, for a tooltip: "пт, 22 ноября 2025, 14:32"."""
    if value is None:
        return ""
    moment = timezone.localtime(value)
    return f"{WEEKDAYS[moment.weekday()]}, {date_format(moment, 'j E Y')}, {moment.strftime('%H:%M')}"


@register.filter
def day_title(value: datetime) -> str:
    """The line between days: "Сегодня, 22 ноября"."""
    moment, now = timezone.localtime(value), timezone.localtime(clock.now())
    days = (now.date() - moment.date()).days
    text = date_format(moment, "j E" if moment.year == now.year else "j E Y")
    if days == 0:
        return _("Today, %(day)s") % {"day": text}
    if days == 1:
        return _("Yesterday, %(day)s") % {"day": text}
    return f"{WEEKDAYS[moment.weekday()]}, {text}"


def lasting(span: timedelta) -> str:
    """A duration in its two largest units: "12 мин", "2 ч 10", "3 дня"."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < HOUR:
        return _("%(minutes)s min") % {"minutes": seconds // MINUTE}
    if seconds < DAY:
        hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
        return _("%(hours)s h %(minutes)s") % {"hours": hours, "minutes": f"{minutes:02}"}
    days = seconds // DAY
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


@register.filter
def since(value: datetime) -> str:
    """How long it lasts already."""
    return lasting(clock.now() - value)


@register.filter
def file_size(value: int) -> str:
    """ "214 кБ" """
    if value < KILO:
        return _("%(size)s B") % {"size": value}
    if value < KILO * KILO:
        return _("%(size)s kB") % {"size": round(value / KILO)}
    return _("%(size)s MB") % {
        "size": f"{value / KILO / KILO:.1f}".replace(".", pgettext("decimal mark", "."))
    }


@register.filter
def grouped(value: Any) -> str:
    """Thousands apart by a thin space: "18 400"; whole numbers and sums."""
    if value is None:
        return ""
    return f"{round(value):,}".replace(",", "\u202f") if abs(value) >= GROUPED_FROM else str(round(value))


@register.filter
def remote_images(html: str) -> int:
    """How many images of a mail lie elsewhere."""
    return len(images.remote_images(html))


@register.filter
def iso(value: datetime | None) -> str:
    return value.isoformat() if value else ""


@register.filter
def local_input(value: datetime) -> str:
    """The value of a `datetime-local` field, in the reader's zone."""
    return timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")


@register.filter
def stars(value: int | None) -> str:
    return "★" * value + "☆" * (5 - value) if value and 0 < value <= 5 else ""  # noqa: PLR2004 of five
