"""What an adapter promises, and the plain data that crosses its edge. Pure: no Django, no I/O.

An adapter turns a foreign payload into `Inbound` (parse, pure, replayable) and sends an `Outbound`
(one network call, one honest answer). Everything else (storing, retrying, threading) is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Visibility(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"


class InboundKind(StrEnum):
    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    BOUNCE = "bounce"  # a delivery failure that names the message it is about
    AUTO_REPLY = "auto_reply"  # stored and shown, never reopens or answers
    MENTION = "mention"  # written about us elsewhere (rule 13 of DESIGN)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who wrote: `external_id` is unique within the channel account (an address, a user id)."""

    external_id: str
    name: str = ""
    handle: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class InboundFile:
    filename: str
    content_type: str
    content: bytes
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One event of a channel after parsing. `external_id` + `revision` make it unique in its account."""

    kind: InboundKind
    external_id: str
    author: Identity
    occurred_at: datetime | None
    text: str = ""
    quoted: str = ""  # the cut tail of a mail, one click away
    html: str = ""  # sanitised
    subject: str = ""
    visibility: Visibility = Visibility.PRIVATE
    revision: str = ""
    thread_keys: tuple[str, ...] = ()  # strongest first; a conversation is found by any of them
    our_message_ids: tuple[str, ...] = ()  # our own signed ids quoted by the sender: proof of the thread
    participants: tuple[str, ...] = ()  # everyone on From/To/Cc, for the participant check
    parent_id: str = ""
    root_id: str = ""
    root_title: str = ""
    permalink: str = ""
    rating: int | None = None
    reach: int | None = None
    source: str = ""  # site or network of an imported text
    target_id: str = ""  # what an edit, delete or bounce is about
    files: tuple[InboundFile, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()  # (code, message)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutboundFile:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Outbound:
    """One answer ready to leave. `idempotency_key` is fixed before the first attempt and never changes."""

    idempotency_key: str
    to: str
    text: str
    html: str = ""
    subject: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    also_to: tuple[str, ...] = ()  # further addressees of the same letter, seen by all
    cc: tuple[str, ...] = ()
    sender_name: str = ""
    files: tuple[OutboundFile, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


class SendState(StrEnum):
    SENT = "sent"  # the far end said yes
    REJECTED = "rejected"  # the far end said no for good
    RETRY = "retry"  # certainly not accepted: safe to try again
    THROTTLED = "throttled"  # asked to wait
    UNCERTAIN = "uncertain"  # the answer was lost after the far end may have accepted


@dataclass(frozen=True, slots=True)
class SendResult:
    state: SendState
    external_id: str = ""
    url: str = ""
    code: str = ""  # snake_case reason
    detail: str = ""  # the far end's own words, shown to the operator
    retry_after: float | None = None  # seconds


class Found(StrEnum):
    FOUND = "found"
    ABSENT = "absent"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Outcome of testing an account's settings: one sentence of what is wrong and what to do."""

    ok: bool
    code: str = ""
    message: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawEvent:
    """Bytes as they came, with the key under which they are stored once."""

    key: str
    payload: bytes
    content_type: str
    stream: str = ""  # folder, feed or topic
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PullPage:
    """New raw events and the cursor that is committed together with them."""

    events: tuple[RawEvent, ...]
    cursor: dict[str, Any]
    more: bool = False
    notices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    push: bool = False
    poll: bool = False
    reply_public: bool = False
    reply_private: bool = False
    reply_manual: bool = False  # a person posts on the site and stores the proof
    edit: bool = False
    delete: bool = False
    idempotent_send: bool = False  # the platform deduplicates by our key
    reconcile: bool = False  # the adapter can look whether a message is there
    max_length: int | None = None


class Adapter(Protocol):
    """One kind of channel. `config` is the account's decrypted settings."""

    kind: str

    def capabilities(self, config: dict[str, Any]) -> Capabilities: ...

    def check(self, config: dict[str, Any]) -> CheckResult: ...

    def parse(self, config: dict[str, Any], raw: RawEvent) -> list[Inbound]: ...

    def pull(self, config: dict[str, Any], cursor: dict[str, Any]) -> PullPage: ...

    def send(self, config: dict[str, Any], item: Outbound) -> SendResult: ...

    def reconcile(self, config: dict[str, Any], item: Outbound) -> Found: ...
