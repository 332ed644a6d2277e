"""What the inbox gives and takes, as JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from otklik.inbox.meanings import READINGS
from otklik.inbox.models import Conversation, Message
from otklik.inbox.queries import Filters
from otklik.kernel.rest import Given, Id, Moment, Window

MAX_TEXT = 100_000
State = Literal["open", "waiting", "snoozed", "closed"]
View = Literal[
    "mine", "team", "unassigned", "waiting", "snoozed", "mentions", "drafts", "trouble", "unsure", "all"
]
Order = Literal[
    "newest", "oldest", "waiting", "unsure", "priority", "severity", "urgency", "intent", "cause", "tone", "emotions",
    "expects_reply", "complexity", "impact", "safety", "signals", "abuse", "rumour", "lang",
]  # fmt: skip
Mode = Literal["public", "private", "note"]
Rating = Annotated[int, Field(ge=1, le=5)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Ids = Annotated[list[Id], Field(max_length=100)]
ReadLabels = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=40)]


class LabelOut(Schema):
    id: int
    name: str
    colour: str


class FileOut(Schema):
    """The content: GET /attachments/{id}."""

    id: int
    filename: str
    content_type: str
    size: int
    sha256: str = Field(alias="digest", serialization_alias="sha256")
    inline: bool


class ConversationOut(Schema):
    """`waiting_since`: the customer waits for us since then. `trouble`: an answer failed or is uncertain."""

    id: int
    account_id: int
    channel_kind: str
    customer_id: int
    customer_name: str
    subject: str
    visibility: str
    state: str
    assignee_id: int | None
    team_id: int | None
    snoozed_until: datetime | None
    waiting_since: datetime | None
    first_response_at: datetime | None
    last_message_at: datetime
    preview: str
    message_count: int
    trouble: str
    rating: int | None
    source: str
    permalink: str
    label_ids: list[int]
    priority: str = Field(description="P1 to P4; empty: the newest message is not read yet")
    read: dict[str, list[str]] = Field(
        description="labels of the customer's newest message by field; `unsure` names the fields in doubt"
    )
    created_at: datetime
    closed_at: datetime | None

    @staticmethod
    def resolve_label_ids(one: Conversation) -> list[int]:
        return sorted(link.label_id for link in one.labelled.all())

    @staticmethod
    def resolve_priority(one: Conversation) -> str:
        return next((row.mark[-2:] for row in one.marks.all() if row.mark.startswith("priority:")), "")

    @staticmethod
    def resolve_read(one: Conversation) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, _colon, label in (row.mark.partition(":") for row in one.marks.all()):
            found.setdefault(name, []).append(label)
        return {name: sorted(found[name]) for name in sorted(found)}


class MessageOut(Schema):
    """`direction`: in, out, note, system. A deleted text is not given; `event` words a system line by its code."""

    id: int
    conversation_id: int
    direction: str
    visibility: str
    author_name: str
    author_user_id: int | None
    author_customer_id: int | None
    subject: str
    text: str
    quoted: str
    auto: str
    delivery_state: str
    delivery_error: str
    due_at: datetime | None = Field(description="when a planned answer leaves (delivery_state scheduled)")
    permalink: str
    recipients: dict[str, Any]
    deviation: dict[str, Any] = Field(description="wishes of the customer that it did not keep, and why")
    event: dict[str, Any]
    occurred_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    files: list[FileOut]

    @staticmethod
    def resolve_files(one: Message) -> Any:
        return [] if one.deleted_at else one.attachments.all()

    @staticmethod
    def resolve_text(one: Message) -> str:
        return "" if one.deleted_at else one.text

    @staticmethod
    def resolve_quoted(one: Message) -> str:
        return "" if one.deleted_at else one.quoted


class ReadFilters(Schema):
    """What was read in the customer's newest message; a text with several labels is found by each.

    `GET /analysis/labels` names the labels of every field.
    """

    priority: list[Literal["P1", "P2", "P3", "P4"]] = []
    intent: ReadLabels = []
    cause: ReadLabels = []
    tone: ReadLabels = []
    emotions: ReadLabels = []
    severity: list[Annotated[int, Field(ge=1, le=4)]] = []
    urgency: list[Annotated[int, Field(ge=1, le=3)]] = []
    complexity: list[Annotated[int, Field(ge=1, le=3)]] = []
    impact: ReadLabels = []
    safety: list[Literal["yes", "no"]] = []
    expects_reply: ReadLabels = []
    signals: ReadLabels = []
    abuse: ReadLabels = []
    rumour: ReadLabels = []
    lang: ReadLabels = []
    unsure: ReadLabels = Field([], description="fields that the machine is not sure of")
    sure: bool = Field(False, description="only where it is sure of what is asked for")


class FiltersIn(Given, ReadFilters):
    """The filters of the inbox; several values of one filter are joined by "or", filters by "and"."""

    view: View = "all"
    state: list[State] = []
    channel: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=20)] = []
    account: Ids = []
    assignee: Ids = []
    team: Ids = []
    label: Ids = []
    rating: list[Rating] = []
    visibility: Literal["", "public", "private"] = ""
    customer: int = Field(0, ge=0, le=2**63 - 1)
    source: str = Field("", max_length=100)
    since: date | None = None
    until: date | None = None
    q: str = Field("", max_length=200)
    order: Order = "newest"


class ConversationList(Window, ReadFilters):
    """The filters of the inbox: several values of one filter are joined by "or", filters by "and"."""

    view: View = "all"
    state: list[State] = []
    channel: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=20)] = []
    account: Ids = []
    assignee: Ids = []
    team: Ids = []
    label: Ids = Field([], description="carries all of them")
    rating: list[Rating] = []
    visibility: Literal["", "public", "private"] = ""
    customer: int = Field(0, ge=0, le=2**63 - 1)
    source: str = Field("", max_length=100)
    since: date | None = None
    until: date | None = None
    q: str = Field("", max_length=200, description="words in any form, or a number")
    order: Order = Field(
        "newest",
        description="waiting: only those who wait for us; unsure: the least sure readings first; a field of the"
        " reading: label by label, what presses most first, of equals the newest",
    )


def filters_of(given: ConversationList | FiltersIn) -> Filters:
    """As the inbox's queries want them."""
    return Filters(
        view=given.view,
        states=tuple(given.state),
        channels=tuple(given.channel),
        accounts=tuple(given.account),
        assignees=tuple(given.assignee),
        teams=tuple(given.team),
        labels=tuple(given.label),
        ratings=tuple(given.rating),
        visibility=given.visibility,
        customer=given.customer,
        source=given.source,
        since=given.since.isoformat() if given.since else "",
        until=given.until.isoformat() if given.until else "",
        query=given.q,
        order=given.order,
        sure="1" if given.sure else "",
        **{name: tuple(map(str, getattr(given, field))) for name, field in READINGS.items()},
    )


Reason = Annotated[
    str,
    Field(
        max_length=300,
        description="why it does otherwise than the customer asked; needed when `wishes` of the conversation is not"
        " empty: asked, writes_now, urgent, same_language, no_speaker, no_answer, or your own words",
    ),
]


Addresses = Annotated[list[Annotated[str, Field(max_length=254)]], Field(max_length=50)]


class ReplyIn(Given):
    """`seen_message_id`: the newest message you have read; a newer one refuses the answer (0: do not check).

    `attachment_ids` come from POST /conversations/{id}/attachments.
    """

    text: Text = ""
    visibility: Literal["public", "private"] = "private"
    to: Addresses | Annotated[str, Field(max_length=254)] = Field(
        [], description="mail; empty: who wrote last (Reply-To, else From)"
    )
    cc: Addresses = Field([], description="mail; only whom you name: see `recipients` of the advice")
    attachment_ids: Ids = []
    seen_message_id: int = Field(0, ge=0, le=2**63 - 1)
    close: bool = False
    deviation_reason: Reason = ""
    send_at: Moment | None = Field(None, description="leave then; at most 90 days ahead")


class WishOut(Schema):
    """A wish that an answer would not keep. `code`: contact, channel, language, hours; `excused`: needs no reason."""

    code: str
    wanted: str
    actual: str
    excused: str
    sentence: str


class WayOut(Schema):
    """An account of ours and an address of the customer in it."""

    account_id: int
    account_name: str
    kind: str
    address: str
    title: str
    preferred: bool


class AddressOut(Schema):
    address: str
    name: str


class RecipientsOut(Schema):
    """`to` is the default. `everybody`: whom "answer to all" would add as copies. `hidden`: we got a hidden copy,
    so answering all is not offered."""

    to: list[AddressOut]
    everybody: list[AddressOut]
    hidden: bool


class AdviceIn(Given):
    text: Text = ""
    visibility: Literal["public", "private"] = "private"


class AdviceOut(Schema):
    """`preferred_at`: when the customer's best hours begin; null when now is as good as any."""

    wishes: list[WishOut]
    preferred_at: datetime | None
    ways: list[WayOut]
    recipients: RecipientsOut | None = Field(description="of a mail; null elsewhere")


class StartIn(Given):
    account_id: Id
    to: str = Field(min_length=1, max_length=254)
    name: str = Field("", max_length=200)
    subject: str = Field("", max_length=500)
    text: Text
    cc: list[Annotated[str, Field(max_length=254)]] = Field([], max_length=50)
    deviation_reason: Reason = ""
    send_at: Moment | None = Field(None, description="leave then; at most 90 days ahead")


class NoteIn(Given):
    text: Text


class AssignIn(Given):
    """A field that is not sent stays as it is; null takes the owner or the team off."""

    user_id: Id | None = None
    team_id: Id | None = None


class SnoozeIn(Given):
    until: Moment


class LabelsIn(Given):
    add: Ids = []
    remove: Ids = []


class OtherIn(Given):
    other_id: Id


class SplitIn(Given):
    message_ids: Annotated[list[Id], Field(min_length=1, max_length=500)]


class BulkIn(Given):
    """Parameters by action: snooze `until`; assign `user_id`, `team_id`; label and unlabel `label_id`;
    merge `survivor_id` (default: the first)."""

    action: Literal["close", "reopen", "wait", "snooze", "assign", "label", "unlabel", "merge"]
    ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    until: Moment | None = None
    user_id: Id | None = None
    team_id: Id | None = None
    label_id: Id | None = None
    survivor_id: Id | None = None


class RefusedOut(Schema):
    id: int
    message: str


class BulkOut(Schema):
    done: list[int]
    refused: list[RefusedOut]
    undo_token: str


class UndoIn(Given):
    undo_token: str = Field(min_length=1, max_length=100)
