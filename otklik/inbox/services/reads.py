"""What a person has read. Unread is what arrived after the last look, or what was marked so by hand."""

from __future__ import annotations

from django.db import transaction

from otklik.accounts.principals import User
from otklik.inbox import queries
from otklik.inbox.events import TOPIC_PERSONAL
from otklik.inbox.models import Mention, Seen
from otklik.kernel import clock, events


@transaction.atomic
def seen(conversation_id: int, message_id: int, *, by: User) -> None:
    """Everything up to a message was on the screen; never goes back. Mentions up to it count as read."""
    conversation = queries.conversation(by, conversation_id)
    row = Seen.objects.filter(conversation=conversation, user=by).first()
    changed = row is None or row.unread or row.message_id < message_id
    if changed:
        newest = max(message_id, row.message_id if row else 0)
        _write(conversation.pk, by, message_id=newest, unread=False)
    mentions = Mention.objects.filter(
        user=by, read_at=None, message__conversation=conversation, message_id__lte=message_id
    ).update(read_at=clock.now())
    if changed or mentions:
        _tell(by, conversation.pk, "read")


@transaction.atomic
def unread(conversation_id: int, *, by: User) -> None:
    """Mark as not read, for this person only, until it is opened again."""
    conversation = queries.conversation(by, conversation_id)
    row = Seen.objects.filter(conversation=conversation, user=by).first()
    _write(conversation.pk, by, message_id=row.message_id if row else 0, unread=True)
    _tell(by, conversation.pk, "unread")


def _write(conversation_id: int, by: User, *, message_id: int, unread: bool) -> None:
    Seen.objects.bulk_create(
        [
            Seen(
                conversation_id=conversation_id, user=by, message_id=message_id, unread=unread, at=clock.now()
            )
        ],
        update_conflicts=True,
        unique_fields=["user", "conversation"],
        update_fields=["message_id", "unread", "at"],
    )


def _tell(by: User, conversation_id: int, kind: str) -> None:
    events.publish(
        TOPIC_PERSONAL, by.organisation_id, user_id=by.pk, kind=kind, conversation_id=conversation_id
    )
