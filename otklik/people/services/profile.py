"""What is known of a customer and how to talk to them: every value checked, every change audited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.kernel import clock, events
from otklik.kernel.errors import Conflict, Invalid
from otklik.people.engine.hours import parse_clock, parse_days, parse_zone
from otklik.people.engine.values import parse_email, parse_phone
from otklik.people.events import ContactStopped, CustomerRenamed
from otklik.people.models import AddressForm, Customer, Identity
from otklik.people.sentences import LANGUAGES, PREFERRED_CHANNELS
from otklik.people.services.base import Doer, lock, record
from otklik.people.services.resolving import index

LENGTHS = {
    "name": 200,
    "city": 100,
    "phone": 100,
    "email": 254,
    "contact_time": 100,
    "handling_notes": 4000,
    "do_not_contact_reason": 300,
    "do_not_call_reason": 300,
}
CHOICES: dict[str, frozenset[str]] = {
    "preferred_channel": frozenset(PREFERRED_CHANNELS),
    "language": frozenset(LANGUAGES),
    "address_form": frozenset(AddressForm.values),
}
FLAGS = frozenset({"do_not_contact", "do_not_call"})
HOURS = {
    "contact_since": parse_clock,
    "contact_until": parse_clock,
    "contact_days": parse_days,
    "time_zone": parse_zone,
}
FIELDS = (*LENGTHS, *CHOICES, *HOURS, *FLAGS)
PROFILE = ("name", "city", "phone", "email")
HANDLING = tuple(field for field in FIELDS if field not in PROFILE)
_SEARCHED = frozenset({"name", "city", "phone", "email"})


class InvalidProfile(Invalid):
    """`errors`: field → sentence; the sentence of the whole is all of them."""

    code = "invalid_profile"

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()), fields=sorted(errors))
        self.errors = errors

    @property
    def sentence(self) -> str:
        return str(self.text)


_WRONG: dict[str, Promise] = {
    "phone": _(
        "This phone number cannot exist. Write it with the country or the area code, as +7 916 123-45-67."
    ),
    "email": _("This is not a mail address. It looks like name@example.ru."),
    "preferred_channel": _("This channel is not known. Choose one of the list."),
    "language": _("This language is not known. Choose one of the list."),
    "address_form": _("The form of address is “вы”, “ты” or nothing."),
    "time_zone": _("This time zone is not known. Write it as Asia/Vladivostok."),
    "contact_since": _("Write the time as 10:00."),
    "contact_until": _("Write the time as 18:00."),
    "contact_days": _("Days are digits from 0 (Monday) to 6 (Sunday)."),
    "do_not_contact_reason": _("Say why this customer must not be written to: colleagues will ask."),
}
_LONG = _("The text is longer than %(longest)s characters. Shorten it.")
_UNKNOWN = _("There is no field “%(field)s”.")


def version(customer: Customer) -> str:
    """Fingerprint of the editable fields: shows that somebody else has written in between."""
    values = json.dumps([str(getattr(customer, field)) for field in FIELDS], ensure_ascii=False)
    return hashlib.sha256(values.encode()).hexdigest()[:16]


def clean(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are stored. Raises InvalidProfile with a sentence for every wrong field."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field, value in changes.items():
        try:
            values[field] = _clean(field, value)
        except Invalid as error:
            errors[field] = error.sentence
    if errors:
        raise InvalidProfile(errors)
    return values


def _clean(field: str, value: object) -> Any:
    if field in FLAGS:
        return bool(value)
    text = str(value or "").replace("\x00", "").replace("\r\n", "\n").strip()
    if field in CHOICES:
        if text and text not in CHOICES[field]:
            raise Invalid(_WRONG[field], field=field)
        return text
    if field in HOURS:
        found = HOURS[field](text) if text else ""
        if found is None:
            raise Invalid(_WRONG[field], field=field)
        return found
    if field not in LENGTHS:
        raise Invalid(_UNKNOWN, field=field)
    if len(text) > LENGTHS[field]:
        raise Invalid(_LONG, field=field, longest=LENGTHS[field])
    if field in ("phone", "email") and text:
        good = parse_phone(text) if field == "phone" else parse_email(text)
        if good is None:
            raise Invalid(_WRONG[field], field=field)
        return good
    return text if field == "handling_notes" else " ".join(text.split())


@transaction.atomic
def create(changes: Mapping[str, Any], *, by: Doer) -> Customer:
    """A customer known from elsewhere (a call, a visit). Needs a name, a phone or a mail address."""
    policy.require(by, "customer.write")
    values = clean(changes)
    if not any(values.get(field) for field in ("name", "phone", "email")):
        raise InvalidProfile({"name": str(_("Write at least a name, a phone or a mail address."))})
    now = clock.now()
    customer = Customer.objects.create(
        organisation_id=by.organisation_id, first_seen_at=now, created_at=now, **_complete(values)
    )
    _claim_addresses(customer, ("phone", "email"))
    index(customer)
    record("customer.created", customer, by)
    return customer


@transaction.atomic
def update(customer_id: int, changes: Mapping[str, Any], *, by: Doer, seen: str = "") -> Customer:
    """Write what differs. `seen` is the `version` the person looked at: raises Conflict when it changed."""
    customer = lock(customer_id, by)
    policy.require(by, "customer.write", customer)
    values = _complete(clean(changes), customer)
    if seen and seen != version(customer):
        raise Conflict(
            _("A colleague has just changed this card. Look at the new text, then save yours again.")
        )
    before = {
        field: getattr(customer, field)
        for field, value in values.items()
        if getattr(customer, field) != value
    }
    if not before:
        return customer
    for field in before:
        setattr(customer, field, values[field])
    customer.save(update_fields=list(before))
    _claim_addresses(customer, [field for field in ("phone", "email") if field in before])
    if _SEARCHED & set(before):
        index(customer)
    after = {field: values[field] for field in before}
    record(_action(before), customer, by, before=before, after=after)
    if "name" in before:
        events.announce(CustomerRenamed(customer.organisation_id, customer.pk, customer.name))
    if after.get("do_not_contact"):
        events.announce(ContactStopped(customer.organisation_id, customer.pk))
    return customer


@transaction.atomic
def stop_contact(customer_id: int, reason: str, *, by: Doer) -> Customer:
    """The customer asked not to be written to; a reason is required."""
    return update(customer_id, {"do_not_contact": True, "do_not_contact_reason": reason}, by=by)


@transaction.atomic
def allow_contact(customer_id: int, *, by: Doer) -> Customer:
    return update(customer_id, {"do_not_contact": False}, by=by)


def _complete(values: dict[str, Any], customer: Customer | None = None) -> dict[str, Any]:
    """A wish not to be contacted has a reason; without the wish there is none."""
    for flag in FLAGS:
        if values.get(flag) is False:
            values[f"{flag}_reason"] = ""
    if values.get("do_not_contact"):
        known = customer.do_not_contact_reason if customer else ""
        if not values.get("do_not_contact_reason", known):
            raise InvalidProfile({"do_not_contact_reason": str(_WRONG["do_not_contact_reason"])})
    return values


def _action(before: dict[str, Any]) -> str:
    """The entry of the history names the strongest change."""
    if "do_not_contact" in before:
        return "customer.contact_allowed" if before["do_not_contact"] else "customer.contact_stopped"
    if "do_not_call" in before:
        return "customer.calls_allowed" if before["do_not_call"] else "customer.calls_stopped"
    return "customer.notes_changed" if set(before) == {"handling_notes"} else "customer.updated"


def _claim_addresses(customer: Customer, fields: tuple[str, ...] | list[str]) -> None:
    """A written address becomes an identity, unless somebody has it: then both show up as duplicates."""
    for field in fields:
        value = getattr(customer, field)
        if value:
            Identity.objects.get_or_create(
                organisation_id=customer.organisation_id,
                kind="mail" if field == "email" else "phone",
                scope="",
                external_id=value,
                defaults={"customer": customer, "created_at": clock.now()},
            )
