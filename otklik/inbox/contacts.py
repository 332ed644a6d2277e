"""Contacts: what customers come with and where (S1-7). One grouped query counts a period; no text is read.

A contact is a conversation that a customer began, counted once, at the moment and in the channel where it began. What
it is about is the main intent of its first message. A robot's letter begins nothing, nor does a letter of ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import (
    Case,
    CharField,
    Count,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.analysis import columns, words
from otklik.inbox.models import Direction, Message
from otklik.inbox.queries import visible_to
from otklik.inbox.subjects import KIND
from otklik.kernel import clock
from otklik.kernel.errors import Invalid

CHOICES = (4, 12, 26)  # weeks
USUAL = 12
LONGEST = 53  # weeks
FEW = 30  # contacts below which a count is shown, not a share
UNSURE, UNREAD = columns.UNSURE, "unread"
OURS = "ours"  # begun by us: no contact
PUBLIC = "public"

# kinds of sources, in the order of the screen
SOURCES: dict[str, Any] = {
    "mail": _("Mail"),
    "messenger": _("Private messages"),
    "group": _("Groups and comments"),
    "forum": _("Forums and blogs"),
    "review": _("Reviews"),
    "chat": _("Chat on the site"),
    "form": _("Forms"),
    "phone": _("Phone"),
    "other": pgettext_lazy("kind of source", "Other places"),
}
# channel → kind of its source; of a network the place decides: said to everybody or to us alone
_SOURCE_OF = {
    "mail": "mail",
    "feed": "forum",
    "review": "review",
    "market": "review",
    "import": "review",
    "importer": "review",
    "chat": "chat",
    "webchat": "chat",
    "form": "form",
    "hook": "form",
    "phone": "phone",
}
NETWORKS = ("telegram", "tg", "vk", "max", "ok")
INTENTS: dict[str, Any] = {
    **words.VALUES["intent"],
    UNSURE: pgettext_lazy("intent", "unsure"),
    UNREAD: pgettext_lazy("intent", "not read yet"),
}


def source_of(channel: str, place: str) -> str:
    """The kind of source of a conversation by its channel and by who could see it."""
    if channel in NETWORKS:
        return "group" if place == PUBLIC else "messenger"
    return _SOURCE_OF.get(channel, "other")


def channels_of(source: str) -> tuple[str, ...]:
    """The channels of a kind of source; none for other places, which have no list."""
    if source in ("group", "messenger"):
        return NETWORKS
    return tuple(channel for channel, one in _SOURCE_OF.items() if one == source)


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week, or the part of it that lies in the period."""

    name: str  # 2026-W47
    since: date
    until: date  # inclusive

    @property
    def whole(self) -> bool:
        return (self.until - self.since).days == 6  # noqa: PLR2004 Monday to Sunday


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the organisation's zone, both inclusive. `weeks`: how many were asked for; 0: dates."""

    since: date
    until: date
    zone: ZoneInfo
    weeks: int = 0

    def moment(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.zone)

    @property
    def begins(self) -> datetime:
        return self.moment(self.since)

    @property
    def ends(self) -> datetime:
        """The first moment behind it."""
        return self.moment(self.until + timedelta(days=1))

    def cut(self) -> list[Week]:
        """Its ISO weeks, the first and the last as far as they lie inside."""
        found, day = [], self.since
        while day <= self.until:
            year, number, weekday = day.isocalendar()
            last = min(day + timedelta(days=7 - weekday), self.until)
            found.append(Week(f"{year}-W{number:02}", day, last))
            day = last + timedelta(days=1)
        return found


def period(organisation_id: int, weeks: int = 0, since: str = "", until: str = "") -> Period:
    """`weeks` weeks (this one and those before it), or dates as 2026-11-22. Raises Invalid for what is no period."""
    zone = ZoneInfo(accounts.organisation(organisation_id).time_zone)
    today = clock.now().astimezone(zone).date()
    if not (since or until):
        number = weeks if 0 < weeks <= LONGEST else USUAL
        first = today - timedelta(days=today.weekday(), weeks=number - 1)
        return Period(first, today, zone, number)
    last = _day(until, "until") if until else today
    first = _day(since, "since") if since else last - timedelta(weeks=USUAL) + timedelta(days=1)
    if first > last:
        raise Invalid(_("The first day lies behind the last one."), field="since")
    if last - first >= timedelta(weeks=LONGEST):
        raise Invalid(_("At most %(weeks)s weeks are counted at once."), field="since", weeks=LONGEST)
    return Period(first, last, zone)


def _day(text: str, name: str) -> date:
    wrong = Invalid(_("“%(value)s” is not a date. Write it as 2026-11-22."), field=name, value=text[:40])
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise wrong from error
    if not 1970 <= found.year < 2200:  # noqa: PLR2004 as the API's moments
        raise wrong
    return found


def begun(who: policy.Principal, within: Period) -> QuerySet[Any]:
    """Conversations of the period with `said`: the main intent of the first message, UNSURE, UNREAD or OURS;
    NULL where no person has written."""
    first = (
        Message.objects.filter(conversation=OuterRef("pk"))
        .filter(Q(direction=Direction.OUT) | Q(direction=Direction.IN, auto="none"))
        .order_by("occurred_at", "id")
    )
    said = Case(
        When(direction=Direction.OUT, then=Value(OURS)),
        default=Coalesce(columns.main("intent", KIND, "pk"), Value(UNREAD)),
        output_field=CharField(),
    )
    rows = visible_to(who).filter(created_at__gte=within.begins, created_at__lt=within.ends)
    return rows.annotate(said=Subquery(first.values(said=said)[:1], output_field=CharField()))


def listed(
    who: policy.Principal, within: Period, *, source: str = "", channel: str = "", intent: str = ""
) -> QuerySet[Any]:
    """The contacts behind one number of the report, the newest first."""
    rows = begun(who, within).order_by("-created_at", "-id")
    rows = rows.filter(said=intent) if intent else rows.filter(said__in=list(INTENTS))
    if channel:
        rows = rows.filter(channel_kind=channel)
    if source:
        rows = rows.filter(_of_source(source))
    return rows


def _of_source(source: str) -> Q:
    if source == "other":
        return ~Q(channel_kind__in=[*_SOURCE_OF, *NETWORKS])
    found = Q(channel_kind__in=channels_of(source))
    if source in ("group", "messenger"):
        public = Q(visibility=PUBLIC)
        found &= public if source == "group" else ~public
    return found


@dataclass(frozen=True, slots=True)
class Cell:
    """Contacts of one week, channel, kind of source and intent."""

    week: int  # place in the report's weeks
    channel: str
    source: str
    intent: str
    number: int


@dataclass(frozen=True)
class Report:
    """A period counted; every number of page, file and API comes from `cells`."""

    period: Period
    weeks: list[Week]
    cells: list[Cell]

    @cached_property
    def total(self) -> int:
        return sum(cell.number for cell in self.cells)

    def by(self, *names: str) -> Counter[tuple[Any, ...]]:
        """Contacts added up by fields of a cell: `by("source", "intent")["mail", "question"]`."""
        found: Counter[tuple[Any, ...]] = Counter()
        for cell in self.cells:
            found[tuple(getattr(cell, name) for name in names)] += cell.number
        return found

    @cached_property
    def channels(self) -> list[str]:
        """Those with contacts, the largest first."""
        found = self.by("channel")
        return [channel for (channel,) in sorted(found, key=lambda one: (-found[one], one))]

    @cached_property
    def sources(self) -> list[str]:
        """Those with contacts, in the order of the screen."""
        found = self.by("source")
        return [source for source in SOURCES if found[source,]]


def report(who: policy.Principal, within: Period) -> Report:
    """Counts a period in one grouped query, whatever its size."""
    weeks = within.cut()
    ends = [within.moment(week.until + timedelta(days=1)) for week in weeks]
    # the moments are given: week and zone cost nothing, and days of 23 or 25 hours are counted right
    number = Case(
        *[When(created_at__lt=end, then=Value(place)) for place, end in enumerate(ends)],
        output_field=IntegerField(),
    )
    rows = (
        begun(who, within)
        .annotate(week=number)
        .order_by()
        .values_list("week", "channel_kind", "visibility", "said")
        .annotate(number=Count("pk"))
    )
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL jit = off")  # compiling this query took longer than answering it
        return Report(within, weeks, _cells(rows))


def _cells(rows: Iterable[Sequence[Any]]) -> list[Cell]:
    found: Counter[tuple[int, str, str, str]] = Counter()
    for week, channel, place, said, number in rows:
        if said is not None and said != OURS:
            intent = said if said in INTENTS else "other"
            found[week, channel, source_of(channel, place), intent] += number
    return [Cell(*key, number) for key, number in sorted(found.items())]


def share(number: int, of: int) -> float | None:
    """None where there are too few for a share to mean anything."""
    return number / of if of >= FEW else None
