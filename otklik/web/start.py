"""Makes Django ready for a command of ours; text commands never call it."""

from __future__ import annotations

import os

import django


def start_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "otklik.web.settings")
    django.setup()
