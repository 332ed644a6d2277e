"""Mailboxes that say "something came": one IDLE connection per account in every worker; polling stays the net."""

from __future__ import annotations

import logging
import threading
import time

from django.db import close_old_connections

from otklik.channels import credentials, polling
from otklik.channels.mail import imap
from otklik.channels.mail.adapter import imap_config
from otklik.channels.models import ChannelAccount

log = logging.getLogger(__name__)

LOOK_EVERY = 10.0  # seconds between looks at the list of accounts
LISTEN_FOR = 240.0  # seconds of one IDLE call; then settings are read anew
PAUSE_AFTER_TROUBLE = 60.0  # polling reports what is wrong; listening only waits
MAX_LISTENERS = 50  # accounts beyond that are polled every minute


class Listeners:
    """Keeps one listening thread for each active mailbox; `run` blocks until `stop` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.threads: dict[int, threading.Thread] = {}

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self._look()
            except Exception as error:  # the database may be restarting
                log.warning("listeners wait: %s", type(error).__name__)
            finally:
                close_old_connections()
            self.stop.wait(LOOK_EVERY)

    def _look(self) -> None:
        wanted = list(
            ChannelAccount.objects.filter(kind="mail", active=True)
            .order_by("pk")
            .values_list("pk", flat=True)
        )[:MAX_LISTENERS]
        for pk in wanted:
            known = self.threads.get(pk)
            if known is None or not known.is_alive():
                self.threads[pk] = threading.Thread(
                    target=self._listen, args=(pk,), name=f"idle-{pk}", daemon=True
                )
                self.threads[pk].start()

    def _listen(self, pk: int) -> None:
        while not self.stop.is_set():
            try:
                account = ChannelAccount.objects.filter(pk=pk, active=True).first()
                close_old_connections()
                if account is None:
                    return
                self._listen_once(account)
            except (
                Exception
            ) as error:  # listening is a convenience: whatever happens, the poll finds the mail
                log.info("mailbox %s cannot be listened to: %s", pk, type(error).__name__)
                self.stop.wait(PAUSE_AFTER_TROUBLE)
            finally:
                close_old_connections()

    def _listen_once(self, account: ChannelAccount) -> None:
        config = imap_config(credentials.config_of(account))
        folder = config.folders[0]
        known = account.cursor.get(folder, {}).get("uid")
        began = time.monotonic()
        if imap.wait(config, folder, LISTEN_FOR, stop=self.stop, known_uid=known):
            account.refresh_from_db(fields=["poll_due_at", "active"])
            polling.ask_now(account)
            # the poll needs a moment to move the cursor; without it the same mail would wake us in a circle
            self.stop.wait(max(1.0, 2.0 - (time.monotonic() - began)))
