"""What the composer says of a customer's wishes, and what it offers: another way, another moment, a reason."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from otklik.inbox import ways
from otklik.inbox.models import Conversation
from otklik.inbox.services import wishes
from otklik.inbox.templatetags.inbox import when
from otklik.kernel import clock
from otklik.people import kinds
from otklik.people import queries as people


def strip(conversation: Conversation, mode: str, text: str = "") -> dict[str, Any]:
    """The line above the text. `ask`: a reason is needed; `later` and `other` are ways to keep to the wish.

    Plain data: it is drawn with the page and again while a person types.
    """
    empty: dict[str, Any] = {
        "text": "",
        "ask": False,
        "later": "",
        "laterTitle": "",
        "other": "",
        "otherTitle": "",
    }
    if mode == "note" or not _has_wishes(conversation.customer):
        return empty
    moment = clock.now()
    aspects = wishes.of_answer(conversation, visibility=mode, text=text, moment=moment)
    asked = [one for one in aspects if not one.excused]
    sentences = [one.sentence for one in aspects]
    found = {**empty, "ask": bool(asked)}
    if any(one.code == "hours" for one in asked):
        later = wishes.preferred_moment(conversation.organisation_id, conversation.customer_id, moment)
        if later is not None:
            found |= {
                "later": later.isoformat(),
                "laterTitle": _("Send at %(moment)s") % {"moment": when(later)},
            }
    if mode == "private":
        sentences += _warning(conversation, aspects)
        found |= _another_way(conversation)
        if found["other"] and not any(one.code == "channel" for one in aspects):
            sentences.append(
                _("prefers %(channel)s") % {"channel": kinds.title(_customer(conversation).preferred_channel)}
            )
    return {
        **found,
        "text": _("The customer: %(wishes)s.") % {"wishes": "; ".join(sentences)} if sentences else "",
    }


def _has_wishes(customer: Any) -> bool:
    """Most customers have none, and then nothing needs to be asked."""
    hours = customer.contact_since or customer.contact_until or customer.contact_days
    return bool(customer.preferred_channel or customer.language or hours or customer.do_not_contact)


def _customer(conversation: Conversation) -> Any:
    return people.customer(conversation.organisation_id, conversation.customer_id)


def _warning(conversation: Conversation, aspects: list[wishes.Aspect]) -> list[str]:
    """Answering what the customer wrote is right; more than that is not."""
    customer = _customer(conversation)
    if not customer.do_not_contact or any(one.code == "contact" for one in aspects):
        return []
    why = customer.do_not_contact_reason
    known = _("asked not to be written to (%(why)s): answer only what was asked here") % {"why": why}
    return [known if why else _("asked not to be written to: answer only what was asked here")]


def _another_way(conversation: Conversation) -> dict[str, str]:
    customer = _customer(conversation)
    wanted = customer.preferred_channel
    if not wanted or customer.do_not_contact or ways.same_kind(wanted, conversation.channel_kind):
        return {}
    best = next((one for one in ways.ways(customer.organisation_id, customer.pk) if one.preferred), None)
    if best is None:
        return {}
    url = f"{reverse('inbox-new')}?customer={customer.pk}"
    return {"other": url, "otherTitle": _("Write there: %(channel)s") % {"channel": best.kind_name}}


def reasons() -> list[tuple[str, str]]:
    """Codes and words for the choice."""
    return [(code, str(words)) for code, words in wishes.REASONS.items()]
