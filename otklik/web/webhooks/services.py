"""What people do with webhooks beside changing them: test, look, send again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.models import User
from otklik.kernel.errors import Conflict, Invalid, NotFound
from otklik.web.models import WebhookDelivery, WebhookSubscription
from otklik.web.webhooks import subscriptions, tail


class SwitchedOff(Conflict):
    code = "webhook_off"
    text = _("This address is switched off. Switch it on first.")


def deliveries(subscription: WebhookSubscription) -> QuerySet[WebhookDelivery]:
    """The log, newest first, with attempts."""
    return subscription.deliveries.prefetch_related("tries").order_by("-id")


def delivery(organisation_id: int, delivery_id: int) -> WebhookDelivery:
    rows = WebhookDelivery.objects.select_related("subscription").prefetch_related("tries")
    found = rows.filter(
        organisation_id=organisation_id, subscription__deleted_at=None, pk=delivery_id
    ).first()
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def send_test(subscription_id: int, *, by: User) -> WebhookDelivery:
    """Send a test event now; how it went stands in the log."""
    subscription = _on(subscription_id, by)
    row = tail.test(subscription)
    subscriptions.record("webhook.tested", subscription, by)
    return row


@transaction.atomic
def replay(delivery_id: int, *, by: User) -> WebhookDelivery:
    """Send one event again under its old id. Raises Conflict while it is on its way."""
    policy.require(by, subscriptions.RIGHT)
    row = delivery(by.organisation_id, delivery_id)
    subscription = _on(row.subscription_id, by)
    if not tail.again(row):
        raise Conflict(_("This event is on its way already."), code="on_its_way")
    subscriptions.record("webhook.replayed", subscription, by, delivery_id=row.pk)
    return row


@transaction.atomic
def replay_time(
    subscription_id: int, since: datetime, until: datetime, *, by: User, all_of_them: bool = False
) -> int:
    """Send what happened between two moments: missed and failed events, or all; returns how many (at most 1000)."""
    subscription = _on(subscription_id, by)
    if until <= since:
        raise Invalid(_("The end lies before the beginning."), field="until")
    planned = tail.of_time(subscription, since, until, all_of_them=all_of_them)
    subscriptions.record(
        "webhook.replayed",
        subscription,
        by,
        since=since.isoformat(),
        until=until.isoformat(),
        planned=planned,
    )
    return planned


def _on(subscription_id: int, by: User) -> WebhookSubscription:
    subscription = subscriptions.lock(subscription_id, by)
    if not subscription.active:
        raise SwitchedOff
    return subscription
