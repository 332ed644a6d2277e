"""A JSON Web Token signed with HS256, enough for Dovecot's local OAuth2 validation in tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def encode(claims: dict[str, Any], key: bytes) -> str:
    """`claims` as a compact HS256 token (RFC 7515, RFC 7519)."""
    header = _b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = header + b"." + _b64(json.dumps(claims).encode())
    return (signed + b"." + _b64(hmac.new(key, signed, hashlib.sha256).digest())).decode()
