"""A program at the door: an API key acts as the person who made it, with no more than its own scopes."""

from __future__ import annotations

from otklik.accounts import services
from otklik.accounts.principals import KeyPrincipal, User


def authenticate(token: str) -> User | None:
    """Who acts for a token, or None: unknown, expired, revoked, or its maker no longer works here."""
    principal = services.authenticate_key(token) if token.startswith("otk_") else None
    return acting(principal) if principal is not None and principal.user.is_active else None


def acting(principal: KeyPrincipal) -> User:
    """The maker of the key as an actor: rights are those that key and maker share, the audit names the key.

    The instance belongs to one request and is never saved whole.
    """
    user = principal.user
    user.acting_key = principal
    user.__dict__["rights"] = principal.rights & user.rights  # `rights` is a cached property
    return user
