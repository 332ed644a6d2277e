"""Shared by the screens of customers."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from otklik.accounts import policy
from otklik.accounts.principals import User


def reader(request: HttpRequest) -> User:
    """The signed-in person, who may read customers; raises Forbidden."""
    user = cast(User, request.user)
    policy.require(user, "customer.read")
    return user


def number(text: str | None) -> int:
    """A number of the address; anything else is 0."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0  # noqa: PLR2004 fits a bigint
