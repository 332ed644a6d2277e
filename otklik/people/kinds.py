"""Kinds of places where people write: one table of their signs and names for every screen."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

UNKNOWN_ICON = "link"

# kind → (sign of the sprite, name)
KINDS: dict[str, tuple[str, Any]] = {
    "mail": ("ch-mail", _("Mail")),
    "phone": ("ch-phone", _("Phone")),
    "telegram": ("ch-tg", _("Telegram")),
    "tg": ("ch-tg", _("Telegram")),
    "vk": ("ch-vk", _("VK")),
    "max": ("ch-max", _("MAX")),
    "ok": ("ch-chat", _("Odnoklassniki")),
    "chat": ("ch-chat", _("Chat on the site")),
    "webchat": ("ch-chat", _("Chat on the site")),
    "review": ("ch-review", _("Reviews")),
    "market": ("ch-market", _("Marketplace")),
    "form": ("ch-form", _("Form")),
    "feed": ("listen", _("Feed")),
    "hook": ("ch-form", _("Webhook")),
    "import": ("ch-review", _("Import")),
    "importer": ("ch-review", _("Imported reviews")),
    "demo": ("ch-chat", _("Demo")),
}


def icon(kind: str) -> str:
    return KINDS[kind][0] if kind in KINDS else UNKNOWN_ICON


def title(kind: str) -> str:
    return str(KINDS[kind][1]) if kind in KINDS else kind
