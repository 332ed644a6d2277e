"""What a parsed mail is: plain frozen data, ready to be stored or printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from otklik.channels.mail.engine.problems import sentence

Auto = Literal["none", "auto_reply", "bounce", "list"]


@dataclass(frozen=True, slots=True)
class Address:
    """`address` keeps the local part as written and lower-cases the domain; "" when there was none."""

    name: str
    address: str

    @property
    def key(self) -> str:
        """The form under which a person is looked up: wholly lower case."""
        return self.address.lower()

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "address": self.address}


@dataclass(frozen=True, slots=True)
class Attachment:
    """`content_type` comes from the bytes where they tell, otherwise from the label or the name."""

    filename: str
    content_type: str
    content: bytes
    size: int
    sha256: str
    inline: bool = False
    content_id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "filename": self.filename,
            "content_type": self.content_type,
            "size": self.size,
            "sha256": self.sha256,
            "inline": self.inline,
            "content_id": self.content_id,
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the mail got wrong and how it was read all the same. Never a reason to drop the mail."""

    code: str
    detail: str = ""

    def message(self, lang: str = "ru") -> str:
        return sentence(self.code, self.detail, lang)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says. `action` is failed, delayed, delivered, relayed or expanded."""

    action: str
    recipients: tuple[str, ...] = ()
    status: str = ""  # RFC 3463, e.g. 5.1.1
    diagnostic: str = ""
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail. `text` is the new part only; signature and quotes are in `quoted`, in their own order."""

    sender: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    date: str | None  # RFC 3339 with offset
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]  # oldest first
    text: str
    quoted: str
    html: str | None  # sanitised, remote images waiting in data-remote-src
    attachments: tuple[Attachment, ...]
    auto: Auto
    bounce_of: str | None
    bounce: Bounce | None
    problems: tuple[Problem, ...]
    content_hash: str  # hex; same words and files give the same hash, however they were encoded

    @property
    def participants(self) -> tuple[str, ...]:
        """Keys of everyone on From, Reply-To, To and Cc, each once, sender first."""
        people = ((self.sender,) if self.sender else ()) + self.reply_to + self.to + self.cc
        return tuple(dict.fromkeys(person.key for person in people if person.address))

    @property
    def sender_key(self) -> str:
        """Who wrote: the key of From, of Reply-To when From has no address, or ""."""
        people = ((self.sender,) if self.sender else ()) + self.reply_to
        return next((person.key for person in people if person.address), "")

    @property
    def thread_ids(self) -> tuple[str, ...]:
        """Message-IDs this mail points at, strongest first: In-Reply-To, then References from the newest."""
        first = (self.in_reply_to,) if self.in_reply_to else ()
        return tuple(dict.fromkeys(first + tuple(reversed(self.references))))

    def as_dict(self, lang: str = "ru") -> dict[str, Any]:
        """The record of `otklik mail parse` without "file"."""
        return {
            "from": _told(self.sender) if self.sender else None,
            "to": [_told(person) for person in self.to],
            "cc": [_told(person) for person in self.cc],
            "reply_to": [_told(person) for person in self.reply_to],
            "subject": self.subject,
            "date": self.date,
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "references": list(self.references),
            "text": self.text,
            "quoted": self.quoted,
            "html": self.html,
            "attachments": [item.as_dict() for item in self.attachments],
            "auto": self.auto,
            "bounce_of": self.bounce_of,
            "problems": [{"code": p.code, "message": p.message(lang)} for p in self.problems],
        }


def _told(person: Address) -> dict[str, str | None]:
    """A person in the record of the command line, where unknown is null."""
    return {"name": person.name or None, "address": person.address or None}
