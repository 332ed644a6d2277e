"""Accounts that are asked: when is stored, who asks is decided by one conditional update."""

from __future__ import annotations

import logging
from typing import Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext_lazy as _

from otklik.channels import credentials, intake, registry
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import PullPage
from otklik.kernel import clock, events, outbox, space
from otklik.kernel.errors import OtklikError

log = logging.getLogger(__name__)

TOPIC = "channels.poll"
TOPIC_HEALTH = "channel.changed"
MAX_PAGES = 50  # of one poll; the rest follows at once
KEPT_NOTICES = 20


class NoRoom(OtklikError):
    code = "disk_full"
    status = 507
    text = _(
        "The disk is full. Nothing is lost: what is new waits at the far end and comes in by itself once there is"
        " room. Free some space."
    )


def plan_due(limit: int = 100) -> int:
    """Periodic: an outbox row for every account whose moment has come."""
    planned = 0
    due = ChannelAccount.objects.filter(active=True, poll_due_at__lte=clock.now()).order_by("poll_due_at")
    for account in list(due[:limit]):
        planned += int(ask_now(account))
    return planned


def ask_now(account: ChannelAccount) -> bool:
    """Plan one poll (also: a mailbox has just said that something is there); False when one is planned already."""
    with transaction.atomic():
        won = ChannelAccount.objects.filter(
            pk=account.pk, active=True, poll_due_at=account.poll_due_at
        ).update(poll_due_at=clock.after(account.poll_every))
        if not won:
            return False
        return outbox.put(
            TOPIC,
            f"poll:{account.pk}:{account.poll_due_at.isoformat() if account.poll_due_at else 'now'}",
            {"account_id": account.pk},
            organisation_id=account.organisation_id,
        )


def poll(payload: dict[str, Any]) -> None:
    """Outbox handler: fetch pages until nothing is new; events and cursor of a page commit together."""
    account = ChannelAccount.objects.filter(pk=payload["account_id"], active=True).first()
    if account is None:
        return
    try:
        for _page in range(MAX_PAGES):
            page = _pull(account)
            intake.store(account, page.events, cursor=page.cursor)
            account.cursor = page.cursor
            note(account, page)
            if not page.more:
                break
    except Exception as error:
        failing(account, error)
    else:
        recovered(account)


def _pull(account: ChannelAccount) -> PullPage:
    """One page. A token that is refused before its time is renewed once, then the server's word stands."""
    adapter, config = registry.adapter(account.kind), credentials.config_of(account)
    try:
        return adapter.pull(config, account.cursor)
    except Exception as error:
        if getattr(error, "code", "") != "token_expired" or not credentials.spoil(config):
            raise
    return adapter.pull(credentials.config_of(account), account.cursor)


def note(account: ChannelAccount, page: PullPage) -> None:
    """Keep what the far end made us notice, newest first, for the operations page."""
    if not page.notices:
        return
    now = clock.now().isoformat()
    fresh = [{"at": now, "code": code, "message": message} for code, message in page.notices]
    account.notices = [*fresh, *account.notices][:KEPT_NOTICES]
    account.save(update_fields=["notices"])


def failing(account: ChannelAccount, error: Exception) -> None:
    """Remember what is wrong in a sentence; the account is asked again at its next moment."""
    log.warning("channel %s cannot be asked: %s", account.pk, type(error).__name__)
    if space.is_refusal(error):
        space.refused()
        error = NoRoom()
    code = str(getattr(error, "code", "failed"))[:64]
    sentence = (
        error.sentence if isinstance(error, OtklikError) else str(getattr(error, "sentence", "") or error)
    )
    try:
        with transaction.atomic():
            ChannelAccount.objects.filter(pk=account.pk).update(
                error_code=code,
                error=sentence[:2000] or type(error).__name__,
                failing_since=account.failing_since or clock.now(),
                last_polled_at=clock.now(),
            )
            events.publish(TOPIC_HEALTH, account.organisation_id, account_id=account.pk, ok=False)
    except OperationalError as full:
        if not space.is_refusal(full):
            raise
        space.refused()  # not even this could be written: the sign beside the media says it


def recovered(account: ChannelAccount) -> None:
    space.granted()
    with transaction.atomic():
        ChannelAccount.objects.filter(pk=account.pk).update(
            error_code="", error="", failing_since=None, last_polled_at=clock.now(), last_ok_at=clock.now()
        )
        if account.failing_since is not None:
            events.publish(TOPIC_HEALTH, account.organisation_id, account_id=account.pk, ok=True)
