"""The only place that asks what time it is, so that a test can move it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone


def now() -> datetime:
    """Aware, UTC."""
    return timezone.now()


def after(seconds: float) -> datetime:
    """The moment `seconds` from now."""
    return now() + timedelta(seconds=seconds)


def ago(seconds: float) -> datetime:
    """The moment `seconds` before now."""
    return now() - timedelta(seconds=seconds)
