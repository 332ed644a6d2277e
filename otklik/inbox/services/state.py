"""State and owner of a conversation: every transition in one place, under a row lock."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_PERSONAL
from otklik.inbox.models import Conversation, ConversationState, Direction, Message
from otklik.inbox.services import summary
from otklik.inbox.services.reply import lock
from otklik.kernel import clock, events
from otklik.kernel.errors import Invalid


class Keep(Enum):
    """Said instead of a person or team: leave it as it is."""

    IT = "keep"


KEEP = Keep.IT


@transaction.atomic
def close(conversation_id: int, *, by: User) -> Conversation:
    """Nothing more to do; a new message of the customer opens it again."""
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.close", conversation)
    if conversation.state != ConversationState.CLOSED:
        conversation.closed_at = clock.now()
        _enter(conversation, ConversationState.CLOSED, by, "conversation.closed")
    return conversation


@transaction.atomic
def reopen(conversation_id: int, *, by: User) -> Conversation:
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.close", conversation)
    if conversation.state != ConversationState.OPEN:
        _enter(conversation, ConversationState.OPEN, by, "conversation.reopened")
    return conversation


@transaction.atomic
def wait_for_customer(conversation_id: int, *, by: User) -> Conversation:
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.close", conversation)
    if conversation.state != ConversationState.WAITING:
        _enter(conversation, ConversationState.WAITING, by, "conversation.waiting")
    return conversation


@transaction.atomic
def snooze(conversation_id: int, until: datetime, *, by: User) -> Conversation:
    """Put aside until a moment; comes back by itself, or earlier when the customer writes."""
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.close", conversation)
    if until <= clock.now():
        raise Invalid(_("This moment has passed. Choose a later one."), field="until")
    conversation.snoozed_until = until
    _enter(conversation, ConversationState.SNOOZED, by, "conversation.snoozed", until=until.isoformat())
    return conversation


def _enter(conversation: Conversation, state: ConversationState, by: User, action: str, **data: str) -> None:
    before = conversation.state
    conversation.state = state
    if state != ConversationState.CLOSED:
        conversation.closed_at = None
    if state != ConversationState.SNOOZED:
        conversation.snoozed_until = None
    conversation.returned_from_snooze = False
    if state in (ConversationState.CLOSED, ConversationState.WAITING):
        conversation.waiting_since = None  # a person has decided that nothing is owed
    elif conversation.waiting_since is None:
        conversation.waiting_since = summary.waiting_since(conversation)
    conversation.save(
        update_fields=["state", "closed_at", "snoozed_until", "returned_from_snooze", "waiting_since"]
    )
    audit.record(
        action,
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        before=before,
        **data,
    )
    system_line(conversation, action, by, **data)
    announce(conversation, state.value)


def system_line(conversation: Conversation, code: str, by: User | None, **data: Any) -> None:
    """A line in the thread saying what happened; worded when shown."""
    now = clock.now()
    Message.objects.create(
        organisation_id=conversation.organisation_id,
        conversation=conversation,
        account_id=conversation.account_id,
        direction=Direction.SYSTEM,
        author_user=by,
        author_name=by.name if by else "",
        event={"code": code, **data},
        occurred_at=now,
        created_at=now,
    )


def announce(conversation: Conversation, change: str) -> None:
    events.publish(
        TOPIC_CONVERSATION, conversation.organisation_id, conversation_id=conversation.pk, change=change
    )


@transaction.atomic
def assign(
    conversation_id: int, *, by: User, user_id: int | None | Keep = KEEP, team_id: int | None | Keep = KEEP
) -> Conversation:
    """Give to a person, a team, both, or nobody (None); what is not said stays. Neither said: nobody's, same team.

    Raises NotFound for people and teams of other organisations, Forbidden.
    """
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.assign", conversation)
    if user_id is KEEP:  # a team alone keeps nobody of another team; nothing said takes the owner off
        user_id = None
    if team_id is KEEP:
        team_id = conversation.team_id
    if conversation.assignee_id == user_id and conversation.team_id == team_id:
        return conversation
    user = accounts.user(by.organisation_id, user_id) if user_id else None
    team = accounts.team(by.organisation_id, team_id) if team_id else None
    conversation.assignee = user
    conversation.team = team
    conversation.save(update_fields=["assignee", "team"])
    _record_owner(conversation, by)
    if user is not None and user.pk != by.pk:
        _notify(conversation, user.pk, "assigned")
    return conversation


def _record_owner(conversation: Conversation, by: User) -> None:
    user, team = conversation.assignee, conversation.team
    audit.record(
        "conversation.assigned",
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        user_id=conversation.assignee_id,
        team_id=conversation.team_id,
    )
    system_line(
        conversation,
        "conversation.assigned",
        by,
        user=user.name if user else "",
        team=team.name if team else "",
    )
    announce(conversation, "assigned")


def _notify(conversation: Conversation, user_id: int, kind: str) -> None:
    events.publish(
        TOPIC_PERSONAL,
        conversation.organisation_id,
        user_id=user_id,
        kind=kind,
        conversation_id=conversation.pk,
    )


def wake_snoozed(limit: int = 200) -> int:
    """Periodic: bring back what was put aside until now; the moment is stored and indexed."""
    due = Conversation.objects.filter(
        state=ConversationState.SNOOZED, snoozed_until__lte=clock.now(), merged_into=None
    )
    woken = 0
    for row in list(due.order_by("snoozed_until")[:limit]):
        with transaction.atomic():
            # asked again in the update: somebody may have put it aside anew since
            if due.filter(pk=row.pk).update(
                state=ConversationState.OPEN, snoozed_until=None, returned_from_snooze=True
            ):
                woken += 1
                announce(row, "returned")
                if row.assignee_id is not None:
                    _notify(row, row.assignee_id, "returned")
    return woken
