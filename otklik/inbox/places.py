"""A place in a list or a thread as an address carries it (keyset paging): a moment, a number, a step of an order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MAX_ID = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """`step`: how far down an order by labels, 0 in any other."""

    moment: datetime
    pk: int
    step: int = 0

    @property
    def micros(self) -> int:
        return (self.moment - EPOCH) // timedelta(microseconds=1)

    def __str__(self) -> str:
        return f"{self.micros}.{self.pk}.{self.step}" if self.step else f"{self.micros}.{self.pk}"


def place(moment: datetime, pk: int, step: int = 0) -> str:
    """A place for an address: microseconds and numbers."""
    return str(Place(moment, pk, step))


def placed(text: str) -> Place | None:
    """What `place` wrote; None for anything else."""
    parts = text.split(".")
    if len(parts) not in (2, 3) or not all(one.isascii() and one.isdigit() for one in parts):
        return None
    if any(len(one) >= len(str(MAX_ID)) for one in parts[1:]):
        return None
    try:
        moment = EPOCH + timedelta(microseconds=int(parts[0][:20]))
    except OverflowError:
        return None
    return Place(moment, *map(int, parts[1:]))
