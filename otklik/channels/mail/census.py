"""The daily check: does every mail of the last days on the server stand in our store? A difference is a warning."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from otklik.channels import credentials, polling
from otklik.channels.mail import imap
from otklik.channels.mail.adapter import imap_config
from otklik.channels.mail.sasl import MailIOError
from otklik.channels.models import ChannelAccount, RawEvent
from otklik.channels.protocol import PullPage
from otklik.kernel import clock
from otklik.kernel.errors import OtklikError

DAYS = 3  # how far back the server is compared with the store


def check_all() -> int:
    """Periodic, once a day: returns the number of mailboxes that miss something."""
    return sum(
        bool(missing(account))
        for account in ChannelAccount.objects.filter(kind="mail", active=True).iterator()
    )


def missing(account: ChannelAccount) -> dict[str, list[int]]:
    """{folder: uids on the server that are not stored}; leaves a notice on the account when there are any.

    Mail that was there before the account was connected does not count.
    """
    since = max(clock.now() - timedelta(days=DAYS), account.created_at).date()
    try:
        config = imap_config(credentials.config_of(account))
        counted = imap.count(config, config.folders, since)
    except (MailIOError, OtklikError) as error:
        polling.failing(account, error)
        return {}
    found: dict[str, list[int]] = {}
    for folder, held in counted.items():
        state = account.cursor.get(folder, {})
        stored = _stored_uids(account, folder, held.uidvalidity)
        first = int(state.get("first_uid") or min(stored, default=state.get("uid", 0) + 1))
        # what lies above the cursor has simply not been asked for yet
        absent = [uid for uid in sorted(held.uids - stored) if first <= uid <= int(state.get("uid", 0))]
        if absent:
            found[folder] = absent
    if found:
        _warn(account, found)
    return found


def _stored_uids(account: ChannelAccount, folder: str, uidvalidity: int) -> set[int]:
    after = clock.now() - timedelta(days=DAYS + 30)  # a slow mailbox may be read long after its mails arrived
    metas = RawEvent.objects.filter(account=account, received_at__gte=after, stream=folder).values_list(
        "meta", flat=True
    )
    return {int(meta["uid"]) for meta in metas.iterator() if meta.get("uidvalidity") == uidvalidity}


def _warn(account: ChannelAccount, found: dict[str, list[int]]) -> None:
    number = sum(len(uids) for uids in found.values())
    message = _(
        "The server holds %(number)s messages that are not here (folders: %(folders)s). Press “Fetch again”."
    ) % {"number": number, "folders": ", ".join(found)}
    polling.note(account, PullPage((), {}, notices=(("count_differs", message),)))
