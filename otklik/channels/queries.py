"""Reads of channels, within one organisation."""

from __future__ import annotations

from django.db.models import QuerySet

from otklik.channels import registry
from otklik.channels.models import ChannelAccount, Delivery, DeliveryState, RawEvent
from otklik.channels.ports import AccountFacts
from otklik.channels.protocol import Capabilities
from otklik.kernel.errors import NotFound


def accounts(organisation_id: int) -> QuerySet[ChannelAccount]:
    return ChannelAccount.objects.filter(organisation_id=organisation_id).order_by("name")


def account(organisation_id: int, account_id: int) -> ChannelAccount:
    found = accounts(organisation_id).filter(pk=account_id).first()
    if found is None:
        raise NotFound
    return found


def facts(account_id: int) -> AccountFacts:
    """What the inbox needs to answer through an account."""
    found = ChannelAccount.objects.get(pk=account_id)
    address = str(found.settings.get("address", "")).lower()
    return AccountFacts(
        id=found.pk,
        organisation_id=found.organisation_id,
        kind=found.kind,
        name=found.name,
        address=address,
        domain=address.rpartition("@")[2] or "otklik.invalid",
        active=found.active,
        capabilities=registry.adapter(found.kind).capabilities(found.settings)
        if registry.has(found.kind)
        else Capabilities(),
    )


def troubled_deliveries(organisation_id: int) -> QuerySet[Delivery]:
    """Answers a person should look at, oldest first."""
    states = (DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.THROTTLED)
    return (
        Delivery.objects.filter(organisation_id=organisation_id, state__in=states)
        .select_related("account")
        .order_by("id")
    )


def delivery_of(organisation_id: int, message_id: int) -> Delivery:
    found = (
        Delivery.objects.select_related("account")
        .filter(organisation_id=organisation_id, message_id=message_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def unparsed(organisation_id: int) -> QuerySet[RawEvent]:
    """Events that are stored and not understood, newest first."""
    return (
        RawEvent.objects.filter(account__organisation_id=organisation_id, state=RawEvent.State.FAILED)
        .select_related("account")
        .order_by("-id")
    )


def raw_event(organisation_id: int, raw_id: int) -> RawEvent:
    found = (
        RawEvent.objects.select_related("account")
        .filter(account__organisation_id=organisation_id, pk=raw_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found
