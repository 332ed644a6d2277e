"""Background work: the queue's consumer, the clock of recurring jobs, listeners of mailboxes."""

from __future__ import annotations

import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from otklik.channels.mail.listener import Listeners
from otklik.kernel import periodic, wake
from otklik.kernel.tasks import consumer

SWITCH = 0.0005  # seconds; Python's own is ten times that


class Command(BaseCommand):
    help = "Run background work until interrupted (SIGINT). Example: python -m otklik.web.manage worker --threads 4"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--threads", type=int, default=3, help="tasks worked at the same time")

    def handle(self, *args: Any, **options: Any) -> None:
        # a thread inside a transaction gets the interpreter back after each statement: others wait for its lock
        sys.setswitchinterval(SWITCH)
        stop = threading.Event()
        ticker = threading.Thread(target=periodic.loop, args=(stop,), name="ticker", daemon=True)
        listeners = threading.Thread(target=Listeners(stop).run, name="listeners", daemon=True)
        ticker.start()
        listeners.start()
        try:
            consumer(wake.huey, threads=options["threads"]).run()
        finally:
            stop.set()
            ticker.join(timeout=5)
