"""What the inbox announces; `web/wiring.py` says who listens. Topics of the durable stream are named here too."""

from __future__ import annotations

from dataclasses import dataclass

TOPIC_MESSAGE = "message.created"
TOPIC_MESSAGE_CHANGED = "message.changed"
TOPIC_CONVERSATION = "conversation.changed"
TOPIC_PRESENCE = "conversation.presence"
TOPIC_PERSONAL = "staff.notified"

TOPICS = {
    TOPIC_MESSAGE: "a message came in, went out, or a note was written",
    TOPIC_MESSAGE_CHANGED: "a message was edited, deleted, or its delivery changed",
    TOPIC_CONVERSATION: "state, owner, team, labels or subject of a conversation changed",
    TOPIC_PRESENCE: "somebody opened, left or is writing in a conversation",
    TOPIC_PERSONAL: "a mention or reminder for one person",
}


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A customer's message is stored; announced inside its transaction."""

    organisation_id: int
    conversation_id: int
    message_id: int
    is_new_conversation: bool
    text: str
    ownerless: bool = True  # a team's conversation that nobody owns yet: it may be given to somebody
