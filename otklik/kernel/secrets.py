"""Secrets at rest (encrypted) and signatures. The key lives in a file beside the database, never in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from otklik.kernel.errors import OtklikError


class KeyLost(OtklikError):
    code = "key_lost"
    status = 500
    text = _(
        "The stored secret cannot be read with this installation's key. Restore the key file or enter it again."
    )


def derive(purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, from the installation's secret."""
    return hmac.new(settings.SECRET_KEY.encode(), b"otklik:" + purpose.encode(), hashlib.sha256).digest()


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derive("secrets at rest")))


def seal(value: dict[str, Any]) -> str:
    """Encrypt a JSON object."""
    return _box().encrypt(json.dumps(value).encode()).decode()


def unseal(token: str) -> dict[str, Any]:
    """Decrypt what `seal` made; raises KeyLost."""
    if not token:
        return {}
    try:
        opened: dict[str, Any] = json.loads(_box().decrypt(token.encode()))
    except InvalidToken as error:
        raise KeyLost from error
    return opened


def new_token(length: int = 32) -> str:
    return secrets.token_urlsafe(length)


def digest(token: str) -> str:
    """What is stored instead of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
