"""Merging, splitting and linking conversations. Nothing is copied, everything can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.inbox import ports, queries
from otklik.inbox.models import (
    Conversation,
    ConversationLabel,
    ConversationLink,
    ConversationMerge,
    ConversationSplit,
    ConversationState,
    Direction,
    Draft,
    Message,
    Participant,
    Reminder,
    SoftLock,
    ThreadKey,
)
from otklik.inbox.services import summary, threading
from otklik.inbox.services.receive import SEARCH_KIND
from otklik.inbox.services.state import announce, system_line
from otklik.kernel import clock, textindex
from otklik.kernel.errors import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Related:
    """A conversation that belongs to another; `reason`: references, subject, person, split."""

    conversation: Conversation
    reason: str


@transaction.atomic
def merge(survivor_id: int, other_id: int, *, by: User) -> ConversationMerge:
    """Everything of `other` moves to `survivor`; `other` leaves the lists. Raises NotFound, Forbidden, Invalid."""
    if survivor_id == other_id:
        raise Invalid(_("Choose two different conversations."))
    survivor, other = _lock_pair(survivor_id, other_id, by)
    policy.require(by, "conversation.merge", survivor, other)
    before = {"survivor": summary.snapshot(survivor), "other": summary.snapshot(other)}
    message_ids = _move_messages(other, survivor)
    moved = _move_rest(other, survivor)
    _join_states(survivor, other)
    other.merged_into = survivor
    other.save(update_fields=["merged_into"])
    system_line(survivor, "conversation.merged", by, other=str(other.pk), subject=other.subject)
    record = ConversationMerge.objects.create(
        organisation_id=survivor.organisation_id,
        survivor=survivor,
        merged=other,
        message_ids=message_ids,
        before={**before, "after": summary.snapshot(survivor), "moved": moved},
        by=by,
        at=clock.now(),
    )
    _record("conversation.merged", survivor, by, other=other.pk)
    announce(survivor, "merged")
    announce(other, "merged_away")
    return record


def _lock_pair(one: int, two: int, by: User) -> tuple[Conversation, Conversation]:
    """Both under row locks, taken in the order of their ids so that two merges cannot wait for each other."""
    rows = (
        Conversation.objects.select_for_update()
        .filter(pk__in=(one, two), organisation_id=by.organisation_id, merged_into=None)
        .order_by("pk")
    )
    found = {row.pk: row for row in rows}
    if len(found) != len({one, two}):
        raise ports.NotFound
    return found[one], found[two]


def _move_messages(source: Conversation, target: Conversation, ids: Sequence[int] | None = None) -> list[int]:
    rows = Message.objects.filter(conversation=source)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    moved = list(rows.order_by("pk").values_list("pk", flat=True))
    Message.objects.filter(pk__in=moved).update(conversation=target)
    textindex.regroup(SEARCH_KIND, moved, target.pk)
    return moved


def _move_rest(source: Conversation, target: Conversation) -> dict[str, list[Any]]:
    """Thread keys, drafts and reminders move; participants and labels are added. Returns what changed."""
    keys = list(ThreadKey.objects.filter(conversation=source).values_list("pk", flat=True))
    ThreadKey.objects.filter(pk__in=keys).update(conversation=target)
    there = set(Participant.objects.filter(conversation=target).values_list("address", flat=True))
    theirs = Participant.objects.filter(conversation=source).order_by("pk")
    addresses = [row.address for row in theirs if row.address not in there]
    Participant.objects.bulk_create(Participant(conversation=target, address=one) for one in addresses)
    has = set(ConversationLabel.objects.filter(conversation=target).values_list("label_id", flat=True))
    labels = [
        one
        for one in ConversationLabel.objects.filter(conversation=source).values_list("label_id", flat=True)
        if one not in has
    ]
    ConversationLabel.objects.bulk_create(
        ConversationLabel(conversation=target, label_id=one) for one in labels
    )
    busy = set(Draft.objects.filter(conversation=target).values_list("user_id", "mode"))
    drafts = [
        row.pk for row in Draft.objects.filter(conversation=source) if (row.user_id, row.mode) not in busy
    ]
    Draft.objects.filter(pk__in=drafts).update(conversation=target)
    reminders = list(Reminder.objects.filter(conversation=source).values_list("pk", flat=True))
    Reminder.objects.filter(pk__in=reminders).update(conversation=target)
    SoftLock.objects.filter(conversation=source).delete()
    return {
        "thread_keys": keys,
        "participants": addresses,
        "labels": labels,
        "drafts": drafts,
        "reminders": reminders,
    }


def _join_states(survivor: Conversation, other: Conversation) -> None:
    """Open work of either stays open work; the longest waiting counts."""
    fields = summary.recount(survivor)
    if other.state == ConversationState.OPEN and survivor.state != ConversationState.OPEN:
        survivor.state = ConversationState.OPEN
        survivor.closed_at = survivor.snoozed_until = None
        fields |= {"state", "closed_at", "snoozed_until"}
    if survivor.assignee_id is None and other.assignee_id is not None:
        survivor.assignee_id = other.assignee_id
        fields.add("assignee_id")
    survivor.waiting_since = summary.waiting_since(survivor)
    survivor.save(update_fields=sorted(fields))


@transaction.atomic
def unmerge(merge_id: int, *, by: User) -> Conversation:
    """Take a merge back: what moved returns, what arrived since stays. Returns the conversation that came back.

    Raises NotFound, Forbidden, Conflict when the survivor itself was merged away later.
    """
    record = _locked_record(ConversationMerge, merge_id, by)
    if record.survivor.merged_into_id is not None:
        raise Conflict(_("The conversation was merged once more since. Take back the later merge first."))
    rows = Conversation.objects.select_for_update().filter(pk__in=(record.survivor_id, record.merged_id))
    found = {row.pk: row for row in rows.order_by("pk")}
    survivor, other = found[record.survivor_id], found[record.merged_id]
    policy.require(by, "conversation.merge", survivor, other)
    other.merged_into = None
    other.save(update_fields=["merged_into"])
    _move_messages(survivor, other, record.message_ids)
    _move_rest_back(survivor, other, record.before["moved"])
    _put_back(other, record.before["other"], record.before["other"], record.at)
    _put_back(survivor, record.before["survivor"], record.before["after"], record.at)
    record.undone_at = clock.now()
    record.save(update_fields=["undone_at"])
    system_line(survivor, "conversation.unmerged", by, other=str(other.pk), subject=other.subject)
    _record("conversation.unmerged", survivor, by, other=other.pk)
    announce(survivor, "unmerged")
    announce(other, "unmerged")
    return other


def _put_back(
    conversation: Conversation, before: dict[str, Any], after: dict[str, Any], at: datetime
) -> None:
    """As before when nothing happened since `at`; what a customer wrote since is not buried in an old state."""
    if written := _written_since(conversation, at):
        before = {name: value for name, value in before.items() if name not in summary.STATE[:4]}
    changed = summary.restore(conversation, before, after)
    numbers = conversation.messages.filter(direction__in=(Direction.IN, Direction.OUT))
    if written or numbers.count() != conversation.message_count:
        changed |= summary.recount(conversation)
    if changed:
        conversation.save(update_fields=sorted(changed))


def _written_since(conversation: Conversation, at: datetime) -> bool:
    return conversation.messages.filter(direction=Direction.IN, auto="none", created_at__gt=at).exists()


def _move_rest_back(survivor: Conversation, other: Conversation, moved: dict[str, list[Any]]) -> None:
    ThreadKey.objects.filter(pk__in=moved["thread_keys"], conversation=survivor).update(conversation=other)
    writes = set(survivor.messages.filter(direction=Direction.IN).values_list("author_address", flat=True))
    leaving = set(moved["participants"]) - {address.lower() for address in writes}
    Participant.objects.filter(conversation=survivor, address__in=leaving).delete()
    ConversationLabel.objects.filter(conversation=survivor, label_id__in=moved["labels"]).delete()
    busy = set(Draft.objects.filter(conversation=other).values_list("user_id", "mode"))
    for draft in Draft.objects.filter(pk__in=moved["drafts"], conversation=survivor):
        if (draft.user_id, draft.mode) not in busy:
            Draft.objects.filter(pk=draft.pk).update(conversation=other)
    Reminder.objects.filter(pk__in=moved["reminders"], conversation=survivor).update(conversation=other)


def _locked_record(model: Any, pk: int, by: User) -> Any:
    record = (
        model.objects.select_for_update()
        .filter(pk=pk, organisation_id=by.organisation_id, undone_at=None)
        .first()
    )
    if record is None:
        raise ports.NotFound
    return record


@transaction.atomic
def split(conversation_id: int, message_ids: Iterable[int], *, by: User) -> ConversationSplit:
    """These messages become a conversation of their own. Raises NotFound, Forbidden, Invalid."""
    source = _one(conversation_id, by)
    policy.require(by, "conversation.merge", source)
    before = summary.snapshot(source)
    chosen = list(source.messages.filter(pk__in=list(message_ids)).order_by("occurred_at", "id"))
    talk = [one for one in chosen if one.direction in (Direction.IN, Direction.OUT)]
    if not talk:
        raise Invalid(_("Choose at least one message to move into a new conversation."), field="messages")
    if source.message_count <= len(talk):
        raise Invalid(_("At least one message has to stay. Leave one out."), field="messages")
    created = _new_from(source, talk)
    moved = _move_messages(source, created, [one.pk for one in chosen])
    keys = _move_keys(source, created, chosen)
    _add_participants(created, talk)
    for conversation in (source, created):
        conversation.save(update_fields=sorted(summary.recount(conversation)))
    threading.link(source.pk, created.pk, "split")
    system_line(source, "conversation.split", by, other=str(created.pk), count=str(len(talk)))
    record = ConversationSplit.objects.create(
        organisation_id=source.organisation_id,
        source=source,
        created=created,
        message_ids=moved,
        before={"source": before, "after": summary.snapshot(source), "thread_keys": keys},
        by=by,
        at=clock.now(),
    )
    _record("conversation.split", source, by, other=created.pk, message_ids=moved)
    announce(source, "split")
    announce(created, "created")
    return record


def _one(conversation_id: int, by: User) -> Conversation:
    found = (
        Conversation.objects.select_for_update()
        .filter(pk=conversation_id, organisation_id=by.organisation_id, merged_into=None)
        .first()
    )
    if found is None:
        raise ports.NotFound
    return found


def _new_from(source: Conversation, talk: list[Message]) -> Conversation:
    first = talk[0]
    author = next((one for one in talk if one.direction == Direction.IN), None)
    return Conversation.objects.create(
        organisation_id=source.organisation_id,
        account_id=first.account_id,
        channel_kind=source.channel_kind,
        customer_id=(author.author_customer_id if author else None) or source.customer_id,
        customer_name=author.author_name if author else source.customer_name,
        subject=first.subject or source.subject,
        visibility=first.visibility,
        state=ConversationState.OPEN,
        assignee_id=source.assignee_id,
        team_id=source.team_id,
        last_message_at=talk[-1].occurred_at,
        source=source.source,
        root_title=source.root_title,
        permalink=source.permalink,
        created_at=first.occurred_at,
    )


def _move_keys(source: Conversation, created: Conversation, chosen: list[Message]) -> list[int]:
    """Names of moved messages move; names that only they refer to move with them."""
    own = {one.wire_id for one in chosen if one.wire_id}
    named = {name for one in chosen for name in (*one.references, one.in_reply_to) if name}
    staying = source.messages.exclude(wire_id="").values_list("wire_id", "references", "in_reply_to")
    needed = {name for wire_id, references, parent in staying for name in (wire_id, *references, parent)}
    rows = ThreadKey.objects.filter(conversation=source, key__in=own | (named - needed))
    keys = list(rows.values_list("pk", flat=True))
    ThreadKey.objects.filter(pk__in=keys).update(conversation=created)
    return keys


def _add_participants(created: Conversation, talk: list[Message]) -> None:
    addresses = {one.author_address.lower() for one in talk if one.author_address}
    for one in talk:
        for part in ("to", "cc"):
            addresses |= {str(address).lower()[:254] for address in one.recipients.get(part) or []}
    Participant.objects.bulk_create(
        [Participant(conversation=created, address=one) for one in sorted(addresses) if one],
        ignore_conflicts=True,
    )


@transaction.atomic
def unsplit(split_id: int, *, by: User) -> Conversation:
    """Take a split back: everything of the new conversation returns. Returns the source.

    Raises NotFound, Forbidden, Conflict when one of the two was merged away since.
    """
    record = _locked_record(ConversationSplit, split_id, by)
    try:
        source, created = _lock_pair(record.source_id, record.created_id, by)
    except ports.NotFound as error:
        raise Conflict(
            _("One of the conversations was merged since. Take back the later merge first.")
        ) from error
    policy.require(by, "conversation.merge", source, created)
    written = _written_since(created, record.at)
    _move_messages(created, source)
    _move_rest(created, source)
    created.merged_into = source
    created.save(update_fields=["merged_into"])
    _put_back(source, record.before["source"], record.before["after"], record.at)
    if written:
        _join_states(source, created)
    ConversationLink.objects.filter(_pair(source.pk, created.pk)).update(removed_at=clock.now())
    record.undone_at = clock.now()
    record.save(update_fields=["undone_at"])
    system_line(source, "conversation.unsplit", by, other=str(created.pk))
    _record("conversation.unsplit", source, by, other=created.pk)
    announce(source, "unsplit")
    announce(created, "merged_away")
    return source


@transaction.atomic
def link(first_id: int, second_id: int, *, by: User) -> None:
    """Say that two conversations belong together. Raises NotFound, Forbidden, Invalid."""
    one, other = _both(first_id, second_id, by)
    threading.link(one.pk, other.pk, "person")
    ConversationLink.objects.filter(_pair(one.pk, other.pk)).update(removed_at=None, reason="person")
    _record("conversation.linked", one, by, other=other.pk)
    announce(one, "related")
    announce(other, "related")


@transaction.atomic
def unlink(first_id: int, second_id: int, *, by: User) -> None:
    """They do not belong together; the machine will not say so again. A second time changes nothing."""
    one, other = _both(first_id, second_id, by)
    links = ConversationLink.objects.filter(_pair(one.pk, other.pk), removed_at=None)
    if links.update(removed_at=clock.now()):
        _record("conversation.unlinked", one, by, other=other.pk)
        announce(one, "related")
        announce(other, "related")


def _both(first_id: int, second_id: int, by: User) -> tuple[Conversation, Conversation]:
    one, other = queries.conversation(by, first_id), queries.conversation(by, second_id)
    policy.require(by, "conversation.merge", one, other)
    if one.pk == other.pk:
        raise Invalid(_("Choose two different conversations."))
    return one, other


def _pair(one: int, other: int) -> Q:
    first, second = sorted((one, other))
    return Q(first_id=first, second_id=second)


def related(who: policy.Principal, conversation_id: int) -> list[Related]:
    """Conversations linked to this one, through merges, newest first; each once."""
    here = queries.conversation(who, conversation_id)
    ours = [here.pk, *Conversation.objects.filter(merged_into=here).values_list("pk", flat=True)]
    links = ConversationLink.objects.filter(
        Q(first_id__in=ours) | Q(second_id__in=ours), removed_at=None
    ).order_by("-id")
    found: dict[int, Related] = {}
    for row in links[:50]:
        end = row.second_id if row.first_id in ours else row.first_id
        there = queries.conversation(who, end)
        if there.pk != here.pk:
            found.setdefault(there.pk, Related(there, row.reason))
    return list(found.values())


def _record(action: str, conversation: Conversation, by: User, **data: Any) -> None:
    audit.record(
        action,
        organisation_id=conversation.organisation_id,
        by=by,
        kind="conversation",
        object_id=conversation.pk,
        **data,
    )
