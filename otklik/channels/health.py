"""How a channel is, in a word, an icon and a sentence; the same on its page and on the operations page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from otklik.channels import registry
from otklik.channels.models import ChannelAccount
from otklik.channels.polling import NoRoom
from otklik.kernel import clock, space
from otklik.people import kinds

LATE = 3  # polls missed before a channel counts as late
GRACE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Health:
    """`level`: ok, waiting, paused, late, failing. `sentence` says what is wrong and what to do."""

    level: str
    icon: str
    css: str
    words: str
    since: datetime | None = None
    sentence: str = ""


def of(account: ChannelAccount) -> Health:
    """The state of one account by what is stored about it; asks nobody."""
    if account.archived_at is not None:
        return Health("paused", "stack", "o-faint", _("In the archive"))
    if not account.active:
        return Health("paused", "pause", "o-faint", _("Paused"))
    failing = _failing(account)
    if failing is not None:
        return failing
    if account.kind == "import":
        return Health("ok", "ok", "o-success", _("By files"))
    if not polled(account):
        heard = account.last_event_at is not None
        words = _("Works") if heard else _("Waits for the first message")
        return Health(
            "ok" if heard else "waiting",
            "ok" if heard else "clock",
            "o-success" if heard else "o-faint",
            words,
        )
    if account.last_polled_at is None:
        return Health("waiting", "clock", "o-faint", _("Waits for the first look"))
    if lag(account) > LATE * account.poll_every + GRACE:
        sentence = _("Nobody has asked it for too long: is the background process running?")
        return Health("late", "alert", "o-warning", _("Late"), account.last_polled_at, sentence)
    return Health("ok", "ok", "o-success", _("Works"))


def _failing(account: ChannelAccount) -> Health | None:
    no_room = space.refused_since()
    if no_room is not None and account.kind != "import":
        return Health("failing", "alert", "o-danger", _("No room"), no_room, NoRoom().sentence)
    if account.failing_since is not None:
        return Health("failing", "alert", "o-danger", _("Fails"), account.failing_since, account.error)
    return None


def polled(account: ChannelAccount) -> bool:
    return registry.has(account.kind) and registry.adapter(account.kind).capabilities(account.settings).poll


def lag(account: ChannelAccount) -> float:
    """Seconds since it was last asked; 0 for channels that call us."""
    if not polled(account) or account.last_polled_at is None:
        return 0.0
    return max(0.0, (clock.now() - account.last_polled_at).total_seconds())


def address(account: ChannelAccount) -> str:
    """The line below the name."""
    shown = account.settings.get("address") or account.settings.get("url") or ""
    return str(shown) or kinds.title(account.shown_kind)


def cursor_words(account: ChannelAccount) -> str:
    """Where we are at the far end, for a person."""
    cursor = account.cursor
    if account.kind == "mail":
        parts = [
            _("%(folder)s: up to message %(uid)s") % {"folder": folder, "uid": state.get("uid", 0)}
            for folder, state in cursor.items()
            if isinstance(state, dict)
        ]
        return "; ".join(parts)
    if account.kind == "feed" and cursor:
        number = len(cursor.get("seen", {}))
        return ngettext("%(number)s entry remembered", "%(number)s entries remembered", number) % {
            "number": number
        }
    return json.dumps(cursor, ensure_ascii=False)[:200] if cursor else ""


def span(seconds: float) -> str:
    """A duration in its two largest units: «12 с», «1 мин 51», «2 ч 10», «3 дн»."""
    whole = int(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 60:  # noqa: PLR2004 a minute
        return _("%(n)s s") % {"n": whole}
    if minutes < 60:  # noqa: PLR2004 an hour
        rest = whole % 60
        text = _("%(n)s min") % {"n": minutes}
        return f"{text} {rest:02d}" if rest and minutes < 10 else text  # noqa: PLR2004 seconds matter at first
    if hours < 24:  # noqa: PLR2004 a day
        rest = minutes % 60
        text = _("%(n)s h") % {"n": hours}
        return f"{text} {rest:02d}" if rest else text
    return _("%(n)s d") % {"n": days}


def bars(hours: Iterable[int], height: int = 20) -> list[dict[str, int]]:
    """Geometry of the small chart of a day: a bar an hour, the highest fills it."""
    values = list(hours)
    most = max(values, default=0) or 1
    return [
        {"x": place * 4, "h": high, "y": height - high}
        for place, value in enumerate(values)
        for high in [max(1, round(value / most * height)) if value else 1]
    ]
