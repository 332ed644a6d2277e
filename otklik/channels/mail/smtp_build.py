"""An `Outbound` as the bytes of a mail, and Message-IDs that prove themselves. Pure: no Django, no I/O.

The older email.mime classes are used on purpose: EmailMessage (Python 3.11–3.13) writes an id longer than
a line in References as an encoded word, which breaks the thread at the other end.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import encoders, policy
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from pathlib import PurePath

from otklik.channels.mail.sasl import SENTENCES, Lang, MailIOError
from otklik.channels.protocol import Outbound, OutboundFile

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_ADDRESS = re.compile(r"[^\s<>\"(),:;\\@\[\]\x00-\x1f\x7f]+@[^\s<>\"(),:;\\@\[\]\x00-\x1f\x7f]+")
_ID = re.compile(r"<[^<>\s]+>")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_REPLY_PREFIX = re.compile(r"^\s*((re|fwd?|fw|ответ|на)(\[\d+\])?\s*:\s*)+", re.I)
WORD_LIMIT = 70  # a longer word cannot be folded
NAME_LIMIT = 100  # characters of a file name: longer ones do not fit the line limit of RFC 5322


def build(
    outbound: Outbound,
    from_addr: str,
    from_name: str,
    message_id: str,
    date: datetime,
    *,
    reply_to: str = "",
    auto_submitted: str = "",
    lang: Lang = "ru",
) -> bytes:
    """The mail, 7-bit clean, with CRLF. `date` aware; `auto_submitted` "auto-replied" or "auto-generated".

    Raises MailIOError ("bad_header", "bad_address") for a line break or control character in a header
    and for a malformed address: a header may never be smuggled in through data.
    """
    words = _Words(lang)
    mail = _body(outbound, words)
    head: list[tuple[str, str]] = [
        ("From", words.mailbox(from_name or outbound.sender_name, from_addr, "From")),
        ("To", ",\r\n ".join(words.mailbox("", one, "To") for one in (outbound.to, *outbound.also_to))),
        ("Cc", ",\r\n ".join(words.mailbox("", address, "Cc") for address in outbound.cc)),
        ("Reply-To", words.mailbox("", reply_to, "Reply-To") if reply_to else ""),
        ("Subject", words.text(outbound.subject, "Subject")),
        ("Date", format_datetime(date.astimezone(UTC))),
        ("Message-ID", words.one_id(message_id, "Message-ID")),
        *_thread(outbound, words),
        ("Thread-Topic", words.text(_REPLY_PREFIX.sub("", outbound.subject), "Subject")),
    ]
    if auto_submitted:
        # Exchange does not listen to RFC 3834 but to the second one: no out-of-office in return
        head += [("Auto-Submitted", words.plain(auto_submitted, "Auto-Submitted"))]
        head += [("X-Auto-Response-Suppress", "All")]
    # written here, not by the generator, which would put a long Message-ID on a line without its name
    top = "".join(f"{name}: {value}\r\n" for name, value in head if value)
    return top.encode("ascii") + mail.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))


def _thread(outbound: Outbound, words: _Words) -> list[tuple[str, str]]:
    """In-Reply-To and the full References: the chain as it came, ending in the mail answered."""
    parent = words.ids([outbound.in_reply_to], "In-Reply-To") if outbound.in_reply_to else []
    chain = words.ids(outbound.references, "References")
    chain = [one for one in dict.fromkeys(chain) if one not in parent] + parent
    return [("In-Reply-To", " ".join(parent)), ("References", "\r\n ".join(chain))]


class _Words:
    """Header values, folded and encoded; refuses what could start a header of its own."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def _error(self, code: str, **data: str) -> MailIOError:
        return MailIOError(code, SENTENCES[code][self.lang == "en"].format(**data), True)

    def plain(self, value: str, field: str) -> str:
        if _CONTROL.search(value):
            raise self._error("bad_header", field=field)
        return value.strip()

    def text(self, value: str, field: str) -> str:
        value = self.plain(value, field)
        return value if _is_plain(value) else Header(value, "utf-8", 76, field).encode(linesep="\r\n")

    def mailbox(self, name: str, address: str, field: str) -> str:
        address = self.plain(address, field)
        if not _ADDRESS.fullmatch(address):
            raise self._error("bad_address", address=_CONTROL.sub(" ", address)[:200])
        local, _, domain = address.rpartition("@")
        if not domain.isascii():
            try:
                domain = domain.encode("idna").decode()
            except UnicodeError:
                raise self._error("bad_address", address=address[:200]) from None
        name = self.plain(name, field)
        if not name:
            return f"{local}@{domain}"
        if _is_plain(name):
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{quoted}" <{local}@{domain}>'
        return f"{Header(name, 'utf-8', 76, field).encode(linesep=chr(13) + chr(10))} <{local}@{domain}>"

    def ids(self, values: list[str] | tuple[str, ...], field: str) -> list[str]:
        """Message ids in angle brackets; what is not an id is left out, as other clients do."""
        found: list[str] = []
        for value in (self.plain(one, field) for one in values):
            found += _ID.findall(value) or _ID.findall(f"<{value}>")
        return [one for one in found if one.isascii()]

    def one_id(self, value: str, field: str) -> str:
        """Our own id has to be one: a mail without it could never be found again."""
        found = self.ids([value], field)
        if len(found) != 1:
            raise self._error("bad_header", field=field)
        return found[0]


def _is_plain(value: str) -> bool:
    # "=?" would be decoded at the other end
    return value.isascii() and "=?" not in value and all(len(word) <= WORD_LIMIT for word in value.split(" "))


def _body(outbound: Outbound, words: _Words) -> MIMEBase:
    text: MIMEBase = MIMEText(_crlf(outbound.text), "plain", "utf-8")
    if outbound.html:
        both = MIMEMultipart("alternative")
        both.attach(text)
        both.attach(MIMEText(_crlf(outbound.html), "html", "utf-8"))
        text = both
    if not outbound.files:
        return text
    mixed = MIMEMultipart("mixed")
    mixed.attach(text)
    for file in outbound.files:
        mixed.attach(_attachment(file, words))
    return mixed


def _attachment(file: OutboundFile, words: _Words) -> MIMEBase:
    """The name twice: RFC 2231 for those who keep to it, an encoded word in `name` for older Outlook."""
    name = short_name(words.plain(file.filename, "filename")) or "file"
    kind = file.content_type.lower().split(";")[0].strip()
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"  # message/* may not be base64 (RFC 2046), and must arrive as it is
    main, _, sub = kind.partition("/")
    part = MIMEBase(main, sub)
    part.set_payload(file.content)
    encoders.encode_base64(part)
    if name.isascii():
        part.set_param("name", name)
        part.add_header("Content-Disposition", "attachment", filename=name)
        return part
    coded = Header(name, "utf-8", 10_000).encode(maxlinelen=0)
    part.replace_header("Content-Type", f'{kind};\r\n name="{coded}"')
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
    return part


def short_name(name: str) -> str:
    """Without folders and quotes, at most NAME_LIMIT characters, the extension kept."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1].replace('"', "'").strip()
    path = PurePath(name)
    return name if len(name) <= NAME_LIMIT else path.stem[: NAME_LIMIT - len(path.suffix)] + path.suffix


def _crlf(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", text)
