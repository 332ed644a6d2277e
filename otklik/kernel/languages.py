"""Languages that people speak and write, by their two-letter codes, with names for screens."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

LANGUAGES: dict[str, Any] = {
    "ru": _("Russian"),
    "en": _("English"),
    "uk": _("Ukrainian"),
    "kk": _("Kazakh"),
    "be": _("Belarusian"),
    "uz": _("Uzbek"),
    "ky": _("Kyrgyz"),
    "tg": _("Tajik"),
    "hy": _("Armenian"),
    "ka": _("Georgian"),
    "az": _("Azerbaijani"),
    "tt": _("Tatar"),
    "zh": _("Chinese"),
}


def name_of(code: str) -> str:
    """The language in the reader's words; an unknown code as it is."""
    return str(LANGUAGES.get(code, code))
