"""Ids of ours that must be recognised when they come back: signed, so that nobody can invent one."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets as random
from functools import lru_cache

from otklik.kernel import secrets

_OURS = re.compile(r"otk\.([0-9a-f]{24})\.([0-9a-f]{24})@", re.ASCII)


@lru_cache(maxsize=1)
def _key() -> bytes:
    return secrets.derive("message id")


def _sign(token: str) -> str:
    return hmac.new(_key(), token.encode(), hashlib.sha256).hexdigest()[:24]


def message_id(domain: str) -> str:
    """A new Message-ID (without angle brackets), all lower case: mail systems may change case on the way."""
    token = random.token_hex(12)
    host = domain if domain.isascii() else domain.encode("idna").decode()
    return f"otk.{token}.{_sign(token)}@{host}".lower()


def ours(candidate: str) -> str | None:
    """The id as we made it when this installation made it, otherwise None; compared in constant time."""
    found = candidate.strip().lower()
    match = _OURS.match(found)
    if match is None or not hmac.compare_digest(match.group(2), _sign(match.group(1))):
        return None
    return found
