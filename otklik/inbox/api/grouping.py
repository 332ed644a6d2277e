"""Conversations that belong together, or apart. Every step can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router, Schema

from otklik.inbox import queries
from otklik.inbox.api.shapes import ConversationOut, OtherIn, SplitIn
from otklik.inbox.models import Conversation, ConversationMerge, ConversationSplit
from otklik.inbox.services import grouping
from otklik.kernel.rest import Call, Done, Id, operation

router = Router(tags=["Conversations"])


class MergeOut(Schema):
    id: int
    survivor_id: int
    merged_id: int
    at: datetime
    undone_at: datetime | None


class SplitOut(Schema):
    id: int
    source_id: int
    created_id: int
    at: datetime
    undone_at: datetime | None


class RelatedOut(Schema):
    conversation: ConversationOut
    reason: str


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/merge",
    right="conversation.merge",
    answer=MergeOut,
    status=201,
    example={"other_id": 102},
)
def merge_conversations(request: Call, conversation_id: Id, data: OtherIn) -> ConversationMerge:
    """Everything of the other conversation moves here."""
    return grouping.merge(conversation_id, data.other_id, by=request.auth)


@operation(router, "POST", "/merges/{merge_id}/undo", right="conversation.merge", answer=ConversationOut)
def undo_merge(request: Call, merge_id: Id) -> Conversation:
    """Take a merge back: answers the conversation that stands alone again."""
    return grouping.unmerge(merge_id, by=request.auth)


@operation(
    router,
    "POST",
    "/conversations/{conversation_id}/split",
    right="conversation.merge",
    answer=SplitOut,
    status=201,
    example={"message_ids": [5012, 5013]},
)
def split_conversation(request: Call, conversation_id: Id, data: SplitIn) -> ConversationSplit:
    """These messages become a conversation of their own."""
    return grouping.split(conversation_id, data.message_ids, by=request.auth)


@operation(router, "POST", "/splits/{split_id}/undo", right="conversation.merge", answer=ConversationOut)
def undo_split(request: Call, split_id: Id) -> Conversation:
    """Take a split back."""
    return grouping.unsplit(split_id, by=request.auth)


@operation(
    router,
    "GET",
    "/conversations/{conversation_id}/related",
    right="conversation.read",
    answer=list[RelatedOut],
)
def list_related(request: Call, conversation_id: Id) -> Any:
    """Conversations that look related or were linked."""
    one = queries.conversation(request.auth, conversation_id)
    return grouping.related(request.auth, one.pk)


@operation(router, "POST", "/conversations/{conversation_id}/links", right="conversation.merge", answer=Done)
def link_conversations(request: Call, conversation_id: Id, data: OtherIn) -> Done:
    """These two belong together."""
    grouping.link(conversation_id, data.other_id, by=request.auth)
    return Done()


@operation(
    router,
    "DELETE",
    "/conversations/{conversation_id}/links/{other_id}",
    right="conversation.merge",
    answer=Done,
)
def unlink_conversations(request: Call, conversation_id: Id, other_id: Id) -> Done:
    """They do not belong together."""
    grouping.unlink(conversation_id, other_id, by=request.auth)
    return Done()
