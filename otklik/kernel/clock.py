"""The only place that asks what time it is, so that a test, or the telling of a past story, can move it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.utils import timezone

_pinned: ContextVar[datetime | None] = ContextVar("pinned", default=None)


def now() -> datetime:
    """Aware, UTC."""
    return _pinned.get() or timezone.now()


def after(seconds: float) -> datetime:
    """The moment `seconds` from now."""
    return now() + timedelta(seconds=seconds)


def ago(seconds: float) -> datetime:
    """The moment `seconds` before now."""
    return now() - timedelta(seconds=seconds)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Inside, it is `moment`: the demo company lives its sixty days through the real services."""
    token = _pinned.set(moment)
    try:
        yield
    finally:
        _pinned.reset(token)
