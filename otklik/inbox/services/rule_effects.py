"""What rules do when a customer's message has been read: each rule once for a message, whatever comes twice.

A rule moves only a conversation that nobody owns, or that the turn gave to somebody a moment ago who has not looked
at it yet; nothing is ever taken out of a person's hands, and nothing reaches a customer. Order of locks: the
conversation, then people (round robin), as everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from otklik.accounts import queries as accounts
from otklik.analysis.events import TextsRead
from otklik.audit import services as audit
from otklik.inbox.events import TOPIC_PERSONAL
from otklik.inbox.models import (
    Conversation,
    ConversationLabel,
    ConversationState,
    Direction,
    Draft,
    Label,
    Message,
    Rule,
    RuleEffect,
    RuleRun,
    RuleVersion,
    Seen,
    SoftLock,
)
from otklik.inbox.routing import facts, matching
from otklik.inbox.routing.definition import Definition, stored
from otklik.inbox.services import notes, routing
from otklik.inbox.services.changes import lock_message
from otklik.inbox.services.state import announce, system_line
from otklik.inbox.subjects import KIND
from otklik.kernel import clock, events, outbox

TOPIC = "inbox.rules"
JUST_GIVEN = 600.0  # seconds in which a turn's choice may still be changed, if nobody has looked
OPEN_STATES = (ConversationState.OPEN, ConversationState.WAITING, ConversationState.SNOOZED)


@dataclass(frozen=True, slots=True)
class InForce:
    """A switched-on rule as it stands now."""

    version: RuleVersion
    definition: Definition


def texts_read(event: TextsRead) -> None:
    """Handler of TextsRead: plans the asking of rules, in the transaction of the readings.

    A text that is read again (another model, history) is not asked about again: people may have changed what the
    rules did. A person's correction is, and a second opinion that settles a doubt: they may come before anybody has
    touched the conversation.
    """
    again = event.corrected or event.filled
    wanted = event.object_ids if again else event.first
    if event.kind != KIND or not wanted or not _rules(event.organisation_id).exists():
        return
    named = f"{wanted}{clock.now().isoformat() if again else ''}"
    outbox.put(
        TOPIC,
        f"{TOPIC}:{hashlib.sha256(named.encode()).hexdigest()}",
        {"organisation": event.organisation_id, "messages": list(wanted), "corrected": again},
        organisation_id=event.organisation_id,
    )


def run(payload: dict[str, Any]) -> None:
    """Outbox handler: every message in a short transaction of its own; done twice it changes nothing."""
    rules = in_force(payload["organisation"])
    found = facts.of(payload["organisation"], payload["messages"])
    for message_id, one in found.items():
        met = [rule for rule in rules if matching.meets(rule.definition, one)]
        if met:
            _act(message_id, _until_stop(met), corrected=payload["corrected"])


def in_force(organisation_id: int) -> list[InForce]:
    """Switched-on rules in the order in which they are asked."""
    rows = list(_rules(organisation_id).order_by("position", "pk"))
    versions = {
        (one.rule_id, one.number): one
        for one in RuleVersion.objects.filter(rule__in=rows).select_related("rule")
    }
    newest = [versions[one.pk, one.number] for one in rows]
    return [InForce(one, stored(one.definition)) for one in newest]


def _rules(organisation_id: int) -> Any:
    return Rule.objects.filter(organisation_id=organisation_id, active=True, archived_at=None)


def _until_stop(met: Sequence[InForce]) -> list[InForce]:
    """The rules that act: up to the first that lets no other follow."""
    stops = [place for place, one in enumerate(met) if one.definition.actions.stop]
    return list(met[: stops[0] + 1]) if stops else list(met)


@transaction.atomic
def _act(message_id: int, met: Sequence[InForce], *, corrected: bool) -> None:
    locked = lock_message(message_id)
    if locked is None:
        return
    conversation, message = locked
    if corrected and _touched(conversation, message):
        return
    deed = Deed(conversation, message_id)
    for one in met:
        deed.do(one)
    deed.finish()


def _touched(conversation: Conversation, message: Message) -> bool:
    """Whether a person has done something here since the message came."""
    return conversation.messages.filter(author_user__isnull=False, pk__gt=message.pk).exists()


class Deed:
    """Rules acting on one locked conversation because of one message; the first that gives it away wins."""

    def __init__(self, conversation: Conversation, message_id: int, run: RuleRun | None = None) -> None:
        self.conversation = conversation
        self.message_id = message_id
        self.run = run
        self._moves: bool | None = None
        self._moved = False

    def do(self, one: InForce) -> bool:
        """Act, unless the rule did so before; whether anything changed."""
        version = one.version
        if acted_before(version, self.conversation, self.message_id):
            return False
        actions = one.definition.actions
        done: dict[str, Any] = {}
        if labels := self._label(actions.labels):
            done["labels"] = [label.pk for label in labels]
        done |= self._give(actions.team, actions.person)
        if actions.note and self.run is None:  # of a whole history: nobody would read them
            done["note"] = notes.by_rule(self.conversation, actions.note, rule=version.name).pk
        RuleEffect.objects.create(
            organisation_id=self.conversation.organisation_id,
            rule_id=version.rule_id,
            version=version,
            conversation=self.conversation,
            message_id=self.message_id,
            run=self.run,
            done=done,
            at=clock.now(),
        )
        if done:
            self._tell(version, labels, done)
        return bool(done)

    def finish(self) -> None:
        """Who is next in a rotating team gets it at once, as a new conversation would be given."""
        talk = self.conversation
        waits = talk.waiting_since is not None and talk.assignee_id is None
        if self._moved and waits and talk.team is not None and talk.team.round_robin:
            routing.assign_next(talk)

    def _label(self, label_ids: Sequence[int]) -> list[Label]:
        """Labels that it did not carry; one in the archive is left out."""
        wanted = Label.objects.filter(
            organisation_id=self.conversation.organisation_id, pk__in=label_ids, archived_at=None
        ).order_by("name")
        carried = set(self.conversation.labelled.values_list("label_id", flat=True))
        new = [one for one in wanted if one.pk not in carried]
        ConversationLabel.objects.bulk_create(
            ConversationLabel(conversation=self.conversation, label=one) for one in new
        )
        return new

    def _give(self, team_id: int | None, person_id: int | None) -> dict[str, Any]:
        """What changed of team and owner."""
        talk = self.conversation
        if self._moved or not (team_id or person_id):
            return {}
        team = accounts.teams(talk.organisation_id).filter(pk=team_id).first() if team_id else talk.team
        person = accounts.staff(talk.organisation_id).filter(pk=person_id).first() if person_id else None
        same_team = team is None or team.pk == talk.team_id
        if (same_team and (person is None or person.pk == talk.assignee_id)) or not self._may_move():
            return {}
        done: dict[str, Any] = {}
        if not same_team:
            done["team"] = [talk.team_id, team.pk if team else None]
        owner = person.pk if person else None
        if owner != talk.assignee_id:
            done["assignee"] = [talk.assignee_id, owner]
        talk.team, talk.assignee = team, person
        talk.save(update_fields=["team", "assignee"])
        self._moved = True
        return done

    def _may_move(self) -> bool:
        if self._moves is None:
            self._moves = may_move(self.conversation, self.message_id)
        return self._moves

    def _tell(self, version: RuleVersion, labels: Sequence[Label], done: dict[str, Any]) -> None:
        talk = self.conversation
        team = talk.team.name if talk.team and "team" in done else ""
        user = talk.assignee.name if talk.assignee and "assignee" in done else ""
        audit.record(
            "conversation.ruled",
            organisation_id=talk.organisation_id,
            by=audit.SYSTEM,
            kind="conversation",
            object_id=talk.pk,
            rule=version.name,
            version=version.number,
            labels=[one.name for one in labels],
            team_id=talk.team_id if team else None,
            user_id=talk.assignee_id if user else None,
        )
        said = {"labels": [one.name for one in labels], "team": team, "user": user, "note": "note" in done}
        system_line(talk, "conversation.ruled", None, rule=version.name, version=version.number, **said)
        announce(talk, "assigned" if team or user else "labels")
        if user and self.run is None:
            events.publish(
                TOPIC_PERSONAL,
                talk.organisation_id,
                user_id=talk.assignee_id,
                kind="assigned",
                conversation_id=talk.pk,
            )


def acted_before(version: RuleVersion, conversation: Conversation, message_id: int) -> bool:
    """Once for a message whatever the version; a version once for a conversation until somebody closes it.

    So a label that a person took off does not come back with the customer's next word, and a chat that goes on for
    years is looked at again with every new matter.
    """
    if RuleEffect.objects.filter(rule_id=version.rule_id, message_id=message_id).exists():
        return True
    last = RuleEffect.objects.filter(version=version, conversation=conversation).order_by("-pk").first()
    if last is None:
        return False
    closed = conversation.messages.filter(
        direction=Direction.SYSTEM, event__code="conversation.closed", created_at__gt=last.at
    )
    return not closed.exists()


def may_move(conversation: Conversation, message_id: int) -> bool:
    """Nobody owns it, or the turn's choice has not looked yet; and no rule moved it because of a later message."""
    if conversation.state not in OPEN_STATES or not _is_free(conversation):
        return False
    later = RuleEffect.objects.filter(conversation=conversation, message_id__gt=message_id)
    return not any("team" in one or "assignee" in one for one in later.values_list("done", flat=True))


def _is_free(conversation: Conversation) -> bool:
    owner = conversation.assignee_id
    if owner is None:
        return True
    given = (
        conversation.messages.filter(
            direction=Direction.SYSTEM, event__code__in=["conversation.routed", "conversation.assigned"]
        )
        .order_by("-pk")
        .first()
    )
    if given is None or given.event["code"] != "conversation.routed":
        return False
    if given.created_at < clock.ago(JUST_GIVEN):
        return False
    looked = Seen.objects.filter(conversation=conversation, user_id=owner, at__gte=given.created_at)
    began = Draft.objects.filter(conversation=conversation, user_id=owner)
    here = SoftLock.objects.filter(conversation=conversation, user_id=owner, expires_at__gt=clock.now())
    said = conversation.messages.filter(author_user__isnull=False, pk__gt=given.pk)
    return not (looked.exists() or began.exists() or here.exists() or said.exists())
