"""Edits, deletions and bounces of messages we have, or will have: what comes too early is parked."""

from __future__ import annotations

from django.utils.translation import gettext as _

from otklik.channels import delivery
from otklik.channels.events import InboundParsed
from otklik.channels.protocol import InboundKind
from otklik.inbox.events import TOPIC_MESSAGE_CHANGED
from otklik.inbox.models import Message, ParkedChange, Revision
from otklik.inbox.services.text import search_text, shorten
from otklik.kernel import clock, events, textindex

MESSAGE_KIND = "message"


def apply_or_park(event: InboundParsed) -> None:
    """Apply an edit or deletion to its message, or keep it until the message arrives."""
    inbound = event.inbound
    change = ParkedChange(
        account_id=event.account_id,
        target_id=(inbound.target_id or inbound.external_id)[:254],
        kind=inbound.kind.value,
        text=inbound.text,
        revision=inbound.revision[:64],
        occurred_at=inbound.occurred_at,
    )
    target = (
        Message.objects.select_for_update()
        .filter(account_id=event.account_id, wire_id=change.target_id, direction="in")
        .first()
    )
    if target is None:
        change.save()
    else:
        _apply(target, change)


def apply_parked(message: Message) -> None:
    """Apply what arrived before its message, in order."""
    parked = list(
        ParkedChange.objects.filter(account_id=message.account_id, target_id=message.wire_id).order_by("id")
    )
    for change in parked:
        _apply(message, change)
        change.delete()


def _apply(message: Message, change: ParkedChange) -> None:
    if change.kind == InboundKind.DELETE:
        _tombstone(message)
    else:
        _revise(message, change)
    events.publish(
        TOPIC_MESSAGE_CHANGED,
        message.organisation_id,
        conversation_id=message.conversation_id,
        message_id=message.pk,
    )


def _tombstone(message: Message) -> None:
    """The author took the text back: it is hidden, kept as evidence, and no longer found."""
    if message.deleted_at is not None:
        return
    message.deleted_at = clock.now()
    message.deleted_by = message.author_name
    message.save(update_fields=["deleted_at", "deleted_by"])
    textindex.forget(MESSAGE_KIND, [message.pk])


def _revise(message: Message, change: ParkedChange) -> None:
    older = change.revision and message.revision and change.revision < message.revision
    if change.text == message.text or older:
        return
    Revision.objects.create(message=message, text=message.text, replaced_at=clock.now())
    message.text = change.text
    message.revision = change.revision or message.revision
    message.edited_at = change.occurred_at or clock.now()
    message.save(update_fields=["text", "revision", "edited_at"])
    conversation = message.conversation
    if conversation.last_message_id == message.pk:
        conversation.preview = shorten(message.text, 200)
        conversation.save(update_fields=["preview"])
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


def bounce(event: InboundParsed) -> bool:
    """A mail of ours came back: the failed answer says so in its thread. False when it is about nothing of ours."""
    inbound = event.inbound
    detail = inbound.text or _("The mail server returned the message.")
    code = inbound.extra.get("status", "bounced")
    return delivery.bounced(event.account_id, inbound.target_id, detail=detail[:2000], code=code) is not None
