"""Channels in the words of the interface."""

from __future__ import annotations

from datetime import datetime

from django import template

from otklik.channels import health
from otklik.channels.models import ChannelAccount
from otklik.kernel import clock
from otklik.people import kinds

register = template.Library()


@register.filter
def kind_icon(kind: str) -> str:
    return kinds.icon(kind)


@register.filter
def kind_name(kind: str) -> str:
    return kinds.title(kind)


@register.filter
def health_of(account: ChannelAccount) -> health.Health:
    return health.of(account)


@register.filter
def address(account: ChannelAccount) -> str:
    return health.address(account)


@register.filter
def span(seconds: float) -> str:
    return health.span(seconds)


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago, in the two largest units."""
    return health.span(max(0.0, (clock.now() - moment).total_seconds())) if moment else ""


@register.filter
def stored_moment(text: str) -> datetime | None:
    """A moment kept in JSON; None when it cannot be read."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
