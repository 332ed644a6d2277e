"""What customers ask of domains to the left; filled in `web/wiring.py`, harmless until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from otklik.accounts.principals import User


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


@dataclass(frozen=True, slots=True)
class CardAction:
    """Something another domain lets a person do with a customer: a link on the customer's page."""

    url: str
    title: str
    icon: str


# (customer id, who looks) → an action, or None when that person may not
card_actions: list[Callable[[int, User], CardAction | None]] = []
