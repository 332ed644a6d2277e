"""Who is told: an address is added, changed, switched off and on, its secret replaced."""

from __future__ import annotations

import base64
import secrets as random
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.models import User
from otklik.audit import services as audit
from otklik.channels import transport
from otklik.kernel import clock, events, secrets
from otklik.kernel.errors import Invalid, NotFound
from otklik.web.models import WebhookSubscription
from otklik.web.webhooks import tail
from otklik.web.webhooks.topics import TOPICS

RIGHT = "webhook.write"
CHANGED = "webhook.changed"
OLD_SECRET_FOR = 86400.0  # seconds both secrets sign
MAX_URL = 500
MAX_PER_ORGANISATION = 50


def listed(organisation_id: int) -> QuerySet[WebhookSubscription]:
    """Those not deleted, the oldest first."""
    return WebhookSubscription.objects.filter(organisation_id=organisation_id, deleted_at=None).order_by("id")


def get(organisation_id: int, subscription_id: int) -> WebhookSubscription:
    found = listed(organisation_id).filter(pk=subscription_id).first()
    if found is None:
        raise NotFound
    return found


def check_url(url: str) -> str:
    """The address, or Invalid with a sentence. Asks the name server: never call it inside a transaction."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or len(url) > MAX_URL or any(map(str.isspace, url)):
        raise Invalid(_("This is not an address that can be called. It begins with https://."), field="url")
    if parts.username or parts.password:
        raise Invalid(
            _("The address must not hold a name and password: the signature proves who calls."), field="url"
        )
    if parts.scheme == "http" and host not in {one.lower() for one in settings.TRUSTED_PRIVATE_HOSTS}:
        raise Invalid(
            _("The address must begin with https://: what is sent there is not for everybody."), field="url"
        )
    try:
        transport.allowed_addresses(host)
    except transport.TransportError as error:
        raise Invalid(_("%(sentence)s"), code=error.code, field="url", sentence=error.sentence) from error
    return url


def check_topics(topics: Sequence[str]) -> list[str]:
    """Known topics, each once; none means all."""
    unknown = [one for one in topics if one not in TOPICS]
    if unknown:
        raise Invalid(_("There is no topic “%(topic)s”."), field="topics", topic=unknown[0])
    return [one for one in TOPICS if one in set(topics)]


def new_secret() -> str:
    """As Standard Webhooks want it: 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(random.token_bytes(32)).decode()


def create(*, name: str, url: str, topics: Sequence[str], by: User) -> tuple[WebhookSubscription, str]:
    """A new address and its secret, which is shown now. It is told what happens from now on."""
    policy.require(by, RIGHT)
    url, wanted, name = check_url(url), check_topics(topics), _name(name, url)
    secret = new_secret()
    with transaction.atomic():
        if listed(by.organisation_id).count() >= MAX_PER_ORGANISATION:
            raise Invalid(
                _("There are %(limit)s addresses already. Delete one first."), limit=MAX_PER_ORGANISATION
            )
        tail.lock_cursor()
        here = events.latest()
        subscription = WebhookSubscription.objects.create(
            organisation_id=by.organisation_id,
            name=name,
            url=url,
            topics=wanted,
            secret=secrets.seal({"secret": secret}),
            since_txid=here.txid,
            since_id=here.id,
            created_by_id=by.pk,
            created_at=clock.now(),
        )
        record("webhook.created", subscription, by, url=url, topics=wanted)
    return subscription, secret


def change(
    subscription_id: int,
    *,
    by: User,
    name: str | None = None,
    url: str | None = None,
    topics: Sequence[str] | None = None,
) -> WebhookSubscription:
    """Another name, address or choice of topics; what is not given stays."""
    policy.require(by, RIGHT)
    get(by.organisation_id, subscription_id)
    checked = check_url(url) if url is not None else None
    with transaction.atomic():
        subscription = lock(subscription_id, by)
        if checked is not None:
            subscription.url = checked
        if name is not None:
            subscription.name = _name(name, subscription.url)
        if topics is not None:
            subscription.topics = check_topics(topics)
        subscription.save(update_fields=["url", "name", "topics"])
        record("webhook.changed", subscription, by, url=subscription.url, topics=subscription.topics)
    return subscription


@transaction.atomic
def switch(subscription_id: int, *, on: bool, by: User) -> WebhookSubscription:
    """Off: nothing is sent and nothing collected; what was missed can be sent by a replay of the time."""
    subscription = lock(subscription_id, by)
    if subscription.active != on:
        subscription.active = on
        subscription.off_reason = "" if on else "person"
        subscription.failing_since = None
        subscription.save(update_fields=["active", "off_reason", "failing_since"])
        record("webhook.switched_on" if on else "webhook.switched_off", subscription, by)
    return subscription


@transaction.atomic
def delete(subscription_id: int, *, by: User) -> None:
    """No longer told; the log is forgotten with time."""
    subscription = lock(subscription_id, by)
    subscription.deleted_at, subscription.active = clock.now(), False
    subscription.save(update_fields=["deleted_at", "active"])
    record("webhook.deleted", subscription, by)


@transaction.atomic
def rotate(subscription_id: int, *, by: User) -> tuple[WebhookSubscription, str]:
    """A new secret; for a day both sign, so that the receiver can change over without a gap."""
    subscription = lock(subscription_id, by)
    fresh = new_secret()
    subscription.old_secret = subscription.secret
    subscription.old_secret_until = clock.after(OLD_SECRET_FOR)
    subscription.secret = secrets.seal({"secret": fresh})
    subscription.save(update_fields=["secret", "old_secret", "old_secret_until"])
    record("webhook.secret_rotated", subscription, by)
    return subscription, fresh


def secrets_of(subscription: WebhookSubscription) -> list[str]:
    """Secrets that sign now, the new one first."""
    found = [str(secrets.unseal(subscription.secret)["secret"])]
    until = subscription.old_secret_until
    if subscription.old_secret and until is not None and until > clock.now():
        found.append(str(secrets.unseal(subscription.old_secret)["secret"]))
    return found


def lock(subscription_id: int, by: User) -> WebhookSubscription:
    policy.require(by, RIGHT)
    found = (
        WebhookSubscription.objects.select_for_update()
        .filter(organisation_id=by.organisation_id, pk=subscription_id, deleted_at=None)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def record(action: str, subscription: WebhookSubscription, by: audit.Actor, **data: Any) -> None:
    """Audit entry and event of one change."""
    audit.record(
        action,
        organisation_id=subscription.organisation_id,
        by=by,
        kind="webhook",
        object_id=subscription.pk,
        name=subscription.name,
        **data,
    )
    events.publish(CHANGED, subscription.organisation_id, subscription_id=subscription.pk, change=action)


def _name(name: str, url: str) -> str:
    return (" ".join(name.split()) or urlsplit(url).hostname or "webhook")[:100]
