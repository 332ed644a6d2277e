"""How fast senders write: two programs that answer each other must not keep us answering.

More than `LIMIT` messages of one sender to one account within `WINDOW` seconds: what comes then is stored and shown
like everything else, and nothing is answered automatically until the sender has been quieter for as long. The
counters are stored with the sender; nobody scans messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from otklik.channels.models import SenderPace
from otklik.kernel import clock

LIMIT = 20  # messages
WINDOW = 3600.0  # seconds
KEPT = 2 * 86400.0  # seconds without a message after which a counter goes
TOLD = 50  # places that get the notice each time


@dataclass(frozen=True, slots=True)
class Came:
    """A message of `address` that came at `at` and lies in `place` (a conversation)."""

    address: str
    at: datetime
    place: int


def note(account_id: int, came: Sequence[Came]) -> list[Came]:
    """Count messages of one account, in their order; those whose place is to be told now that it is too much.

    Call it inside the transaction that stores the messages; the rows are locked until its end. Three statements at
    most, however many messages.
    """
    addresses = {one.address for one in came}
    locked = SenderPace.objects.select_for_update().filter(account_id=account_id, address__in=addresses)
    # in one order everywhere, so that two batches never wait for each other
    known = {row.address: row for row in locked.order_by("address")}
    fresh: dict[str, SenderPace] = {}
    told = []
    for one in came:
        row = known.get(one.address) or fresh.get(one.address)
        if row is None:
            row = fresh[one.address] = SenderPace(account_id=account_id, address=one.address)
        moment = one.at.timestamp()
        row.recent = [*(each for each in row.recent if each > moment - WINDOW), moment][-LIMIT - 1 :]
        row.seen_at = one.at
        if len(row.recent) > LIMIT and _over(row, one.at, one.place):
            told.append(one)
    if fresh:
        SenderPace.objects.bulk_create(sorted(fresh.values(), key=lambda row: row.address))
    if known:
        fields = ["recent", "seen_at", "limited_from", "limited_until", "held", "told"]
        SenderPace.objects.bulk_update(known.values(), fields)
    return told


def _over(row: SenderPace, at: datetime, place: int) -> bool:
    if row.limited_until is None or row.limited_until < at:
        row.limited_from, row.held, row.told = at, 0, []
    row.limited_until = at + timedelta(seconds=WINDOW)
    row.held += 1
    if place in row.told or len(row.told) >= TOLD:
        return False
    row.told = [*row.told, place]
    return True


def is_limited(account_id: int, address: str, at: datetime) -> bool:
    """Whether the sender writes too fast now, or did when the message of `at` came."""
    during = Q(limited_from__lte=at, limited_until__gte=at) | Q(limited_until__gte=clock.now())
    return SenderPace.objects.filter(during, account_id=account_id, address=address).exists()


def limited(account_id: int) -> QuerySet[SenderPace]:
    """Senders to an account who get no automatic answers now, the newest first."""
    return SenderPace.objects.filter(account_id=account_id, limited_until__gte=clock.now()).order_by(
        "-limited_until"
    )


def forget() -> int:
    """Periodic: counters of those who have long been silent go."""
    return SenderPace.objects.filter(seen_at__lt=clock.ago(KEPT)).delete()[0]
