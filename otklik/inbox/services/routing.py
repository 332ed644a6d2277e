"""Round robin: a new conversation of a team goes to the member at work with room whose turn it is.

Who speaks the customer's language comes before who is next; when nobody of them is free, the turn decides. The
line in the thread says which of the two it was.

Two locks keep it exact: the conversation's row (given once) and the person's row (their turn and room counted
under it). The order is always conversation, then person, so workers never wait for each other in a circle.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from otklik.accounts import presence
from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox.events import TOPIC_PERSONAL, MessageReceived
from otklik.inbox.models import Conversation, ConversationState
from otklik.inbox.services.state import announce, system_line
from otklik.kernel import events
from otklik.people import queries as people

GONE_AFTER = 30.0  # minutes without a sign of life; organisation.settings["requeue_after_minutes"], 0 = never
TRIES = 5  # lost turns before the periodic drain takes over


def message_received(event: MessageReceived) -> None:
    """Handler of MessageReceived: somebody gets a conversation that has a team and no owner, if somebody is free."""
    if not event.ownerless:
        return
    found = (
        Conversation.objects.select_for_update(of=("self",))
        .filter(pk=event.conversation_id, assignee=None, team__round_robin=True, waiting_since__isnull=False)
        .first()
    )
    if found is not None:
        assign_next(found)


@transaction.atomic
def assign_next(conversation: Conversation) -> User | None:
    """Give an ownerless open conversation to whose turn it is; None when nobody is free (it stays with the team)."""
    if conversation.team_id is None:
        return None
    language = people.customer(conversation.organisation_id, conversation.customer_id).language
    for _try in range(TRIES):
        choice = _next(conversation.team_id, language)
        if choice is None:
            return None
        chosen = choice.person
        with transaction.atomic():
            lost = not presence.take_turn(chosen.pk, chosen.assigned_at)
            if lost or _load(chosen) >= chosen.capacity:  # counted again under the person's lock
                # A lock on the person (PostgreSQL keeps one of a lost turn, too) goes before the next person's is
                # taken, or two workers wait for each other.
                transaction.set_rollback(True)
                continue
            won = Conversation.objects.filter(
                pk=conversation.pk, assignee=None, state=ConversationState.OPEN, merged_into=None
            ).update(assignee=chosen)
            if not won:
                transaction.set_rollback(True)
                return None
            conversation.assignee = chosen
            _tell(conversation, choice)
            return chosen
    return None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it and why: "turn", "speaks" the customer's language, or "nobody_speaks" it who is free."""

    person: User
    why: str
    language: str = ""


def _next(team_id: int, language: str) -> Choice | None:
    """The first in turn who is free and speaks the language, else the first who is free."""
    first: User | None = None
    for person in presence.at_work(team_id):
        if first is not None and not person.can_answer_in(language):
            continue
        if _load(person) >= person.capacity or "conversation.reply" not in person.rights:
            continue
        if not language:
            return Choice(person, "turn")
        if person.can_answer_in(language):
            return Choice(person, "speaks", language)
        first = person
    return Choice(first, "nobody_speaks", language) if first else None


def _load(person: User) -> int:
    """Open conversations of a person; those that wait for the customer or are put aside take no room."""
    return Conversation.objects.filter(
        assignee=person, state=ConversationState.OPEN, merged_into=None
    ).count()


def _tell(conversation: Conversation, choice: Choice) -> None:
    person = choice.person
    why = {"why": choice.why, "language": choice.language} if choice.language else {}
    audit.record(
        "conversation.routed",
        organisation_id=conversation.organisation_id,
        by=audit.SYSTEM,
        kind="conversation",
        object_id=conversation.pk,
        user_id=person.pk,
        team_id=conversation.team_id,
        **why,
    )
    system_line(conversation, "conversation.routed", None, user=person.name, **why)
    announce(conversation, "assigned")
    events.publish(
        TOPIC_PERSONAL,
        conversation.organisation_id,
        user_id=person.pk,
        kind="assigned",
        conversation_id=conversation.pk,
    )


def drain(team_id: int, limit: int = 100) -> int:
    """Give out what waits in a team, the longest waiting first, until nobody has room. Returns how many."""
    given = 0
    queue = Conversation.objects.filter(
        team_id=team_id, assignee=None, state=ConversationState.OPEN, merged_into=None
    ).filter(waiting_since__isnull=False)
    for pk in list(queue.order_by("waiting_since", "pk").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            row = queue.select_for_update(skip_locked=True).filter(pk=pk).first()
            if row is None:  # somebody else has it in hand
                continue
            if assign_next(row) is None:
                return given
            given += 1
    return given


def drain_all() -> int:
    """Periodic: capacity has become free, or somebody came to work."""
    return sum(drain(team.pk) for team in presence.rotating_teams())


def requeue_offline(limit: int = 100) -> int:
    """Periodic: customers who wait for somebody who is gone go back to the team, and from there to a colleague."""
    returned = 0
    for team in presence.rotating_teams():
        settings = accounts.organisation(team.organisation_id).settings
        minutes = float(settings.get("requeue_after_minutes", GONE_AFTER))
        if minutes <= 0:
            continue
        gone = list(presence.gone_since(team.organisation_id, minutes * 60).values_list("pk", flat=True))
        rows = Conversation.objects.filter(
            team=team, assignee_id__in=gone, state=ConversationState.OPEN, merged_into=None
        ).filter(waiting_since__isnull=False)
        for pk, owner in list(rows.order_by("waiting_since").values_list("pk", "assignee_id")[:limit]):
            returned += int(_return(pk, owner))
    return returned


@transaction.atomic
def _return(conversation_id: int, owner_id: int | None) -> bool:
    won = Conversation.objects.filter(
        pk=conversation_id,
        assignee_id=owner_id,
        state=ConversationState.OPEN,
        merged_into=None,
        waiting_since__isnull=False,
    ).update(assignee=None)
    if not won:
        return False
    conversation = Conversation.objects.select_related("team").get(pk=conversation_id)
    audit.record(
        "conversation.requeued",
        organisation_id=conversation.organisation_id,
        by=audit.SYSTEM,
        kind="conversation",
        object_id=conversation.pk,
        user_id=owner_id,
    )
    team = conversation.team
    system_line(conversation, "conversation.requeued", None, team=team.name if team else "")
    announce(conversation, "assigned")
    return True
