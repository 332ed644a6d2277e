"""Tags of every template."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from otklik.kernel import clock

register = template.Library()

# the sign of a browser or system in what it says of itself → its name; the first that fits, imitators come first
BROWSERS = (
    ("YaBrowser", "Yandex"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Version", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """An icon of our sprite: decoration without `label`, an image with an accessible name with it."""
    return _drawn(name, str(label), size)


@lru_cache(maxsize=2048)
def _drawn(name: str, label: str, size: str) -> SafeString:
    """A page holds two hundred of them; drawing each anew took a fourteenth of its time."""
    css = "o-i o-i--s" if size == "s" else "o-i"
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', css, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', css, href)


@register.inclusion_tag("web/_field.html")
def field(bound: BoundField, kind: str = "") -> dict[str, object]:
    """A field of a form with label, help and errors. Check boxes stand before their label, groups get a legend."""
    widget = bound.field.widget
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        shape = "group"
    elif isinstance(widget, CheckboxInput):
        shape = "check"
    else:
        shape = "plain"
    css = {
        "plain": "form-select" if isinstance(widget, Select) else "form-control",
        "check": "form-check-input o-check",
    }
    if shape in css:
        widget.attrs.setdefault("class", css[shape])
    return {"field": bound, "shape": shape, "kind": kind}


@register.filter
def when(moment: datetime | None) -> str:
    """Today "14:32", this year "22 ноября, 14:32", else "22.11.2025, 14:32"; empty for nothing."""
    if moment is None:
        return ""
    local, today = timezone.localtime(moment), timezone.localtime(clock.now())
    if local.date() == today.date():
        return date_format(local, "H:i")
    return date_format(local, "j E, H:i" if local.year == today.year else "d.m.Y, H:i")


@register.filter
def number(value: float | None) -> str:
    """Thin no-break spaces from four digits: 1 284."""
    return "" if value is None else f"{value:,}".replace(",", "\u202f").replace(".", ",").replace("-", "−")


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: object) -> str:
    """The address's query with `changes`; None takes one away."""
    values = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = str(value)
    encoded: str = values.urlencode()
    return f"?{encoded}"


@register.filter
def browser(agent: str) -> str:
    """ "Chrome 140, Windows" out of what a browser says of itself; an unknown one as it is, shortened."""
    found = ((name, re.search(rf"{sign}/(\d+)", agent)) for sign, name in BROWSERS)
    named = next((f"{name} {match[1]}" for name, match in found if match), "")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    return ", ".join(part for part in (named, system) if part) or agent[:60] or str(_("not known"))
