"""State and owner of a conversation: every transition in one place, under a row lock."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_PERSONAL
from otklik.inbox.models import Conversation, ConversationState, Direction, Message
from otklik.inbox.services.reply import lock
from otklik.kernel import clock, events
from otklik.kernel.errors import Invalid


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
    conversation.save(update_fields=["state", "closed_at", "snoozed_until", "returned_from_snooze"])
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


def system_line(conversation: Conversation, code: str, by: User | None, **data: str) -> None:
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
    conversation_id: int, *, by: User, user_id: int | None = None, team_id: int | None = None
) -> Conversation:
    """Give to a person, a team, both, or nobody (None, None). Raises NotFound for people of other organisations."""
    conversation = lock(conversation_id, by)
    policy.require(by, "conversation.assign", conversation)
    user = accounts.user(by.organisation_id, user_id) if user_id else None
    team = accounts.team(by.organisation_id, team_id) if team_id else None
    if conversation.assignee_id == user_id and conversation.team_id == team_id:
        return conversation
    conversation.assignee = user
    conversation.team = team
    conversation.save(update_fields=["assignee", "team"])
    audit.record(
        "conversation.assigned",
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        user_id=user_id,
        team_id=team_id,
    )
    system_line(
        conversation,
        "conversation.assigned",
        by,
        user=user.name if user else "",
        team=team.name if team else "",
    )
    announce(conversation, "assigned")
    if user is not None and user.pk != by.pk:
        events.publish(
            TOPIC_PERSONAL,
            conversation.organisation_id,
            user_id=user.pk,
            kind="assigned",
            conversation_id=conversation.pk,
        )
    return conversation


def wake_snoozed(limit: int = 200) -> int:
    """Periodic: bring back what was put aside until now; the moment is stored and indexed."""
    due = Conversation.objects.filter(state=ConversationState.SNOOZED, snoozed_until__lte=clock.now())
    woken = 0
    for pk, organisation_id in list(due.values_list("pk", "organisation_id")[:limit]):
        with transaction.atomic():
            won = Conversation.objects.filter(pk=pk, state=ConversationState.SNOOZED).update(
                state=ConversationState.OPEN, snoozed_until=None, returned_from_snooze=True
            )
            if won:
                woken += 1
                events.publish(TOPIC_CONVERSATION, organisation_id, conversation_id=pk, change="returned")
    return woken
