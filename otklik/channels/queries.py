"""Reads of channels, within one organisation."""

from __future__ import annotations

from datetime import UTC, timedelta

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncHour
from django.urls import reverse

from otklik.channels import registry
from otklik.channels.models import ChannelAccount, Delivery, DeliveryState, ImportJob, ImportMapping, RawEvent
from otklik.channels.ports import AccountFacts
from otklik.channels.protocol import Capabilities
from otklik.kernel import clock
from otklik.kernel.errors import NotFound


def accounts(organisation_id: int) -> QuerySet[ChannelAccount]:
    return ChannelAccount.objects.filter(organisation_id=organisation_id).order_by("name")


def connected(organisation_id: int) -> QuerySet[ChannelAccount]:
    """Without the archive; what people see."""
    return accounts(organisation_id).filter(archived_at=None).select_related("team")


def import_sources(organisation_id: int) -> QuerySet[ChannelAccount]:
    return connected(organisation_id).filter(kind="import")


def own_addresses(organisation_id: int) -> set[str]:
    """Mail addresses that are ours, lower case: what comes from them is no customer."""
    found = accounts(organisation_id).filter(kind="mail").values_list("settings__address", flat=True)
    return {str(one).lower() for one in found if one}


def traffic(organisation_id: int, hours: int = 24) -> dict[int, list[int]]:
    """Events stored in each of the last `hours` hours, oldest first, by account."""
    since = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    rows = (
        RawEvent.objects.filter(account__organisation_id=organisation_id, received_at__gte=since)
        .annotate(hour=TruncHour("received_at", tzinfo=UTC))
        .values_list("account_id", "hour")
        .annotate(number=Count("id"))
        .order_by()
    )
    found: dict[int, list[int]] = {}
    for account_id, hour, number in rows:
        place = int((hour - since.astimezone(UTC)).total_seconds() // 3600)
        if 0 <= place < hours:
            found.setdefault(account_id, [0] * hours)[place] = number
    return found


def sent_since(organisation_id: int, hours: int = 24) -> dict[int, int]:
    """Answers that left in the last hours, by account."""
    states = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.RECONCILED)
    rows = (
        Delivery.objects.filter(
            organisation_id=organisation_id, state__in=states, finished_at__gte=clock.ago(hours * 3600)
        )
        .values_list("account_id")
        .annotate(number=Count("id"))
        .order_by()
    )
    return {account_id: number for account_id, number in rows}


def _put_off() -> Q:
    """Answers that wait for a moment somebody chose: they are not late and not stuck."""
    return Q(state=DeliveryState.QUEUED, attempts=0, due_at__gt=clock.after(600.0))


def delivery_counts(organisation_id: int) -> dict[str, int]:
    """How many answers wait, are repeated, are stopped or unknown."""
    states = (
        DeliveryState.QUEUED,
        DeliveryState.SENDING,
        DeliveryState.THROTTLED,
        DeliveryState.RESEND_APPROVED,
        DeliveryState.FAILED,
        DeliveryState.UNCERTAIN,
    )
    rows = (
        Delivery.objects.filter(organisation_id=organisation_id, state__in=states)
        .exclude(_put_off())
        .values_list("state")
        .annotate(number=Count("id"))
        .order_by()
    )
    return {str(state): number for state, number in rows}


def waiting_deliveries(organisation_id: int) -> QuerySet[Delivery]:
    """Answers on their way, oldest first."""
    states = (
        DeliveryState.QUEUED,
        DeliveryState.SENDING,
        DeliveryState.THROTTLED,
        DeliveryState.RESEND_APPROVED,
    )
    return (
        Delivery.objects.filter(organisation_id=organisation_id, state__in=states)
        .exclude(_put_off())
        .select_related("account")
        .order_by("queued_at", "id")
    )


def unread(organisation_id: int) -> QuerySet[RawEvent]:
    """Events that are stored and wait to be understood."""
    return RawEvent.objects.filter(account__organisation_id=organisation_id, state=RawEvent.State.NEW)


def imports(organisation_id: int) -> QuerySet[ImportJob]:
    """Newest first; files whose columns were never confirmed are left out after a day."""
    stale = Q(state=ImportJob.State.UPLOADED, created_at__lt=clock.ago(86400.0))
    return (
        ImportJob.objects.filter(organisation_id=organisation_id)
        .exclude(stale)
        .select_related("account", "created_by")
        .order_by("-id")
    )


def import_job(organisation_id: int, job_id: int) -> ImportJob:
    found = (
        ImportJob.objects.select_related("account").filter(organisation_id=organisation_id, pk=job_id).first()
    )
    if found is None:
        raise NotFound
    return found


def mappings(organisation_id: int) -> QuerySet[ImportMapping]:
    return ImportMapping.objects.filter(organisation_id=organisation_id).order_by("-used_at")


def account(organisation_id: int, account_id: int) -> ChannelAccount:
    found = accounts(organisation_id).filter(pk=account_id).first()
    if found is None:
        raise NotFound
    return found


def writing(organisation_id: int) -> list[ChannelAccount]:
    """Connected accounts through which a person can be written to in private, by name."""
    return [
        one
        for one in connected(organisation_id).filter(active=True)
        if registry.has(one.kind) and registry.adapter(one.kind).capabilities(one.settings).reply_private
    ]


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


def hook_address(account: ChannelAccount) -> str:
    """Where the customer's site posts to; whoever knows it and the secret can write in."""
    return f"{settings.SITE_URL}{reverse('webhook', args=(account.kind, account.public_id, account.path_secret))}"
