"""What addresses and forms of the inbox say, as plain data; and filters back as an address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from otklik.analysis import words
from otklik.analysis.marks import mark
from otklik.inbox.meanings import NOBODY_ASKS, READINGS
from otklik.inbox.models import ConversationState
from otklik.inbox.orders import KNOWN, LADDERS
from otklik.inbox.queries import VIEWS, Filters
from otklik.kernel import clock
from otklik.kernel.errors import Invalid

# field of Filters → name in the address
NAMES = {
    "states": "state",
    "channels": "channel",
    "accounts": "account",
    "assignees": "owner",
    "teams": "team",
    "labels": "label",
    "visibility": "place",
    "ratings": "rating",
    **READINGS,
    "sure": "sure",
    "customer": "customer",
    "source": "source",
    "since": "since",
    "until": "until",
    "query": "q",
    "order": "order",
    "view": "view",
}
OWN_CAUSE = re.compile(r"own-[0-9]{1,6}")
MAX_DIGITS = 17  # fits a database number
NUMBERS = ("accounts", "assignees", "teams", "labels", "ratings")
WORDS = ("states", "channels")
DEFAULTS = asdict(Filters())

FIELD_TITLES: dict[str, Any] = {
    "states": gettext_lazy("State"),
    "channels": gettext_lazy("Channel"),
    "accounts": gettext_lazy("Account"),
    "assignees": gettext_lazy("Owner"),
    "teams": gettext_lazy("Team"),
    "labels": gettext_lazy("Label"),
    "visibility": gettext_lazy("Visibility"),
    "ratings": gettext_lazy("Rating"),
    **{name: words.FIELDS[one] for name, one in READINGS.items()},
    "customer": gettext_lazy("Customer"),
    "sure": gettext_lazy("Reading"),
    "source": gettext_lazy("Site"),
    "since": gettext_lazy("From"),
    "until": gettext_lazy("Until"),
    "query": gettext_lazy("Words"),
}
ORDER_TITLES: dict[str, Any] = {
    "newest": gettext_lazy("Newest first"),
    "oldest": gettext_lazy("Oldest first"),
    "waiting": gettext_lazy("Longest wait first"),
    "unsure": gettext_lazy("Least sure first"),
    **{field: words.FIELDS[field] for field in LADDERS},
    "priority": gettext_lazy("Most pressing first"),
    "severity": gettext_lazy("Gravest first"),
    "urgency": gettext_lazy("Most urgent first"),
}
DAILY_ORDERS = ("newest", "oldest", "waiting", "priority", "severity", "urgency", "unsure")
PLACES: dict[str, Any] = {
    "public": pgettext_lazy("place", "Public"),
    "private": pgettext_lazy("place", "Private"),
}


def whole(text: str) -> int:
    """A number from an address; anything else is 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0


def filters_of(data: QueryDict) -> Filters:
    """Filters from an address. Unknown values are left out: an old link opens a list, never an error."""
    found: dict[str, Any] = {}
    for name in NUMBERS:
        found[name] = tuple(dict.fromkeys(filter(None, map(whole, data.getlist(NAMES[name])))))
    found["states"] = tuple(one for one in data.getlist("state") if one in ConversationState.values)
    found["channels"] = tuple(one[:32] for one in data.getlist("channel") if one)
    for name, field in READINGS.items():
        found[name] = tuple(one for one in data.getlist(field) if _is_label(field, one))
    found["sure"] = "1" if data.get("sure") else ""
    found["customer"] = whole(data.get("customer", ""))
    found["source"] = data.get("source", "")[:100]
    found["query"] = data.get("q", "").strip()[:200]
    for name in ("since", "until"):
        found[name] = _day(data.get(name, ""))
    view, order, place = data.get("view", ""), data.get("order", ""), data.get("place", "")
    found["view"] = view if view in VIEWS else DEFAULTS["view"]
    found["order"] = order if order in KNOWN else DEFAULTS["order"]
    found["visibility"] = place if place in PLACES else ""
    return Filters(**found)


def _is_label(field: str, text: str) -> bool:
    """Of causes also an organisation's own, whichever they are."""
    return text in words.VALUES[field] or (field == "cause" and bool(OWN_CAUSE.fullmatch(text)))


def _day(text: str) -> str:
    try:
        return text if parse_date(text) else ""
    except ValueError:
        return ""


def stored(data: Mapping[str, Any]) -> Filters:
    """Filters as a saved view keeps them (JSON); names of a later version are left out."""
    known = {one.name for one in fields(Filters)}
    kept: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
    return Filters(**kept)


@lru_cache(maxsize=1024)
def address(filters: Filters, **more: str | int) -> str:
    """`?view=mine&label=3`: only what differs from the defaults; empty when nothing does."""
    data = QueryDict(mutable=True)
    for field, default in DEFAULTS.items():
        value = getattr(filters, field)
        if value == default:
            continue
        data.setlist(NAMES[field], [str(one) for one in (value if isinstance(value, tuple) else (value,))])
    for name, value in more.items():
        data[name] = str(value)
    text = data.urlencode()
    return f"?{text}" if text else ""


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force; `without` is the address without it."""

    title: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Names:
    """What ids in filters are called."""

    users: Mapping[int, str]
    teams: Mapping[int, str]
    labels: Mapping[int, str]
    accounts: Mapping[int, str]
    channels: Mapping[str, Any]
    customer: str = ""
    causes: Mapping[str, str] | None = None  # wanted when one is chosen


def chips(filters: Filters, names: Names) -> list[Chip]:
    """Filters in force, in a fixed order, each with the address that drops it."""
    found: list[Chip] = []
    lookups: dict[str, Mapping[Any, Any]] = {
        "states": dict(ConversationState.choices),
        "channels": names.channels,
        "accounts": names.accounts,
        "assignees": names.users,
        "teams": names.teams,
        "labels": names.labels,
        "ratings": {n: "★" * n for n in range(1, 6)},
        **{name: words.VALUES[one] for name, one in READINGS.items()},
        "causes": names.causes or {},
    }
    for name, lookup in lookups.items():
        values = getattr(filters, name)
        for value in values:
            rest = tuple(one for one in values if one != value)
            text = str(lookup.get(value, value))
            if text.isdigit() or name == "doubts":  # a bare number, or a name of a field, says nothing alone
                text = f"{FIELD_TITLES[name]}: {text}"
            found.append(Chip(str(FIELD_TITLES[name]), text, address(filters.with_(**{name: rest}))))
    singles: Iterable[tuple[str, str]] = (
        ("sure", _("sure ones only") if filters.sure else ""),
        ("visibility", str(PLACES.get(filters.visibility, ""))),
        ("customer", names.customer if filters.customer else ""),
        ("source", filters.source),
        ("since", filters.since),
        ("until", filters.until),
        ("query", f"«{filters.query}»" if filters.query else ""),
    )
    for field, text in singles:
        if text:
            bare = filters.with_(**{field: DEFAULTS[field]})
            found.append(Chip(str(FIELD_TITLES[field]), text, address(bare)))
    return found


def moment(text: str) -> datetime:
    """A moment from a `datetime-local` field or an ISO text, in the reader's zone. Raises Invalid."""
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("Choose a day and a time."), field="until")
    return timezone.make_aware(found) if timezone.is_naive(found) else found


@dataclass(frozen=True, slots=True)
class Preset:
    """A moment offered by name."""

    title: str
    at: datetime
    key: str = ""  # the digit that chooses it


def presets(work_begins: int = 9) -> list[Preset]:
    """In an hour, this evening, tomorrow morning, Monday: those that still lie ahead, in the reader's zone."""
    now = timezone.localtime(clock.now())
    morning = now.replace(hour=work_begins, minute=0, second=0, microsecond=0)
    monday = morning + timedelta(days=(7 - now.weekday()) or 7)
    found = [
        (_("In an hour"), (now + timedelta(hours=1)).replace(second=0, microsecond=0)),
        (_("In three hours"), (now + timedelta(hours=3)).replace(second=0, microsecond=0)),
        (_("Tomorrow morning"), morning + timedelta(days=1)),
    ]
    if (monday - morning).days > 1:
        found.append((_("On Monday"), monday))
    found.append((_("In a week"), morning + timedelta(days=7)))
    return [Preset(title, at, str(number)) for number, (title, at) in enumerate(found, 1)]


def ids_of(values: Iterable[str]) -> list[int]:
    """Numbers of a list field, in order, without repeats and nonsense."""
    return list(dict.fromkeys(filter(None, map(whole, values))))


def today() -> date:
    return timezone.localtime(clock.now()).date()


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of the reading to filter by."""

    name: str
    title: str
    choices: list[tuple[str, str]]
    chosen: tuple[str, ...]


FIRST = ("priorities", "intents", "causes", "tones")  # asked for every day; the rest is folded away


def reading_choices(filters: Filters, causes: Mapping[str, str]) -> tuple[list[Choice], list[Choice]]:
    """Fields of the reading: the daily ones, and the rest. What nobody looks for (no abuse) is not offered."""
    labels = {**words.VALUES, "cause": causes}
    found = {
        name: Choice(
            one,
            str(words.FIELDS[one]),
            [
                (key, str(title))
                for key, title in labels[one].items()
                if key and mark(one, key) not in NOBODY_ASKS.values()
            ],
            getattr(filters, name),
        )
        for name, one in READINGS.items()
    }
    return [found[name] for name in FIRST], [choice for name, choice in found.items() if name not in FIRST]
