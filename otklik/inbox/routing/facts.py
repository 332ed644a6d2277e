"""Everything the conditions may ask of messages, read for many at once in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Min

from otklik.accounts import queries as accounts
from otklik.analysis import queries as analysis
from otklik.inbox.models import Direction, Message
from otklik.inbox.routing.fields import NO, YES
from otklik.inbox.services.receive import ROBOTS
from otklik.inbox.services.text import search_text
from otklik.inbox.subjects import KIND
from otklik.kernel import textindex
from otklik.maths import worktime


@dataclass
class Facts:
    """One message of a customer with its reading."""

    message: Message
    reading: Any
    first: bool
    working: bool

    @cached_property
    def words(self) -> frozenset[str]:
        """Search tokens: any form of a word is the same."""
        return frozenset(textindex.tokens(search_text(self.message)))

    def named(self, kind: str) -> frozenset[str]:
        """Names of a kind in the text: cities, outlets; case and ё do not matter."""
        entities = self.reading.data["entities"]
        return frozenset(accounts.fold(one["value"]) for one in entities if one["kind"] == kind)

    def tones(self, about: str) -> frozenset[str]:
        """Tones towards what is named so; "": towards anything named."""
        wanted = accounts.fold(about)
        objects = self.reading.data["objects"]
        return frozenset(one["tone"] for one in objects if not wanted or accounts.fold(one["name"]) == wanted)

    def of_talk(self, field: str) -> str:
        """A fact of the conversation as the conditions write it."""
        message, talk = self.message, self.message.conversation
        plain = {
            "account": str(message.account_id),
            "channel": talk.channel_kind,
            "place": message.visibility,
            "customer_language": talk.customer.language,
        }
        if field in plain:
            return plain[field]
        answers = {
            "first": self.first,
            "working_hours": self.working,
            "has_order": any(one["kind"] == "order" for one in self.reading.data["entities"]),
        }
        return YES if answers[field] else NO


class Hours:
    """The company's working hours; without a calendar it always works."""

    def __init__(self, organisation_id: int) -> None:
        self._organisation_id = organisation_id

    @cached_property
    def _known(self) -> tuple[worktime.Week, ZoneInfo] | None:
        row = accounts.calendars(self._organisation_id).filter(is_default=True).first()
        if row is None:
            return None
        zone = ZoneInfo(accounts.organisation(self._organisation_id).time_zone)
        return worktime.Week.parse(row.week, row.exceptions), zone

    def open_at(self, message: Message) -> bool:
        return self._known is None or worktime.is_working(*self._known, message.occurred_at)


def of(organisation_id: int, message_ids: Sequence[int]) -> dict[int, Facts]:
    """Facts by message, in order of arrival; messages that are gone, not a customer's or not read are missing."""
    rows = (
        Message.objects.filter(
            organisation_id=organisation_id,
            pk__in=list(message_ids),
            direction=Direction.IN,
            deleted_at=None,
        )
        .exclude(auto__in=ROBOTS)
        .select_related("conversation__customer")
        .order_by("pk")
    )
    messages = list(rows)
    readings = analysis.of(KIND, [one.pk for one in messages])
    firsts = _firsts({one.conversation_id for one in messages})
    hours = Hours(organisation_id)
    return {
        one.pk: Facts(one, readings[one.pk], firsts[one.conversation_id] == one.pk, hours.open_at(one))
        for one in messages
        if one.pk in readings
    }


def _firsts(conversation_ids: Iterable[int]) -> dict[int, int]:
    """The first message of the customer in each conversation, by arrival."""
    rows = Message.objects.filter(conversation_id__in=list(conversation_ids), direction=Direction.IN)
    return dict(rows.order_by().values_list("conversation_id").annotate(first=Min("pk")))
