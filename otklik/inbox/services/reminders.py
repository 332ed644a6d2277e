"""Reminders: a conversation asks for attention of one person at a moment."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox import ports, queries
from otklik.inbox.events import TOPIC_PERSONAL
from otklik.inbox.models import Reminder
from otklik.kernel import clock, events
from otklik.kernel.errors import Invalid

MAX_TEXT = 300


@transaction.atomic
def set(conversation_id: int, due_at: datetime, text: str = "", *, by: User) -> Reminder:  # noqa: A001
    """Remind me at a moment. Raises Invalid for a moment that has passed, NotFound."""
    conversation = queries.conversation(by, conversation_id)
    if due_at <= clock.now():
        raise Invalid(_("This moment has passed. Choose a later one."), field="due_at")
    reminder = Reminder.objects.create(
        conversation=conversation, user=by, due_at=due_at, text=" ".join(text.split())[:MAX_TEXT]
    )
    audit.record(
        "reminder.set",
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        due_at=due_at.isoformat(),
    )
    _tell(reminder, conversation.organisation_id, "reminder_set")
    return reminder


def waiting(who: User) -> QuerySet[Reminder]:
    """A person's own reminders that are not done, the next one first."""
    rows = Reminder.objects.filter(
        user_id=who.pk, done_at=None, conversation__organisation_id=who.organisation_id
    )
    return rows.order_by("due_at", "pk")


@transaction.atomic
def done(reminder_id: int, *, by: User) -> None:
    """No longer needed; a second time changes nothing. Only one's own."""
    reminder = (
        Reminder.objects.select_related("conversation")
        .filter(pk=reminder_id, user=by, conversation__organisation_id=by.organisation_id)
        .first()
    )
    if reminder is None:
        raise ports.NotFound
    if Reminder.objects.filter(pk=reminder.pk, done_at=None).update(done_at=clock.now()):
        _tell(reminder, reminder.conversation.organisation_id, "reminder_done")


def fire_due(limit: int = 200) -> int:
    """Periodic: tell people what they wanted to be reminded of, each once."""
    due = Reminder.objects.filter(fired_at=None, done_at=None, due_at__lte=clock.now())
    fired = 0
    for reminder in list(due.select_related("conversation").order_by("due_at")[:limit]):
        with transaction.atomic():
            won = Reminder.objects.filter(pk=reminder.pk, fired_at=None, done_at=None).update(
                fired_at=clock.now()
            )
            if won:
                fired += 1
                _tell(reminder, reminder.conversation.organisation_id, "reminder")
    return fired


def _tell(reminder: Reminder, organisation_id: int, kind: str) -> None:
    events.publish(
        TOPIC_PERSONAL,
        organisation_id,
        user_id=reminder.user_id,
        kind=kind,
        conversation_id=reminder.conversation_id,
        reminder_id=reminder.pk,
        text=reminder.text,
    )
