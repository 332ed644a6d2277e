"""May a program answer this message by itself? Every automatic answer asks here, whoever makes it (RFC 3834).

Only a fresh message of a person is answered: no robot, list or bounce, nobody who cannot read an answer, none of our
own mailboxes, and nobody who writes faster than people do (`channels/pace.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from otklik.channels import pace
from otklik.channels import queries as channels
from otklik.inbox.models import Direction, Message
from otklik.kernel import clock

# files and feeds: one author may have a hundred rows, and nobody answers them by itself
UNANSWERED = frozenset({"import", "feed"})
FRESH = 86400.0  # seconds: an old mailbox that is read for the first time must not set off answers
# the part before the @ of those whose mail nobody reads, or that programs read
UNREAD = re.compile(
    r"(?:(?:no|do[-_.]?not)[-_.]?reply|mail(?:er)?[-_.]?daemon|postmaster|bounces?|ndr|owner)(?:[+._-].*)?|.+-request",
    re.IGNORECASE,
)


def may_answer_automatically(message: Message) -> bool:
    return not why_not(message)


def why_not(message: Message) -> str:
    """Empty, or the reason in a word: not_incoming, deleted, robot, unreadable, own, old, too_often."""
    address = message.author_address.lower()
    if message.direction != Direction.IN:
        return "not_incoming"
    if message.deleted_at is not None:
        return "deleted"
    if message.auto != "none":
        return "robot"
    if not address or address.startswith("unknown:") or UNREAD.fullmatch(address.partition("@")[0]):
        return "unreadable"
    if address in channels.own_addresses(message.organisation_id):
        return "own"
    if message.occurred_at < clock.ago(FRESH):
        return "old"
    if pace.is_limited(message.account_id, message.author_address, message.created_at):
        return "too_often"
    return ""


def note_pace(account_kind: str, messages: Sequence[Message]) -> None:
    """Count new messages of one account; a conversation is told once when a sender writes too much."""
    oldest = clock.ago(FRESH)
    counted = {
        pace.Came(one.author_address, one.created_at, one.conversation_id): one
        for one in messages
        if account_kind not in UNANSWERED and one.author_address and one.occurred_at >= oldest
    }
    if not counted:
        return
    told = [counted[came] for came in pace.note(messages[0].account_id, list(counted))]
    # not `state.system_line`: that module sends answers, and those come from here
    Message.objects.bulk_create(_line(one) for one in told)


def _line(message: Message) -> Message:
    now = clock.now()
    event = {"code": "conversation.flooded", "address": message.author_address, "limit": str(pace.LIMIT)}
    return Message(
        organisation_id=message.organisation_id,
        conversation_id=message.conversation_id,
        account_id=message.account_id,
        direction=Direction.SYSTEM,
        event=event,
        occurred_at=now,
        created_at=now,
    )
