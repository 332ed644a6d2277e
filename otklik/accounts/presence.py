"""Who is at work, and whose turn it is to get the next conversation."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from otklik.accounts.models import Team, User
from otklik.accounts.models.staff import Presence
from otklik.kernel import clock, events
from otklik.kernel.errors import Invalid

TOPIC_STAFF = "staff.presence"
TOUCH_EVERY = 30.0  # seconds; a sign of life more often than this is not written
ALIVE_FOR = 120.0  # seconds without a sign of life after which nobody gets new work


@transaction.atomic
def set_presence(user: User, presence: str) -> None:
    """Say that one is at work, away or not at work. Raises Invalid for another word."""
    if presence not in Presence.values:
        raise Invalid(_("Choose: at work, away or not at work."), field="presence")
    changed = user.presence != presence
    user.presence = presence
    user.seen_at = clock.now()
    user.save(update_fields=["presence", "seen_at"])
    if changed:
        events.publish(TOPIC_STAFF, user.organisation_id, user_id=user.pk, presence=presence)


def touch(user: User) -> bool:
    """A sign of life of somebody at work; False when it was not written (too soon, or not at work).

    Who is not at work keeps the moment of the last work: conversations go back to the team from then on.
    """
    now = clock.now()
    return bool(
        User.objects.filter(Q(seen_at=None) | Q(seen_at__lt=clock.ago(TOUCH_EVERY)), pk=user.pk)
        .exclude(presence=Presence.OFFLINE)
        .update(seen_at=now)
    )


def at_work(team_id: int) -> QuerySet[User]:
    """Members of a team who are at work now, the longest without a new conversation first."""
    return (
        User.objects.filter(
            teams=team_id, is_active=True, presence=Presence.ONLINE, seen_at__gte=clock.ago(ALIVE_FOR)
        )
        .select_related("organisation")
        .order_by(F("assigned_at").asc(nulls_first=True), "pk")
    )


def take_turn(user_id: int, last: datetime | None) -> bool:
    """Use a person's turn; False when another process was faster. Holds the person's row until the commit."""
    return bool(
        User.objects.filter(pk=user_id, assigned_at=last).update(assigned_at=clock.now())
        if last is not None
        else User.objects.filter(pk=user_id, assigned_at__isnull=True).update(assigned_at=clock.now())
    )


def gone_since(organisation_id: int, seconds: float) -> QuerySet[User]:
    """People without a sign of life for so long, or inactive."""
    return User.objects.filter(organisation_id=organisation_id).filter(
        Q(seen_at__lt=clock.ago(seconds)) | Q(is_active=False)
    )


def rotating_teams() -> QuerySet[Team]:
    """Teams whose new conversations are given out in turn."""
    return Team.objects.filter(round_robin=True).order_by("pk")
