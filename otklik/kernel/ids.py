"""Ids of ours that must be recognised when they come back: signed, so that nobody can invent one."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets as random
from functools import lru_cache

from otklik.kernel import secrets

_OURS = re.compile(r"^otk\.([A-Za-z0-9_-]{16})\.([0-9a-f]{20})@", re.ASCII)


@lru_cache(maxsize=1)
def _key() -> bytes:
    return secrets.derive("message id")


def _sign(token: str) -> str:
    return hmac.new(_key(), token.encode(), hashlib.sha256).hexdigest()[:20]


def message_id(domain: str) -> str:
    """A new Message-ID (without angle brackets) that `is_ours` recognises."""
    token = random.token_urlsafe(12)
    return f"otk.{token}.{_sign(token)}@{domain}"


def is_ours(candidate: str) -> bool:
    """Whether this installation made the id; compared in constant time. The domain may have changed on the way."""
    match = _OURS.match(candidate)
    return bool(match) and hmac.compare_digest(match.group(2), _sign(match.group(1))) if match else False
