"""Edits, deletions and bounces of messages we have, or will have: what comes too early is parked."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from otklik.channels import delivery
from otklik.channels.events import InboundParsed
from otklik.channels.protocol import Inbound, InboundKind
from otklik.inbox.events import TOPIC_CONVERSATION, TOPIC_MESSAGE_CHANGED
from otklik.inbox.models import Conversation, Direction, Message, ParkedChange, Revision
from otklik.inbox.services import summary
from otklik.inbox.services.text import fit, search_text, usable
from otklik.kernel import clock, events, textindex

MESSAGE_KIND = "message"


def apply_or_park(event: InboundParsed) -> None:
    """Apply an edit or deletion to its message, or keep it until the message arrives."""
    inbound = event.inbound
    change = ParkedChange(
        account_id=event.account_id,
        target_id=fit(inbound.target_id or inbound.external_id),
        kind=inbound.kind.value,
        text=usable(inbound.text),
        revision=inbound.revision[:64],
        occurred_at=inbound.occurred_at,
    )
    found = _target(change)
    if found is None:
        change.save()
    else:
        _apply(*found, change)


def _target(change: ParkedChange) -> tuple[Conversation, Message] | None:
    """The message and its conversation under locks, the conversation first as everywhere."""
    seen = (
        Message.objects.filter(account_id=change.account_id, wire_id=change.target_id, direction=Direction.IN)
        .exclude(wire_id="")  # the condition of the index, which SQLite wants to read in the query
        .order_by("pk")
        .first()
    )
    return lock_message(seen.pk) if seen is not None else None


def lock_message(message_id: int) -> tuple[Conversation, Message] | None:
    """A message and the conversation it is in now, both locked; None when there is none."""
    for _try in range(5):  # a merge may move it between the look and the lock
        conversation_id = (
            Message.objects.filter(pk=message_id).values_list("conversation_id", flat=True).first()
        )
        if conversation_id is None:
            return None
        conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
        message = Message.objects.select_for_update().filter(pk=message_id).first()
        if message is None or message.conversation_id == conversation.pk:
            return (conversation, message) if message else None
    return None


def apply_parked(conversation: Conversation, message: Message) -> None:
    """Apply what arrived before its message, in order."""
    parked = ParkedChange.objects.filter(account_id=message.account_id, target_id=message.wire_id)
    for change in parked.order_by("id"):
        _apply(conversation, message, change)
        change.delete()


def apply_late(limit: int = 200) -> int:
    """Periodic: a change and its message that came in the same moment did not see each other."""
    there = Message.objects.filter(
        account_id=OuterRef("account_id"), wire_id=OuterRef("target_id"), direction=Direction.IN
    ).exclude(wire_id="")
    applied = 0
    for change in list(ParkedChange.objects.filter(Exists(there)).order_by("id")[:limit]):
        with transaction.atomic():
            found = _target(change)
            deleted, _rows = ParkedChange.objects.filter(pk=change.pk).delete()
            if found is not None and deleted:
                _apply(*found, change)
                applied += 1
    return applied


def _apply(conversation: Conversation, message: Message, change: ParkedChange) -> None:
    changed = _tombstone(message) if change.kind == InboundKind.DELETE else _revise(message, change)
    if not changed:
        return
    if conversation.last_message_id == message.pk:
        conversation.preview = summary.preview(message)
        conversation.save(update_fields=["preview"])
        events.publish(
            TOPIC_CONVERSATION, message.organisation_id, conversation_id=conversation.pk, change="preview"
        )
    events.publish(
        TOPIC_MESSAGE_CHANGED,
        message.organisation_id,
        conversation_id=message.conversation_id,
        message_id=message.pk,
    )


def _tombstone(message: Message) -> bool:
    """The author took the text back: it is hidden, kept as evidence, and no longer found."""
    if message.deleted_at is not None:
        return False
    message.deleted_at = clock.now()
    message.deleted_by = message.author_name
    message.save(update_fields=["deleted_at", "deleted_by"])
    textindex.forget(MESSAGE_KIND, [message.pk])
    return True


def _revise(message: Message, change: ParkedChange) -> bool:
    """The newest text stands, older ones are revisions, whatever the order of arrival."""
    if change.text == message.text:
        return False
    at = change.occurred_at or clock.now()
    if _is_older(message, change):
        known = message.revisions.filter(text=change.text).exists()
        if not known:
            Revision.objects.create(message=message, text=change.text, replaced_at=at)
        return not known
    Revision.objects.create(message=message, text=message.text, replaced_at=at)
    message.text = change.text
    message.revision = change.revision or message.revision
    message.edited_at = at
    message.save(update_fields=["text", "revision", "edited_at"])
    if message.deleted_at is None:
        textindex.index(
            [
                textindex.Entry(
                    message.organisation_id,
                    MESSAGE_KIND,
                    message.pk,
                    message.conversation_id,
                    search_text(message),
                )
            ]
        )
    return True


def _is_older(message: Message, change: ParkedChange) -> bool:
    """By the platform's revision when both have one, else by the moment of the edit."""
    if change.revision and message.revision:
        return _rank(change.revision) < _rank(message.revision)
    return bool(message.edited_at and change.occurred_at and change.occurred_at < message.edited_at)


def _rank(revision: str) -> tuple[int, str]:
    """Numbers by size ("9" before "10"), dates and other words by letters."""
    return (len(revision.lstrip("0")), revision.lstrip("0")) if revision.isdigit() else (0, revision)


def bounce(event: InboundParsed) -> bool:
    """A mail of ours came back: the failed answer says so in its thread. False when it is about nothing of ours."""
    inbound = event.inbound
    if is_delay(inbound):
        return False  # "still trying" is a message to read, not a failure
    detail = usable(inbound.text) or _("The mail server returned the message.")
    code = str(inbound.extra.get("status") or "bounced")
    return delivery.bounced(event.account_id, inbound.target_id, detail=detail[:2000], code=code) is not None


def is_delay(inbound: Inbound) -> bool:
    """Whether the report says that the server goes on trying."""
    return str(inbound.extra.get("action", "")).lower() in ("delayed", "delivered", "relayed", "expanded")
