"""Days, sums and phones as people read them. `load people`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from otklik.kernel import clock
from otklik.people import kinds
from otklik.people.engine.values import show_phone
from otklik.people.models import Identity

register = template.Library()
THIN, HARD = "\u202f", "\u00a0"


def _today() -> date:
    return timezone.localtime(clock.now()).date()


def _long(day: date) -> str:
    """«22 ноября» this year, else «22.11.2025»."""
    if day.year != _today().year:
        return day.strftime("%d.%m.%Y")
    return date_format(day, "j E" if get_language() == "ru" else "j F").replace(" ", HARD)


@register.filter
def day(value: date | datetime | None) -> str:
    """A day inside a sentence."""
    if not value:  # templates give "" for a key that is not there
        return ""
    return _long(timezone.localtime(value).date() if isinstance(value, datetime) else value)


@register.filter
def short_day(value: date | datetime | None) -> str:
    """A day in a table: «22 ноя»."""
    if not value:  # templates give "" for a key that is not there
        return ""
    one = timezone.localtime(value).date() if isinstance(value, datetime) else value
    if one.year != _today().year:
        return one.strftime("%d.%m.%Y")
    return f"{one.day}{HARD}{date_format(one, 'E')[:3]}"


@register.filter
def moment(value: datetime) -> str:
    """«сегодня, 14:02», «20 ноября, 17:48», «09.06.2025»; without a time when it is midnight."""
    local = timezone.localtime(value)
    today = _today()
    hours = "" if (local.hour, local.minute) == (0, 0) else local.strftime("%H:%M")
    if local.date() == today:
        return f"{_('today')}, {hours}" if hours else str(_("today"))
    if local.year != today.year or not hours:
        return _long(local.date())
    return f"{_long(local.date())}, {hours}"


@register.filter
def year(value: datetime) -> int:
    return timezone.localtime(value).year


@register.filter
def money(value: object) -> str:
    """«54 990 ₽», with kopecks only when there are some."""
    if not isinstance(value, Decimal | int):
        return ""
    text = (
        f"{value:,.2f}".removesuffix(".00")
        .replace(",", THIN)
        .replace(".", "," if get_language() == "ru" else ".")
    )
    return f"{text}{HARD}₽"


@register.filter
def phone(value: str) -> str:
    return show_phone(value) if value.startswith("+") else value


@register.filter
def get(values: dict[str, str], key: str) -> str:
    """A value of a dictionary by a name known to the template; empty when missing."""
    return values.get(key, "")


@register.filter
def face_icon(face: Identity) -> str:
    return kinds.icon(face.kind)


@register.filter
def face_title(face: Identity) -> str:
    return kinds.title(face.kind)
