"""What a customer asked of us, and whether an answer keeps to it; docs/adr/0009-wishes-and-the-same-place.md.

An answer that does otherwise needs a reason, which is kept with the message and in the audit. The rule stands
here, in the service: the screen, the API and whatever comes later are asked alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from otklik.accounts import queries as accounts
from otklik.inbox import ways
from otklik.inbox.engine.tongue import language_of
from otklik.inbox.models import Conversation
from otklik.inbox.services import recipients
from otklik.kernel import clock
from otklik.kernel.errors import Invalid
from otklik.kernel.languages import name_of
from otklik.people import kinds
from otklik.people import queries as people
from otklik.people.sentences import hours_sentence

SAME_PLACE = 72.0  # hours; organisation.settings["same_place_hours"]
MAX_REASON = 300
UNREACHABLE = "unreachable"
# offered by name; a reason in one's own words is as good
REASONS: dict[str, Any] = {
    "writes_now": _("The customer is writing now and waits"),
    "asked": _("The customer asked for it"),
    "urgent": _("Urgent: order, money or safety"),
    "same_language": _("The customer writes in this language"),
    "no_speaker": _("Nobody here writes in the preferred language"),
    "no_answer": _("No answer where the customer prefers to be written to"),
}
_WORDS = {
    **REASONS,
    UNREACHABLE: _("The preferred channel cannot be used from here"),
}
_SENTENCES: dict[str, Any] = {
    "contact": _("asked not to be written to, and has not written here lately"),
    "channel": _("prefers %(wanted)s"),
    "language": _("prefers the language %(wanted)s, the text is in %(actual)s"),
    "hours": _("likes to be written to %(wanted)s, and it is %(actual)s there"),
}


@dataclass(frozen=True, slots=True)
class Aspect:
    """One wish that an answer does not keep. `code`: contact, channel, language, hours.

    `wanted` and `actual` are codes of channels and languages, or words about hours. `excused`: nothing can be
    done about it, so nobody is asked.
    """

    code: str
    wanted: str
    actual: str
    excused: str = ""

    @property
    def sentence(self) -> str:
        named = _NAMED.get(self.code, str)
        return str(_SENTENCES[self.code]) % {"wanted": named(self.wanted), "actual": named(self.actual)}


def _language_name(code: str) -> str:
    return name_of(code).lower()


_NAMED: dict[str, Callable[[str], str]] = {"channel": kinds.title, "language": _language_name}


class NeedsReason(Invalid):
    code = "deviation_reason_required"
    text = _("The customer asked for something else: %(wishes)s. Choose or write the reason, or keep to it.")


def sentences(deviation: dict[str, Any]) -> list[str]:
    """The wishes that a stored message did not keep, in words."""
    return [Aspect(**one).sentence for one in deviation.get("aspects", [])]


def reason_words(reason: str) -> str:
    """A reason as people read it: the words of a code, or what a person wrote."""
    return str(_WORDS.get(reason, reason))


def lately(conversation: Conversation) -> bool:
    """Whether the customer chose this place just now: waits for an answer here, or wrote here a short time ago."""
    last = recipients.last_inbound(conversation)
    if last is None:
        return False
    if conversation.waiting_since is not None and last.occurred_at >= conversation.waiting_since:
        return True
    settings = accounts.organisation(conversation.organisation_id).settings
    return last.occurred_at >= clock.ago(float(settings.get("same_place_hours", SAME_PLACE)) * 3600)


def of_answer(conversation: Conversation, *, visibility: str, text: str, moment: datetime) -> list[Aspect]:
    """What an answer, leaving at `moment`, does otherwise than the customer asked."""
    customer = people.customer(conversation.organisation_id, conversation.customer_id)
    found = _language(customer, text)
    if visibility == "public":  # said to everybody, at the place where it was asked (S3-22): disturbs nobody
        return found
    place = []
    if not lately(conversation):
        place = _contact(customer) + _channel(customer, conversation.channel_kind)
    return [*place, *found, *_hours(customer, moment)]


def of_first_word(
    organisation_id: int, customer_id: int, *, kind: str, text: str, moment: datetime
) -> list[Aspect]:
    """The same for a conversation that we begin. Whether we may write at all is another question (DoNotContact)."""
    customer = people.customer(organisation_id, customer_id)
    return [*_channel(customer, kind), *_language(customer, text), *_hours(customer, moment)]


def _contact(customer: Any) -> list[Aspect]:
    return [Aspect("contact", customer.do_not_contact_reason, "")] if customer.do_not_contact else []


def _channel(customer: Any, kind: str) -> list[Aspect]:
    wanted = customer.preferred_channel
    if not wanted or ways.same_kind(wanted, kind):
        return []
    excused = "" if ways.reachable(customer.organisation_id, customer.pk) else UNREACHABLE
    return [Aspect("channel", wanted, kind, excused)]


def _language(customer: Any, text: str) -> list[Aspect]:
    """A text too short or too mixed to tell is nobody's deviation."""
    actual = language_of(text) if customer.language else ""
    return [Aspect("language", customer.language, actual)] if actual not in ("", customer.language) else []


def _hours(customer: Any, moment: datetime) -> list[Aspect]:
    hours = people.hours(customer)
    if hours is None or hours.holds(moment):
        return []
    there = moment.astimezone(hours.zone).strftime("%H:%M")
    return [Aspect("hours", hours_sentence(hours), there)]


def breaks_now(conversation: Conversation, *, visibility: str, text: str) -> bool:
    """Whether an answer that left now would need a reason."""
    found = of_answer(conversation, visibility=visibility, text=text, moment=clock.now())
    return any(not one.excused for one in found)


def preferred_moment(organisation_id: int, customer_id: int, moment: datetime) -> datetime | None:
    """When the best hours begin next; None when `moment` is as good as any."""
    hours = people.hours(people.customer(organisation_id, customer_id))
    return None if hours is None or hours.holds(moment) else hours.next(moment)


def settle(aspects: Sequence[Aspect], reason: str) -> dict[str, Any]:
    """What is kept with the message: the wishes not kept and why; {} when all are. Raises NeedsReason, Invalid."""
    if not aspects:
        return {}
    open_ones = [one for one in aspects if not one.excused]
    if not open_ones:
        return {"aspects": [asdict(one) for one in aspects], "reason": aspects[0].excused}
    reason = " ".join(reason.split())
    if not reason:
        raise NeedsReason(
            wishes="; ".join(one.sentence for one in open_ones),
            field="deviation_reason",
            aspects=[one.code for one in open_ones],
        )
    if reason not in REASONS and len(re.findall(r"[^\W\d_]", reason)) < 3:  # noqa: PLR2004 a dot is no reason
        raise Invalid(_("Write the reason in words: colleagues will read it."), field="deviation_reason")
    if len(reason) > MAX_REASON:
        raise Invalid(
            _("The reason is longer than %(limit)s characters. Shorten it."),
            field="deviation_reason",
            limit=MAX_REASON,
        )
    return {"aspects": [asdict(one) for one in aspects], "reason": reason}
