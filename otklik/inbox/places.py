"""A place in a list or a thread as an address carries it (keyset paging): a moment and a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MAX_ID = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def place(moment: datetime, pk: int) -> str:
    """A place in a list or a thread, for an address: microseconds and a number."""
    return f"{(moment - EPOCH) // timedelta(microseconds=1)}.{pk}"


def placed(text: str) -> tuple[datetime, int] | None:
    """What `place` wrote; None for anything else."""
    micros, _dot, number = text.partition(".")
    if not (micros.isascii() and micros.isdigit() and number.isascii() and number.isdigit()):
        return None
    try:
        moment = EPOCH + timedelta(microseconds=int(micros[:20]))
    except OverflowError:
        return None
    return (moment, int(number)) if len(number) < len(str(MAX_ID)) else None
