"""Faces of a customer: added by hand, removed, or made a customer of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.kernel import clock, events
from otklik.kernel.errors import Conflict, Invalid
from otklik.people import queries
from otklik.people.engine.values import parse_email, parse_phone
from otklik.people.events import IdentitySplit
from otklik.people.kinds import KINDS
from otklik.people.models import Customer, Identity, IdentityRemoval
from otklik.people.services.base import Doer, lock, record
from otklik.people.services.resolving import GLOBAL_KINDS, index, same_everywhere

BAD_PHONE = _(
    "This phone number cannot exist. Write it with the country or the area code, as +7 916 123-45-67."
)
KEPT = 86400.0  # seconds in which a removal can be taken back
OWN_FIELD = {"mail": "email", "phone": "phone"}


class Taken(Conflict):
    """The identity belongs to somebody: `data["customer_id"]` says to whom."""

    code = "identity_taken"
    text = _("This address belongs to another customer, %(name)s. Merge the two cards if it is one person.")


@transaction.atomic
def add(
    customer_id: int, kind: str, external_id: str, *, by: Doer, scope: str = "", handle: str = ""
) -> Identity:
    """Write down one more face. Raises Invalid for nonsense and Taken when it is somebody else's."""
    customer = lock(customer_id, by)
    policy.require(by, "customer.write", customer)
    value = _checked(kind, external_id)
    scope = "" if kind in GLOBAL_KINDS else scope[:64]
    identity, created = Identity.objects.select_related("customer").get_or_create(
        organisation_id=customer.organisation_id,
        kind=kind,
        scope=scope,
        external_id=value,
        defaults={"customer": customer, "handle": handle[:100], "created_at": clock.now()},
    )
    if identity.customer_id != customer.pk:
        raise Taken(name=str(identity.customer), customer_id=identity.customer_id)
    if created:
        _fill(customer, identity)
        index(customer)
        record("customer.identity_added", customer, by, channel=kind, external_id=value)
    return identity


@transaction.atomic
def remove(identity_id: int, *, by: Doer) -> IdentityRemoval:
    """Forget a face: whoever writes through it next is a new customer. `restore` takes it back within a day."""
    identity = queries.identity(by.organisation_id, identity_id)
    customer = lock(identity.customer_id, by)
    policy.require(by, "customer.write", customer)
    now = clock.now()
    IdentityRemoval.objects.filter(organisation_id=customer.organisation_id, at__lt=clock.ago(KEPT)).delete()
    field = OWN_FIELD.get(identity.kind, "")
    before = getattr(customer, field) if field else ""
    _empty(customer, identity)
    after = getattr(customer, field) if field else ""
    removal = IdentityRemoval.objects.create(
        organisation_id=customer.organisation_id,
        customer=customer,
        identity=_as_row(identity),
        profile={field: [before, after]} if before != after else {},
        at=now,
    )
    identity.delete()
    index(customer)
    record(
        "customer.identity_removed",
        customer,
        by,
        channel=removal.identity["kind"],
        external_id=removal.identity["external_id"],
    )
    return removal


@transaction.atomic
def restore(removal_id: int, *, by: Doer) -> Customer:
    """Take a removal back: the same row, and the address in the profile unless somebody changed it since.

    Raises NotFound, Forbidden, Taken when the address belongs to somebody by now. Twice does no harm.
    """
    removal = queries.removal(by.organisation_id, removal_id)
    customer = lock(removal.customer_id, by)
    policy.require(by, "customer.write", customer)
    removal = IdentityRemoval.objects.select_for_update().get(pk=removal.pk)
    if removal.undone_at is not None:
        return customer
    row = removal.identity
    key = {name: row[name] for name in ("kind", "scope", "external_id")}
    there = Identity.objects.select_related("customer").filter(
        organisation_id=customer.organisation_id, **key
    )
    if (holder := there.first()) is not None:
        raise Taken(name=str(holder.customer), customer_id=holder.customer_id)
    values = {**row, "created_at": datetime.fromisoformat(row["created_at"])}
    Identity.objects.create(organisation_id=customer.organisation_id, customer=customer, **values)
    for field, (before, after) in removal.profile.items():
        if getattr(customer, field) == after:
            setattr(customer, field, before)
            customer.save(update_fields=[field])
    removal.undone_at = clock.now()
    removal.save(update_fields=["undone_at"])
    index(customer)
    record("customer.identity_restored", customer, by, channel=row["kind"], external_id=row["external_id"])
    return customer


def _as_row(identity: Identity) -> dict[str, Any]:
    names = ("id", "kind", "scope", "external_id", "name", "handle", "url")
    return {
        **{name: getattr(identity, name) for name in names},
        "created_at": identity.created_at.isoformat(),
    }


@transaction.atomic
def split(identity_id: int, *, by: Doer) -> Customer:
    """The face is another person: it becomes a customer of its own, conversations follow (IdentitySplit)."""
    identity = queries.identity(by.organisation_id, identity_id)
    customer = lock(identity.customer_id, by)
    policy.require(by, "customer.merge", customer)
    if customer.identities.count() < 2:  # noqa: PLR2004 one must stay
        raise Conflict(_("This is the only address of the customer: there is nothing to split off."))
    now = clock.now()
    new = Customer.objects.create(
        organisation_id=customer.organisation_id, name=identity.name, first_seen_at=now, created_at=now
    )
    _empty(customer, identity)
    identity.customer = new
    identity.save(update_fields=["customer"])
    _fill(new, identity)
    for one in (customer, new):
        index(one)
    record("customer.identity_split", customer, by, new_customer_id=new.pk, external_id=identity.external_id)
    record("customer.created", new, by, split_from=customer.pk)
    key = (identity.kind, identity.scope, identity.external_id)
    name = new.name or identity.handle or identity.external_id
    events.announce(IdentitySplit(customer.organisation_id, customer.pk, new.pk, name, key))
    return new


def _checked(kind: str, external_id: str) -> str:
    if kind not in KINDS:
        raise Invalid(_("This channel is not known. Choose one of the list."), field="kind")
    value = same_everywhere(kind, external_id)
    if not value:
        raise Invalid(_("Write the address or the id."), field="external_id")
    if kind == "mail" and parse_email(value) is None:
        raise Invalid(_("This is not a mail address. It looks like name@example.ru."), field="external_id")
    if kind == "phone" and parse_phone(value) is None:
        raise Invalid(
            BAD_PHONE,
            field="external_id",
        )
    return value


def _fill(customer: Customer, identity: Identity) -> None:
    """The first mail address and the first phone stand in the profile, too."""
    field = OWN_FIELD.get(identity.kind)
    if field and not getattr(customer, field):
        setattr(customer, field, identity.external_id)
        customer.save(update_fields=[field])


def _empty(customer: Customer, identity: Identity) -> None:
    """The profile does not keep an address that was taken away; the next known one takes its place."""
    field = OWN_FIELD.get(identity.kind)
    if not field or getattr(customer, field) != identity.external_id:
        return
    others = customer.identities.filter(kind=identity.kind).exclude(pk=identity.pk).order_by("id")
    setattr(customer, field, others.values_list("external_id", flat=True).first() or "")
    customer.save(update_fields=[field])
