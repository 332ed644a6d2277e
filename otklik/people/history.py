"""What is shown of a customer, computed once for screens and the API: orders with delays, one timeline."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.audit import queries as audit
from otklik.kernel import clock
from otklik.kernel.languages import name_of
from otklik.people import kinds, ports, queries
from otklik.people.models import AddressForm, Customer, Order
from otklik.people.ports import CardAction, TimelineEntry
from otklik.people.sentences import hours_sentence

log = logging.getLogger(__name__)

ENTRY_ICONS = {
    "customer.created": "user-plus",
    "customer.updated": "edit",
    "customer.notes_changed": "note",
    "customer.contact_stopped": "block",
    "customer.contact_allowed": "ok",
    "customer.calls_stopped": "block",
    "customer.calls_allowed": "ok",
    "customer.identity_added": "link",
    "customer.identity_removed": "trash",
    "customer.identity_restored": "undo",
    "customer.identity_split": "out",
    "customer.merged": "merge",
    "customer.unmerged": "undo",
    "customer.kept_apart": "people",
}


def zone_of(organisation_id: int) -> tzinfo:
    return ZoneInfo(accounts.organisation(organisation_id).time_zone)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order as it is shown; days are calendar days of the organisation's zone."""

    order: Order
    title: str  # the first item, and how many more
    ordered: date | None
    promised: date | None
    delivered: date | None
    paid: date | None
    returned: date | None
    delay: int  # whole days after the promised day; 0 when in time
    state: str  # returned, late (not here yet), delivered_late, delivered, waiting, unknown


@dataclass(frozen=True, slots=True)
class Orders:
    """The newest orders of a customer, and figures over all of them."""

    lines: tuple[OrderLine, ...]
    count: int
    total: Decimal


def orders(organisation_id: int, customer_id: int, *, limit: int = 50) -> Orders:
    """Two queries, whatever the number of orders."""
    zone = zone_of(organisation_id)
    rows = queries.orders(organisation_id, customer_id)
    figures = rows.order_by().aggregate(count=Count("pk"), total=Sum("total"))
    today = clock.now().astimezone(zone).date()
    lines = tuple(order_line(order, zone, today) for order in rows[:limit])
    return Orders(lines, figures["count"], figures["total"] or Decimal(0))


def order_line(order: Order, zone: tzinfo, today: date) -> OrderLine:
    """State and delay of an order. A returned or undated one is never late."""

    def day(moment: datetime | None) -> date | None:
        return moment.astimezone(zone).date() if moment else None

    promised, delivered, returned = day(order.promised_at), day(order.delivered_at), day(order.returned_at)
    until = delivered or today
    delay = max(0, (until - promised).days) if promised and (delivered or not returned) else 0
    if returned:
        state = "returned"
    elif delivered:
        state = "delivered_late" if delay else "delivered"
    elif promised:
        state = "late" if delay else "waiting"
    else:
        state = "unknown"
    return OrderLine(
        order,
        _title(order.items),
        day(order.ordered_at),
        promised,
        delivered,
        day(order.paid_at),
        returned,
        delay,
        state,
    )


def _title(items: list[dict[str, Any]]) -> str:
    if not items:
        return ""
    first = str(items[0].get("name", ""))
    return (
        first
        if len(items) == 1
        else _("%(first)s and %(count)s more") % {"first": first, "count": len(items) - 1}
    )


def timeline(organisation_id: int, customer_id: int, *, limit: int = 50) -> list[TimelineEntry]:
    """Everything that happened, newest first: messages (through the port), orders, changes of the card."""
    entries = _of_orders(organisation_id, customer_id, limit) + _of_card(organisation_id, customer_id, limit)
    for source in ports.timeline_sources:
        try:
            entries += source(organisation_id, customer_id, limit)
        except Exception:  # one broken source must not take the card away from the person who answers
            log.exception("timeline source failed")
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]


def _of_orders(organisation_id: int, customer_id: int, limit: int) -> list[TimelineEntry]:
    entries = []
    for order in queries.orders(organisation_id, customer_id)[:limit]:
        title = _title(order.items)
        for moment, icon, text in (
            (order.ordered_at, "box", _("Order %(number)s placed")),
            (order.delivered_at, "ok", _("Order %(number)s delivered")),
            (order.returned_at, "undo", _("Order %(number)s returned")),
        ):
            if moment is not None:
                entries.append(
                    TimelineEntry(moment, icon, text % {"number": order.number}, note=title, kind="order")
                )
    return entries


def _of_card(organisation_id: int, customer_id: int, limit: int) -> list[TimelineEntry]:
    numbers = queries.all_numbers(organisation_id, customer_id)
    rows = audit.entries(organisation_id).filter(object_kind="customer", object_id__in=numbers)[:limit]
    return [
        TimelineEntry(
            row.at,
            ENTRY_ICONS.get(row.action, "edit"),
            _entry_text(row.action, row.data),
            note=row.actor_name,
            kind="card",
        )
        for row in rows
    ]


def _entry_text(action: str, data: dict[str, Any]) -> str:
    texts = {
        "customer.created": _("Card created"),
        "customer.updated": _("Card changed: %(fields)s"),
        "customer.notes_changed": _("Handling notes changed"),
        "customer.contact_stopped": _("Asked not to be contacted"),
        "customer.contact_allowed": _("May be contacted again"),
        "customer.calls_stopped": _("Asked not to be called"),
        "customer.calls_allowed": _("May be called again"),
        "customer.identity_added": _("Added: %(kind)s %(external_id)s"),
        "customer.identity_removed": _("Removed: %(kind)s %(external_id)s"),
        "customer.identity_restored": _("Back again: %(kind)s %(external_id)s"),
        "customer.identity_split": _("Split off: %(external_id)s"),
        "customer.merged": _("Merged with %(name)s"),
        "customer.unmerged": _("Merge with %(name)s taken back"),
        "customer.kept_apart": _("Not the same person: %(name)s"),
    }
    words = {
        "fields": ", ".join(dict.fromkeys(field_title(field) for field in data.get("after", {}))),
        "kind": kinds.title(str(data.get("channel", ""))),
        "external_id": data.get("external_id", ""),
        "name": data.get("name", ""),
    }
    return texts[action] % words if action in texts else action


def field_title(field: str) -> str:
    """Name of a profile field inside a sentence."""
    titles = {
        "name": _("name"),
        "city": _("city"),
        "phone": _("phone"),
        "email": _("mail"),
        "preferred_channel": _("preferred channel"),
        "language": _("language"),
        "address_form": _("form of address"),
        "contact_time": _("time to contact"),
        "contact_since": _("hours to contact"),
        "contact_until": _("hours to contact"),
        "contact_days": _("days to contact"),
        "time_zone": _("time zone"),
        "handling_notes": _("handling notes"),
        "do_not_contact": _("do not write"),
        "do_not_contact_reason": _("reason not to write"),
        "do_not_call": _("do not call"),
        "do_not_call_reason": _("reason not to call"),
    }
    return titles.get(field, field)


def actions(customer: Customer, user: User) -> list[CardAction]:
    """What other domains offer to do with a customer."""
    return [action for offer in ports.card_actions if (action := offer(customer.pk, user)) is not None]


@dataclass(frozen=True, slots=True)
class Face:
    """One identity as it is shown."""

    id: int
    kind: str
    title: str
    icon: str
    value: str
    url: str


def faces(organisation_id: int, customer: Customer) -> list[Face]:
    """Identities with names of channels; a handle or phone in the form people read."""
    return [
        Face(
            one.pk,
            one.kind,
            kinds.title(one.kind),
            kinds.icon(one.kind),
            one.handle or one.external_id,
            one.url if one.url.startswith(("https://", "http://")) else "",
        )
        for one in queries.identities(organisation_id, customer.pk)
    ]


def wishes(customer: Customer) -> str:
    """«На «вы», лучше через VK, язык: английский, часы: после 18:00, Москва.» Empty when nothing is known."""
    parts = []
    if customer.address_form:
        parts.append(_("formal, «вы»") if customer.address_form == AddressForm.VY else _("informal, «ты»"))
    if customer.preferred_channel:
        parts.append(_("best channel %(channel)s") % {"channel": kinds.title(customer.preferred_channel)})
    if customer.language:
        parts.append(_("language %(language)s") % {"language": name_of(customer.language).lower()})
    hours = queries.hours(customer)
    if hours is not None:
        parts.append(_("hours: %(hours)s") % {"hours": hours_sentence(hours)})
    if customer.contact_time:
        parts.append(_("time: %(time)s") % {"time": customer.contact_time})
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""
