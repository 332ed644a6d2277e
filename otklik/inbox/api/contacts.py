"""What customers come with and where, as numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

from ninja import Query, Router, Schema
from pydantic import Field

from otklik.inbox import contacts
from otklik.inbox.contacts import INTENTS, LONGEST, SOURCES, USUAL, Report
from otklik.inbox.templatetags.inbox import channel_name
from otklik.kernel.rest import Call, operation

router = Router(tags=["Contacts"])


class ContactsAsked(Schema):
    """`since` and `until` go before `weeks`."""

    weeks: int = Field(USUAL, ge=1, le=LONGEST, description="this week and those before it")
    since: date | None = Field(None, description="first day, in the organisation's zone")
    until: date | None = Field(None, description="last day, inclusive; at most 53 weeks")


class ContactShareOut(Schema):
    contacts: int
    share: float | None = Field(description="0 to 1; null: of fewer than 30 contacts")


class SourceOut(ContactShareOut):
    """`share`: of all contacts."""

    source: str
    title: str


class IntentOut(ContactShareOut):
    """`intent`: a label, `unsure` or `unread`. `share`: of all contacts."""

    intent: str
    title: str


class CellOut(ContactShareOut):
    """`share`: of the contacts of this kind of source."""

    source: str
    intent: str


class ChannelShareOut(ContactShareOut):
    """`share`: of the contacts of the week."""

    channel: str
    title: str


class WeekOut(Schema):
    """`week`: the ISO week. `whole`: all seven days lie in the period."""

    week: str
    since: date
    until: date
    whole: bool
    contacts: int
    channels: list[ChannelShareOut]


class ContactsOut(Schema):
    since: date
    until: date
    time_zone: str
    contacts: int
    sources: list[SourceOut]
    intents: list[IntentOut] = Field(description="every intent, also those without contacts")
    table: list[CellOut] = Field(
        description="intents by kinds of sources; pairs without contacts are left out"
    )
    weeks: list[WeekOut]


@operation(router, "GET", "/contacts", right="conversation.read", answer=ContactsOut)
def count_contacts(request: Call, asked: Query[ContactsAsked]) -> dict[str, Any]:
    """What customers come with and where, and the share of each channel by week.

    A contact is a conversation that a customer began, counted once: in the week and channel where it began, under the
    main intent of its first message.
    """
    since, until = (day.isoformat() if day else "" for day in (asked.since, asked.until))
    within = contacts.period(request.auth.organisation_id, asked.weeks, since, until)
    found = contacts.report(request.auth, within)
    return {
        "since": within.since,
        "until": within.until,
        "time_zone": within.zone.key,
        "contacts": found.total,
        **_sums(found),
        "weeks": _weeks(found),
    }


def _share(number: int, of: int) -> dict[str, Any]:
    return {"contacts": number, "share": contacts.share(number, of)}


def _sums(found: Report) -> dict[str, Any]:
    sources, intents, table = found.by("source"), found.by("intent"), found.by("source", "intent")
    return {
        "sources": [
            {"source": one, "title": str(SOURCES[one]), **_share(sources[one,], found.total)}
            for one in found.sources
        ],
        "intents": [
            {"intent": one, "title": str(title), **_share(intents[one,], found.total)}
            for one, title in INTENTS.items()
        ],
        "table": [
            {"source": source, "intent": intent, **_share(table[source, intent], sources[source,])}
            for source in found.sources
            for intent in INTENTS
            if table[source, intent]
        ],
    }


def _weeks(found: Report) -> list[dict[str, Any]]:
    numbers, totals = found.by("week", "channel"), found.by("week")
    return [
        {
            "week": week.name,
            "since": week.since,
            "until": week.until,
            "whole": week.whole,
            "contacts": totals[place,],
            "channels": [
                {
                    "channel": one,
                    "title": channel_name(one),
                    **_share(numbers[place, one], totals[place,]),
                }
                for one in found.channels
            ],
        }
        for place, week in enumerate(found.weeks)
    ]
