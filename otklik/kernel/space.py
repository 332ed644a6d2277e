"""Room on the disk. Who is refused it says so here, where every process of the machine can read it.

A full database cannot remember that it is full, so the sign is an empty file beside the media: its name holds the
moment of the first refusal, its time that of the last. It is believed for some minutes only: whoever goes on being
refused touches it again, and nobody needs to be there to take it away.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import OperationalError

from otklik.kernel import clock
from otklik.kernel.media import DiskFull

SIGN = "no-room-"
BELIEVED = 300.0  # seconds
WORDS = ("disk is full", "no space left")  # SQLite's and PostgreSQL's
# where even an empty file is too much: known to this process at least
_own: dict[str, datetime | None] = {"since": None, "last": None}


def is_refusal(error: BaseException) -> bool:
    """Whether an error says that there is no room: for a file, or in either database."""
    return isinstance(error, DiskFull) or (isinstance(error, OperationalError) and says_full(error))


def says_full(error: BaseException) -> bool:
    text = str(error).lower()
    return any(words in text for words in WORDS)


def refused() -> None:
    """Somebody was refused room just now."""
    now = clock.now()
    since = refused_since() or now
    sign = _folder() / f"{SIGN}{int(since.timestamp())}"
    try:
        sign.touch()
        os.utime(sign, (now.timestamp(), now.timestamp()))
    except OSError:
        _own.update(since=since, last=now)


def granted() -> None:
    """New things were stored: there is room again."""
    _own.update(since=None, last=None)
    for sign in _signs():
        sign.unlink(missing_ok=True)


def refused_since() -> datetime | None:
    """Since when there is no room, if somebody was refused it in the last minutes."""
    oldest = clock.ago(BELIEVED)
    found = [_own["since"]] if _own["since"] and _own["last"] and _own["last"] >= oldest else []
    for sign in _signs():
        with suppress(OSError, ValueError, OverflowError):
            if datetime.fromtimestamp(sign.stat().st_mtime, UTC) >= oldest:
                found.append(datetime.fromtimestamp(int(sign.name.removeprefix(SIGN)), UTC))
    return min(found, default=None)


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT).parent


def _signs() -> list[Path]:
    return list(_folder().glob(f"{SIGN}*"))
