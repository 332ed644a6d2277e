"""What customers ask of domains to the left; filled in `web/wiring.py`, harmless until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of a customer's history: a sign of the sprite, what happened, when, who; `url` opens it."""

    at: datetime
    icon: str
    text: str
    url: str = ""
    note: str = ""  # second line: who did it, or an excerpt
    kind: str = ""  # conversation, message, order, profile …: for filters
    icon_label: str = ""


# (organisation id, customer id, limit) → newest first, at most `limit`
TimelineSource = Callable[[int, int, int], list[TimelineEntry]]
timeline_sources: list[TimelineSource] = []
