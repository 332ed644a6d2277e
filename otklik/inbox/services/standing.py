"""What was read in the customer's newest message, kept on the conversation, so that lists narrow and sort by it."""

from __future__ import annotations

from collections.abc import Sequence

from otklik.analysis import queries as analysis
from otklik.analysis.events import TextsRead
from otklik.analysis.queries import Brief
from otklik.inbox.events import TOPIC_MESSAGE_CHANGED
from otklik.inbox.models import Conversation, ConversationMark, Message
from otklik.inbox.subjects import KIND
from otklik.kernel import events

USUAL = frozenset({"abuse:none", "rumour:none", "safety:no"})
NOT_READ = Brief("", "", "", "", safety=False, unsure=False, certainty=1000, marks=frozenset())
COLUMNS = ("certainty", "unsure")


def texts_read(event: TextsRead) -> None:
    """Handler of TextsRead, in its transaction: the list follows, screens show the new reading."""
    if event.kind != KIND:
        return
    rows = list(Message.objects.filter(pk__in=event.object_ids).values_list("pk", "conversation_id"))
    talks = Conversation.objects.filter(
        pk__in={talk for _pk, talk in rows}, last_inbound_id__in=event.object_ids
    )
    changed = settle(list(talks.only("organisation_id", "last_inbound_id", *COLUMNS)))
    Conversation.objects.bulk_update(changed, COLUMNS, batch_size=500)
    events.publish_many(
        TOPIC_MESSAGE_CHANGED,
        event.organisation_id,
        [{"conversation_id": talk, "message_id": pk, "change": "read"} for pk, talk in rows],
    )


def settle(rows: Sequence[Conversation]) -> list[Conversation]:
    """Marks and columns follow the reading of each one's newest message. Returns those to be saved (COLUMNS)."""
    read = analysis.briefs(KIND, [row.last_inbound_id for row in rows])
    _marks(rows, read)
    return [row for row in rows if _changes(row, read.get(row.last_inbound_id, NOT_READ))]


def _changes(row: Conversation, read: Brief) -> bool:
    now = (read.certainty, read.unsure)
    if now == tuple(getattr(row, name) for name in COLUMNS):
        return False
    row.certainty, row.unsure = now
    return True


def _marks(rows: Sequence[Conversation], read: dict[int, Brief]) -> None:
    stored: dict[int, dict[str, int]] = {}
    known = ConversationMark.objects.filter(conversation_id__in=[row.pk for row in rows])
    for pk, conversation_id, mark in known.values_list("pk", "conversation_id", "mark"):
        stored.setdefault(conversation_id, {})[mark] = pk
    gone: list[int] = []
    new: list[ConversationMark] = []
    for row in rows:
        had = stored.get(row.pk, {})
        wanted = read.get(row.last_inbound_id, NOT_READ).marks - USUAL
        gone += [pk for mark, pk in had.items() if mark not in wanted]
        new += [
            ConversationMark(conversation_id=row.pk, organisation_id=row.organisation_id, mark=mark)
            for mark in sorted(wanted - had.keys())
        ]
    if gone:
        ConversationMark.objects.filter(pk__in=gone).delete()
    ConversationMark.objects.bulk_create(new, ignore_conflicts=True)
