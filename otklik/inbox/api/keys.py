"""The key under which an answer is stored once, made of the caller's Idempotency-Key."""

from __future__ import annotations

import hashlib

from otklik.kernel import secrets
from otklik.kernel.rest import Call


def client_key(request: Call) -> str:
    """Second net under the door's: even when the stored answer of a key is gone, the message is found again."""
    given = request.headers.get("Idempotency-Key")
    if not given:
        return f"api:{secrets.new_token(24)}"
    who = request.auth
    named = f"{who.audit_kind}:{who.audit_id}:{request.path}:{given}"
    return f"api:{hashlib.sha256(named.encode()).hexdigest()[:48]}"
