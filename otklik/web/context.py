"""What the shell of every page shows: navigation by rights, theme, organisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the navigation; shown to those who have `right`."""

    key: str
    title: Any
    short: Any
    icon: str
    url_name: str
    right: str


SECTIONS = (
    Section("inbox", _("Inbox"), _("Inbox"), "inbox", "inbox", "conversation.read"),
    Section("people", _("Customers"), _("Customers"), "people", "people", "customer.read"),
    Section("channels", _("Channels"), _("Channels"), "link", "channels", "channel.read"),
    Section("company", _("Company"), _("Company"), "flag", "company", "directory.read"),
    Section("staff", _("Staff"), _("Staff"), "user-plus", "staff", "staff.read"),
    Section("operations", _("Operations"), _("Operations"), "pulse", "operations", "operations.read"),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"theme": request.COOKIES.get("theme", "")}
    return {
        "theme": user.theme or request.COOKIES.get("theme", ""),
        "organisation": SimpleLazyObject(lambda: user.organisation),
        "navigation": SimpleLazyObject(lambda: navigation(request)),
    }


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            "key": section.key,
            "title": section.title,
            "short": section.short,
            "icon": section.icon,
            "url": reverse(section.url_name),
            "current": request.path.startswith(reverse(section.url_name)),
        }
        for section in SECTIONS
        if policy.can(request.user, section.right)  # type: ignore[arg-type]  # an authenticated user is ours
    ]
