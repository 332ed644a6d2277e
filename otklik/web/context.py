"""What the shell of every page shows: navigation by rights, theme, organisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from otklik.accounts import mailer, policy
from otklik.accounts.models import User
from otklik.accounts.models.staff import Presence
from otklik.channels import queries as channels


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the navigation; shown to those who have `right`. `go`: the key after G."""

    key: str
    title: Any
    short: Any
    icon: str
    url_name: str
    right: str
    go: str


SECTIONS = (
    Section("inbox", _("Inbox"), _("Inbox"), "inbox", "inbox", "conversation.read", "KeyI"),
    Section("people", _("Customers"), _("Customers"), "people", "people", "customer.read", "KeyP"),
    Section("channels", _("Channels"), _("Channels"), "link", "channels", "channel.read", "KeyH"),
    Section("company", _("Company"), _("Company"), "flag", "company", "directory.read", "KeyB"),
    Section("staff", _("Staff"), _("Staff"), "user-plus", "staff", "staff.read", "KeyS"),
    Section("operations", _("Operations"), _("Operations"), "pulse", "operations", "operations.read", "KeyO"),
    Section("audit", _("Audit"), _("Audit"), "shield", "audit", "audit.read", "KeyU"),
    Section("settings", _("Settings"), _("Settings"), "gear", "settings", "organisation.write", "KeyE"),
)
IN_BAR = 4  # on a phone; the rest stands behind "More"


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    theme = request.COOKIES.get("theme", "")
    theme = theme if theme in ("light", "dark") else ""
    if not isinstance(user, User):
        return {"theme": theme, "mail_enabled": mailer.enabled()}
    items: Any = SimpleLazyObject(lambda: navigation(request, user))
    return {
        "theme": user.theme or theme,
        "organisation": SimpleLazyObject(lambda: user.organisation),
        "navigation": items,
        "in_more": SimpleLazyObject(lambda: any(item["current"] for item in items[IN_BAR:])),
        "presences": Presence.choices,
    }


def navigation(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    """The sections this person may open, with what waits in them."""
    return [
        {
            "key": section.key,
            "title": section.title,
            "short": section.short,
            "icon": section.icon,
            "go": section.go,
            "url": reverse(section.url_name),
            "current": request.path.startswith(reverse(section.url_name)),
            **_waiting(section.key, user),
        }
        for section in SECTIONS
        if policy.can(user, section.right)
    ]


def _waiting(key: str, user: User) -> dict[str, Any]:
    """Count beside a section: only operations has one of its own; the inbox counts its views itself."""
    if key != "operations":
        return {}
    count = channels.troubled_deliveries(user.organisation_id).count()
    return {"count": count, "late": count > 0} if count else {}
