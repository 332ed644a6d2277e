from otklik.inbox.models.conversation import (
    Conversation,
    ConversationMark,
    ConversationState,
    Participant,
    ThreadKey,
)
from otklik.inbox.models.grouping import (
    BulkAction,
    BulkStep,
    ConversationLabel,
    ConversationLink,
    ConversationMerge,
    ConversationSplit,
    Label,
    SavedView,
)
from otklik.inbox.models.images import RemoteImage
from otklik.inbox.models.message import Attachment, Direction, Message, ParkedChange, Revision
from otklik.inbox.models.rules import Rule, RuleEffect, RuleRun, RuleVersion
from otklik.inbox.models.work import Draft, Mention, Reminder, Seen, SoftLock, Template

__all__ = [
    "Attachment",
    "BulkAction",
    "BulkStep",
    "Conversation",
    "ConversationLabel",
    "ConversationLink",
    "ConversationMark",
    "ConversationMerge",
    "ConversationSplit",
    "ConversationState",
    "Direction",
    "Draft",
    "Label",
    "Mention",
    "Message",
    "ParkedChange",
    "Participant",
    "Reminder",
    "RemoteImage",
    "Revision",
    "Rule",
    "RuleEffect",
    "RuleRun",
    "RuleVersion",
    "SavedView",
    "Seen",
    "SoftLock",
    "Template",
    "ThreadKey",
]
