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
from otklik.inbox import queries as inbox


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
    Section("contacts", _("Contacts"), _("Contacts"), "insight", "contacts", "conversation.read", "KeyT"),
    Section("staff", _("Staff"), _("Staff"), "user-plus", "staff", "staff.read", "KeyS"),
    Section("operations", _("Operations"), _("Operations"), "pulse", "operations", "operations.read", "KeyO"),
    Section("audit", _("Audit"), _("Audit"), "shield", "audit", "audit.read", "KeyU"),
    Section("settings", _("Settings"), _("Settings"), "gear", "settings", "organisation.write", "KeyE"),
)
# the settings begin with what the person may change
SETTINGS = (
    ("organisation.write", "settings"),
    ("template.write", "templates"),
    ("label.write", "labels"),
    ("rules.edit", "rules"),
    ("analysis.train", "learning"),
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
        "perms_inbox": policy.can(user, "conversation.read"),
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
            "url": reverse(_door(section, user)),
            "current": request.path.startswith(reverse(section.url_name)),
            **_waiting(section.key, user),
        }
        for section in SECTIONS
        if _door(section, user)
    ]


def _door(section: Section, user: User) -> str:
    """The page a section opens with; empty for who may open none of it."""
    doors = SETTINGS if section.key == "settings" else ((section.right, section.url_name),)
    return next((name for right, name in doors if policy.can(user, right)), "")


def _waiting(key: str, user: User) -> dict[str, Any]:
    """Count beside a section. The inbox: what is open and mine or nobody's."""
    if key == "inbox":
        return {"count": inbox.to_do(user), "counted": _("Open: yours and those nobody has taken")}
    if key != "operations":
        return {"count": None}
    count = channels.troubled_deliveries(user.organisation_id).count()
    return {"count": count, "late": count > 0}
