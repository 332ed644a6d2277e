"""One IMAP connection: signing in, opening a folder read-only, SEARCH and FETCH by uid. No Django.

imap-tools connects, signs in and knows folder names; FETCH is read here, because its parsed messages
would cost the raw bytes, and the raw bytes are what is stored.
"""

from __future__ import annotations

import contextlib
import difflib
import imaplib
import re
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError

from otklik.channels.mail.sasl import (
    MailAccount,
    MailIOError,
    explain,
    login_error,
    refuse_control_characters,
    tls_context,
    usual_ports,
    words_of,
    xoauth2,
)

# strftime would follow the locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

IMAPS = 993
SENT_NAMES = {"sent", "sent items", "sent mail", "sent messages", "отправленные", "исходящие"}
ARRIVED = re.compile(rb"\* \d+ (EXISTS|RECENT)\r\n", re.I)

# OSError covers sockets, TLS and time-outs; abort is imaplib's word for a lost connection
LOST = (imaplib.IMAP4.abort, OSError, EOFError)
REFUSED = (imaplib.IMAP4.error, ImapToolsError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapConfig(MailAccount):
    port: int = IMAPS
    folders: tuple[str, ...] = ("INBOX",)
    backfill_days: int | None = 0  # first run: 0 = only new mail, None = everything
    idle_seconds: float = 28 * 60  # RFC 2177: IDLE is issued again before 29 minutes
    poll_seconds: float = 60.0  # where the server has no IDLE


@dataclass(frozen=True, slots=True)
class Opened:
    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class Item:
    """One message as FETCH described it."""

    uid: int
    size: int = 0
    flags: tuple[str, ...] = ()
    internaldate: str = ""
    body: bytes | None = None


class Link:
    """One signed-in connection with one folder open for reading, which can be opened again."""

    def __init__(self, config: ImapConfig) -> None:
        self.config = config
        self.box: BaseMailBox | None = None
        self.folder = ""

    def connect(self) -> BaseMailBox:
        if self.box is None:
            self.box = sign_in(self.config)
        return self.box

    def open(self, folder: str) -> Opened:
        """EXAMINE: the server itself will not let us change a flag."""
        box = self.connect()
        self.folder = folder
        box.folder.set(folder, readonly=True)
        number = {name: int(box.client.response(name)[1][0] or b"0") for name in ("UIDVALIDITY", "UIDNEXT")}
        exists = int(box.client.response("EXISTS")[1][0] or b"0")
        if not number["UIDNEXT"]:  # optional in SELECT
            number["UIDNEXT"] = max(self.search("ALL"), default=0) + 1
        return Opened(number["UIDVALIDITY"], number["UIDNEXT"], exists)

    def reopen(self) -> None:
        self.close()
        self.open(self.folder)

    def search(self, criteria: str) -> list[int]:
        status, data = self.connect().client.uid("SEARCH", criteria)
        if status != "OK":
            raise imaplib.IMAP4.error(data[-1])
        return sorted({int(uid) for line in data if line for uid in line.split()})

    def fetch(self, uids: list[int], parts: str) -> dict[int, Item]:
        status, data = self.connect().client.uid("FETCH", ",".join(map(str, uids)), f"(UID {parts})")
        if status != "OK":
            raise imaplib.IMAP4.error(data[-1])
        return {item.uid: item for item in _items(data)}

    def can(self, capability: str) -> bool:
        return capability in self.connect().client.capabilities

    def sent_folder(self) -> str:
        """The folder marked \\Sent (RFC 6154), else one with a usual name, else ""."""
        infos = self.connect().folder.list()
        marked = [info.name for info in infos if "\\Sent" in info.flags]
        usual = [info.name for info in infos if info.name.split(info.delim or "/")[-1].lower() in SENT_NAMES]
        return next(iter(marked + usual), "")

    def idle(self, seconds: float, tick: float, stop: threading.Event) -> bool:
        """IDLE on the open folder; True when the server reports messages.

        The socket is read directly: after a time-out imaplib's buffered reader is unusable. A line that
        came together with the go-ahead is already in that reader, so it is looked at first.
        """
        client: Any = self.connect().client
        tag = client._command("IDLE")
        while client._get_response():  # None is the go-ahead
            if client.tagged_commands[tag]:
                raise imaplib.IMAP4.error("IDLE was refused")
        if client.untagged_responses.get("EXISTS"):
            self.close()
            return True
        client.sock.settimeout(0)
        heard = b""
        with contextlib.suppress(ssl.SSLWantReadError, BlockingIOError):
            heard = bytes(client.file.peek())
        client.sock.settimeout(tick)
        deadline = time.monotonic() + seconds
        while not ARRIVED.search(heard):
            if stop.is_set() or time.monotonic() >= deadline:
                break
            heard = heard[-100:]
            try:
                piece = client.sock.recv(4096)
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            if not piece:
                raise imaplib.IMAP4.abort("EOF during IDLE")
            heard += piece
        client.sock.settimeout(self.config.timeout)
        with contextlib.suppress(OSError):
            client.sock.sendall(b"DONE\r\n")
        self.close()  # the reader has been bypassed: a new connection is cheaper than a wrong answer
        return bool(ARRIVED.search(heard))

    def close(self) -> None:
        box, self.box = self.box, None
        if box is not None:
            with contextlib.suppress(Exception):  # the far end may be long gone: nothing is left to save
                box.client.sock.settimeout(2)
                box.client.logout()
            with contextlib.suppress(Exception):
                box.client.shutdown()


def _items(data: list[Any]) -> Iterator[Item]:
    """FETCH answers of imaplib: (head, literal) then the rest of the line, or one line without literal."""
    head, body = b"", None
    for piece in [*data, (b"", None)]:
        if isinstance(piece, bytes) and body is not None:
            head += b" " + piece
            continue
        uid = re.search(rb"\bUID (\d+)", head)
        if uid:
            yield _item(int(uid[1]), head, body)
        head, body = piece if isinstance(piece, tuple) else (piece or b"", None)


def _item(uid: int, head: bytes, body: bytes | None) -> Item:
    if body is None and (short := re.search(rb'BODY\[(?:HEADER)?\] "((?:[^"\\]|\\.)*)"', head)):
        body = re.sub(rb"\\(.)", rb"\1", short[1])  # a short text may come quoted instead of as a literal
    size = re.search(rb"RFC822\.SIZE (\d+)", head)
    when = re.search(rb'INTERNALDATE "([^"]+)"', head)
    moment = ""
    if when:
        with contextlib.suppress(ValueError):
            moment = parsedate_to_datetime(when[1].decode("ascii", "replace").strip()).isoformat()
    flags = tuple(flag.decode("ascii", "replace") for flag in imaplib.ParseFlags(head))
    return Item(uid, int(size[1]) if size else 0, flags, moment, body)


def sign_in(config: ImapConfig) -> BaseMailBox:
    """Connect, TLS, sign in; raises MailIOError with its sentence."""
    refuse_control_characters(config)
    try:
        box = _connect(config)
    except imaplib.IMAP4.error as error:
        raise _greeting_error(error, config) from None
    except (OSError, EOFError, ImapToolsError, UnicodeError) as error:
        raise explain(error, config, "imap") from None
    try:
        _authenticate(box, config)
    except BaseException:
        with contextlib.suppress(Exception):
            box.client.shutdown()
        raise
    return box


def _connect(config: ImapConfig) -> BaseMailBox:
    if config.security == "tls":
        return MailBox(config.host, config.port, timeout=config.timeout, ssl_context=tls_context(config))
    if config.security == "starttls" and config.port == IMAPS:  # imap-tools refuses with a ValueError
        raise config.error("tls_expected")
    if config.security == "starttls":
        return MailBoxStartTls(config.host, config.port, config.timeout, tls_context(config))
    return MailBoxUnencrypted(config.host, config.port, timeout=config.timeout)


def _greeting_error(error: imaplib.IMAP4.error, config: ImapConfig) -> MailIOError:
    words = config.clean(words_of(error)).removeprefix("unexpected response: ")
    if "TLS not supported" in words:
        return config.error("starttls_missing", usual=usual_ports("imap"))
    if "BYE" in words:
        return config.error("server_refused", detail=words)
    if isinstance(error, imaplib.IMAP4.abort) and "unexpected response" not in str(error):
        return explain(error, config, "imap")
    return config.error("not_imap", detail=words, usual=usual_ports("imap"))


def _authenticate(box: BaseMailBox, config: ImapConfig) -> None:
    """Yandex takes XOAUTH2 without announcing it, so CAPABILITY is not asked first."""
    # the first challenge is empty; a second one carries the reason of a refusal and wants an empty answer
    answers = iter([xoauth2(config)])
    try:
        if config.auth == "xoauth2":
            box.client.authenticate("XOAUTH2", lambda _: next(answers, "").encode())
        elif "LOGINDISABLED" in box.client.capabilities:
            raise config.error("login_needs_tls")
        elif (config.user + config.secret).isascii():
            box.login(config.user, config.secret, initial_folder=None)
        else:  # LOGIN knows ASCII only
            box.login_utf8(config.user, config.secret, initial_folder=None)
    except LOST as error:
        raise explain(error, config, "imap") from None
    except REFUSED as error:
        raise login_error(config, words_of(error)) from None
    # what the server offers often changes after the sign-in (IDLE, SPECIAL-USE)
    with contextlib.suppress(*REFUSED):
        box.client._get_capabilities()


@contextlib.contextmanager
def linked(config: ImapConfig) -> Iterator[Link]:
    """A Link that is always closed; every failure inside becomes a MailIOError."""
    link = Link(config)
    try:
        yield link
    except MailboxFolderSelectError as error:
        raise no_folder(link, error) from None
    except (*LOST, *REFUSED) as error:
        raise explain(error, config, "imap") from None
    finally:
        link.close()


def folder_names(box: BaseMailBox) -> list[str]:
    return [info.name for info in box.folder.list() if "\\Noselect" not in info.flags]


def no_folder(link: Link, error: MailboxFolderSelectError) -> MailIOError:
    """Why the folder could not be opened, with the names that come nearest."""
    names: list[str] = []
    with contextlib.suppress(*LOST, *REFUSED):
        names = folder_names(link.connect())
    if link.folder in names:
        return link.config.error("server_refused", detail=link.config.clean(words_of(error)))
    near = difflib.get_close_matches(link.folder, names, 3, 0.3) or names[:5]
    return link.config.error("folder_not_found", folder=link.folder, nearest=", ".join(near) or "–")


def imap_date(day: date) -> str:
    return f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"
