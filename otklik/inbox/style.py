"""How to write to somebody who did not ask for an answer (S1-3): one may, but quietly."""

from __future__ import annotations

from collections.abc import Collection

from otklik.analysis import queries as analysis
from otklik.inbox.models import ConversationMark
from otklik.inbox.subjects import KIND

NON_INTRUSIVE = "non_intrusive"  # briefly, without questions, without offers
_ASKS_NOTHING, _UNSURE = "expects_reply:no", "unsure:expects_reply"


def of_marks(marks: Collection[str]) -> str:
    """NON_INTRUSIVE where it was read, with certainty, that the author expects no answer; else empty."""
    return NON_INTRUSIVE if _ASKS_NOTHING in marks and _UNSURE not in marks else ""


def of_message(message_id: int) -> str:
    """By what was read in one message."""
    read = analysis.briefs(KIND, [message_id]).get(message_id)
    return of_marks(read.marks) if read else ""


def of_conversation(conversation_id: int) -> str:
    """By the newest message of the customer. It forbids nothing."""
    known = ConversationMark.objects.filter(
        conversation_id=conversation_id, mark__in=(_ASKS_NOTHING, _UNSURE)
    )
    return of_marks(set(known.values_list("mark", flat=True)))
