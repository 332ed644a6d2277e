"""Who looks at a conversation and who writes in it: a warning against double answers, never a barrier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.inbox import queries
from otklik.inbox.events import TOPIC_PRESENCE
from otklik.inbox.models import SoftLock
from otklik.kernel import clock, events

TTL = 40.0  # seconds; browsers say every 15 s that they are still here


@dataclass(frozen=True, slots=True)
class Presence:
    """A colleague in a conversation."""

    user_id: int
    name: str
    typing: bool


def touch(conversation_id: int, *, by: User, typing: bool) -> list[Presence]:
    """I am here (and writing). Returns the others who are. Announced only when something changed."""
    conversation = queries.conversation(by, conversation_id)
    with transaction.atomic():
        now, until = clock.now(), clock.after(TTL)
        mine = SoftLock.objects.filter(conversation=conversation, user=by).first()
        if mine is None:
            SoftLock.objects.bulk_create(
                [SoftLock(conversation=conversation, user=by, typing=typing, expires_at=until)],
                update_conflicts=True,
                unique_fields=["conversation", "user"],
                update_fields=["typing", "expires_at"],
            )
        elif mine.typing != typing or mine.expires_at < clock.after(TTL * 0.75):
            SoftLock.objects.filter(pk=mine.pk).update(typing=typing, expires_at=until)
        if mine is None or mine.typing != typing or mine.expires_at <= now:
            _publish(conversation.organisation_id, conversation.pk, by.pk, "typing" if typing else "here")
    return others(by, [conversation.pk]).get(conversation.pk, [])


@transaction.atomic
def leave(conversation_id: int, *, by: User) -> None:
    """I have gone; nothing happens when I was not here."""
    conversation = queries.conversation(by, conversation_id)
    deleted, _ = SoftLock.objects.filter(conversation=conversation, user=by).delete()
    if deleted:
        _publish(conversation.organisation_id, conversation.pk, by.pk, "left")


def others(who: User, conversation_ids: Iterable[int]) -> dict[int, list[Presence]]:
    """Colleagues in these conversations now, those who write first; the asker is left out. One query."""
    policy.require(who, "conversation.read")
    rows = (
        SoftLock.objects.filter(
            conversation_id__in=list(conversation_ids),
            conversation__organisation_id=who.organisation_id,
            expires_at__gt=clock.now(),
        )
        .exclude(user_id=who.pk)
        .select_related("user")
        .order_by("-typing", "user__name")
    )
    found: dict[int, list[Presence]] = {}
    for row in rows:
        found.setdefault(row.conversation_id, []).append(Presence(row.user_id, row.user.name, row.typing))
    return found


def forget_expired(limit: int = 500) -> int:
    """Periodic: browsers that vanished without a word are shown as gone."""
    rows = SoftLock.objects.filter(expires_at__lte=clock.now()).select_related("conversation")[:limit]
    gone = 0
    for row in list(rows):
        with transaction.atomic():
            deleted, _ = SoftLock.objects.filter(pk=row.pk, expires_at__lte=clock.now()).delete()
            if deleted:
                gone += 1
                _publish(row.conversation.organisation_id, row.conversation_id, row.user_id, "left")
    return gone


def _publish(organisation_id: int, conversation_id: int, user_id: int, what: str) -> None:
    events.publish(
        TOPIC_PRESENCE, organisation_id, conversation_id=conversation_id, user_id=user_id, what=what
    )
