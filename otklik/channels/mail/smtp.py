"""Sending a mail once and saying honestly what became of it. No Django.

The standard library's smtplib speaks, command by command. aiosmtplib's `data()` raises the same exception
whether the line broke before or after the end of the mail had left, and that is the one question that
decides between "safe to try again" and "uncertain"; here the final dot is a step of its own.
"""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.parser import BytesHeaderParser

from otklik.channels.mail.imap_link import ImapConfig, Link, linked
from otklik.channels.mail.sasl import (
    NEEDS_A_PERSON,
    MailAccount,
    MailIOError,
    explain,
    login_error,
    plain_base64,
    refuse_control_characters,
    tls_context,
    usual_ports,
    words_of,
    xoauth2_base64,
)
from otklik.channels.mail.smtp_build import build
from otklik.channels.protocol import CheckResult, Found, SendResult, SendState

__all__ = [
    "ACCOUNT_CODES",
    "MailSendResult",
    "RefusedRecipient",
    "SmtpConfig",
    "append_sent",
    "build",
    "check",
    "find_sent",
    "send",
]

# A REJECTED with one of these is about the account, not the mail: pause the account, keep its queue
ACCOUNT_CODES = NEEDS_A_PERSON - {"bad_header", "bad_address"} | {"server_refused"}
CHECK_TIMEOUT = 10.0  # a person waits for the answer
DEFAULT_WAIT = 300.0  # seconds: the usual length of a grey list
_ADDRESS = re.compile(r"[^\s<>\"(),:;\\@\x00-\x1f\x7f]+@[^\s<>\"(),:;\\@\x00-\x1f\x7f]+")
_THROTTLE = re.compile(
    r"\b4\.7\.\d+|gr[ea]y.?list|try again|too (many|fast|much)|rate|limit|throttl|busy", re.I
)
_SEARCHABLE = re.compile(r"<[!#-;=?-\[\]-~]+>")  # an id without quote, backslash, space or control
_WAIT = re.compile(r"(\d+)\s*(s|sec|m|min|h|hour)[a-z]*\b", re.I)
_UNIT = {"s": 1, "m": 60, "h": 3600}
_LOST = (smtplib.SMTPException, OSError, EOFError)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpConfig(MailAccount):
    port: int = 465
    helo: str = ""  # our name; "" = the domain of `user`
    final_timeout: float = 120.0  # seconds for the answer after the mail: the server may scan it first


@dataclass(frozen=True, slots=True)
class RefusedRecipient:
    address: str
    state: SendState  # REJECTED for good, RETRY or THROTTLED: may be tried again for this one
    detail: str


@dataclass(frozen=True, slots=True)
class MailSendResult(SendResult):
    """`external_id` is the Message-ID. SENT with `refused` (code "partial"): some did not get it."""

    refused: tuple[RefusedRecipient, ...] = field(default=())


def send(config: SmtpConfig, raw: bytes, mail_from: str, rcpt_to: list[str]) -> MailSendResult:
    """One attempt, one honest answer; never raises for anything the network or the server does.

    Before the end of the mail was sent nothing can have been accepted: RETRY, THROTTLED or REJECTED.
    After it a lost or unreadable answer is UNCERTAIN. `mail_from` "" is the empty sender of automatic
    mails.
    """
    message_id = str(BytesHeaderParser().parsebytes(raw).get("Message-ID", "")).strip()
    try:
        smtp = _connect(config)
    except MailIOError as error:
        state = SendState.REJECTED if error.permanent else SendState.RETRY
        if error.code == "server_refused" and not error.permanent:
            state = SendState.THROTTLED
        wait = DEFAULT_WAIT if state is SendState.THROTTLED else None
        result = MailSendResult(state, code=error.code, detail=error.sentence, retry_after=wait)
    else:
        try:
            result = _Transfer(config, smtp).run(raw, mail_from, rcpt_to)
        finally:
            _quit(smtp)
    return replace(result, external_id=message_id)


class _Transfer:
    """MAIL, RCPT, DATA over an open connection."""

    def __init__(self, config: SmtpConfig, smtp: smtplib.SMTP) -> None:
        self.config = config
        self.smtp = smtp
        self.refused: list[RefusedRecipient] = []

    def run(self, raw: bytes, mail_from: str, rcpt_to: list[str]) -> MailSendResult:
        body = re.sub(rb"(?m)^\.", b"..", re.sub(rb"\r\n|\r|\n", b"\r\n", raw))
        body += b"" if body.endswith(b"\r\n") else b"\r\n"
        try:
            failed = self._envelope(mail_from, rcpt_to, len(body)) or self._say(
                "message_refused", 354, "DATA"
            )
            if failed:
                return failed
            self.smtp.send(body)
        except _LOST as error:
            trouble = explain(error, self.config, "smtp")
            return MailSendResult(SendState.RETRY, code=trouble.code, detail=trouble.sentence)
        return self._finish()

    def _envelope(self, mail_from: str, rcpt_to: list[str], size: int) -> MailSendResult | None:
        sender = _wire(self.smtp, mail_from) if mail_from else ""
        if sender is None:
            return self._bad(mail_from)
        options = f" SIZE={size}" if self.smtp.has_extn("size") else ""
        options += " SMTPUTF8" if not sender.isascii() else ""
        failed = self._say("sender_refused", 250, f"MAIL FROM:<{sender}>{options}")
        if failed:
            return failed
        answers = [self._recipient(address) for address in dict.fromkeys(rcpt_to)]
        if None in answers:
            return None
        # nobody is left: the mildest answer, because one that may be tried again decides for all
        order = [SendState.THROTTLED, SendState.RETRY, SendState.REJECTED]
        worst = [answer for answer in answers if answer is not None]
        worst.sort(key=lambda answer: order.index(answer.state))
        return replace(worst[0], refused=tuple(self.refused)) if worst else self._bad("")

    def _recipient(self, address: str) -> MailSendResult | None:
        wire = _wire(self.smtp, address)
        answer = (
            self._bad(address) if wire is None else self._say("recipient_refused", 250, f"RCPT TO:<{wire}>")
        )
        if answer is not None:
            self.refused.append(RefusedRecipient(address, answer.state, answer.detail))
        return answer

    def _bad(self, address: str) -> MailSendResult:
        sentence = self.config.say("bad_address", address=self.config.clean(address))
        return MailSendResult(SendState.REJECTED, code="bad_address", detail=sentence)

    def _say(self, code: str, wanted: int, command: str) -> MailSendResult | None:
        number, words = self.smtp.docmd(command)
        if number == wanted or (wanted == 250 and number in (251, 252)):  # noqa: PLR2004
            return None
        _whole(number)
        return self._refusal(code, number, words)

    def _finish(self) -> MailSendResult:
        """The final dot. From here on only a clear answer is believed."""
        refused = tuple(self.refused)
        try:
            if self.smtp.sock is not None:
                self.smtp.sock.settimeout(max(self.config.timeout, self.config.final_timeout))
            self.smtp.send(b".\r\n")
            number, words = self.smtp.getreply()
        except _LOST as error:
            said = self.config.clean(words_of(error))
            return MailSendResult(SendState.UNCERTAIN, code="answer_lost", detail=said, refused=refused)
        said = self.config.clean(b"%d %s" % (number, words))
        family = number // 100
        if family in (4, 5):
            return replace(self._refusal("message_refused", number, words), refused=refused)
        if family != 2:  # noqa: PLR2004
            return MailSendResult(SendState.UNCERTAIN, code="answer_unreadable", detail=said, refused=refused)
        if refused:
            said = "; ".join(f"{one.address}: {one.detail}" for one in refused)
        return MailSendResult(SendState.SENT, code="partial" if refused else "", detail=said, refused=refused)

    def _refusal(self, code: str, number: int, words: bytes) -> MailSendResult:
        said = self.config.clean(b"%d %s" % (number, words))
        if number >= 500:  # noqa: PLR2004
            large = number == 552 or re.search(r"\b5\.3\.4\b", said)  # noqa: PLR2004
            return MailSendResult(SendState.REJECTED, code="too_large" if large else code, detail=said)
        if number == 421 or _THROTTLE.search(said):  # noqa: PLR2004
            return MailSendResult(SendState.THROTTLED, code="throttled", detail=said, retry_after=_wait(said))
        return MailSendResult(SendState.RETRY, code="deferred", detail=said)


def _whole(number: int) -> None:
    """A line cut in the middle of its number is a lost connection, not an answer."""
    if not 200 <= number <= 599:  # noqa: PLR2004
        raise smtplib.SMTPServerDisconnected("unreadable answer")


def _wait(said: str) -> float:
    found = _WAIT.search(said)
    return float(found[1]) * _UNIT[found[2][0].lower()] if found else DEFAULT_WAIT


def _wire(smtp: smtplib.SMTP, address: str) -> str | None:
    """The address as a command may carry it; None if it cannot be sent."""
    if not _ADDRESS.fullmatch(address):
        return None
    local, _, domain = address.rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return None
    if local.isascii():
        return f"{local}@{domain}"
    if not smtp.has_extn("smtputf8"):
        return None
    smtp.command_encoding = "utf-8"
    return f"{local}@{domain}"


def _connect(config: SmtpConfig) -> smtplib.SMTP:
    """Connected, encrypted, signed in; raises MailIOError."""
    refuse_control_characters(config)
    smtp: smtplib.SMTP | None = None
    try:
        smtp = _greeted(config)
        if config.security == "starttls":
            if not smtp.has_extn("starttls"):
                raise config.error("starttls_missing", usual=usual_ports("smtp"))
            smtp.starttls(context=tls_context(config))
            smtp.ehlo_or_helo_if_needed()
        if config.user:
            _authenticate(smtp, config)
        return smtp
    except smtplib.SMTPConnectError as error:
        raise _greeting_error(error, config) from None
    except (*_LOST, UnicodeError, MailIOError) as error:
        if smtp is not None:
            smtp.close()
        raise explain(error, config, "smtp") from None


def _greeted(config: SmtpConfig) -> smtplib.SMTP:
    helo = config.helo or config.user.rpartition("@")[2].lower()
    helo = helo if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", helo) else "[127.0.0.1]"
    smtp: smtplib.SMTP
    if config.security == "tls":
        context = tls_context(config)
        smtp = smtplib.SMTP_SSL(config.host, config.port, helo, timeout=config.timeout, context=context)
    else:
        smtp = smtplib.SMTP(config.host, config.port, helo, timeout=config.timeout)
    smtp.ehlo_or_helo_if_needed()
    return smtp


def _greeting_error(error: smtplib.SMTPConnectError, config: SmtpConfig) -> MailIOError:
    said = config.clean(words_of(error))
    if error.smtp_code < 0:
        return config.error("not_smtp", detail=said.removeprefix("-1 "), usual=usual_ports("smtp"))
    if error.smtp_code < 200:  # noqa: PLR2004 - the greeting was cut in the middle of its number
        return config.error("connection_lost")
    # RFC 5321: 554 instead of a greeting means this server will not serve us, now or later
    return MailIOError("server_refused", config.say("server_refused", detail=said), error.smtp_code >= 500)  # noqa: PLR2004


def _authenticate(smtp: smtplib.SMTP, config: SmtpConfig) -> None:
    """XOAUTH2 is tried even where it is not announced; PLAIN before LOGIN."""
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if config.auth == "xoauth2":
        number, words = smtp.docmd("AUTH", "XOAUTH2 " + xoauth2_base64(config))
        if number == 334:  # noqa: PLR2004 - the reason of a refusal, which wants an empty answer
            number, words = smtp.docmd("")
    elif "PLAIN" in offered or "LOGIN" not in offered:
        if not offered and config.security == "none" and smtp.has_extn("starttls"):
            raise config.error("login_needs_tls")
        number, words = smtp.docmd("AUTH", "PLAIN " + plain_base64(config))
    else:
        number, words = smtp.docmd("AUTH", "LOGIN")
        for part in (config.user, config.secret):
            if number == 334:  # noqa: PLR2004
                number, words = smtp.docmd(base64.b64encode(part.encode()).decode())
    _whole(number)
    if number in (235, 503):  # 503: signed in already
        return
    if number in (530, 538):
        raise config.error("login_needs_tls")
    raise login_error(config, b"%d %s" % (number, words), temporary=number // 100 == 4)  # noqa: PLR2004


def _quit(smtp: smtplib.SMTP) -> None:
    """Politeness only: the result stands already, and a silent server may not hold it up."""
    with contextlib.suppress(*_LOST):
        if smtp.sock is not None:
            smtp.sock.settimeout(2)
        smtp.quit()
    smtp.close()


def check(config: SmtpConfig, sender: str = "") -> CheckResult:
    """The test behind the form: connects, signs in and asks whether `sender` may send; sends nothing."""
    config = replace(config, timeout=min(config.timeout, CHECK_TIMEOUT))
    try:
        with _session(config) as smtp:
            size = smtp.esmtp_features.get("size", "").strip()
            facts = {"max_size": int(size) if size.isdigit() else None}
            wire = _wire(smtp, sender) if sender else ""
            number, words = smtp.docmd(f"MAIL FROM:<{wire}>") if wire else (250, b"")
            if number != 250:  # noqa: PLR2004
                error = config.error("server_refused", detail=config.clean(b"%d %s" % (number, words)))
                return CheckResult(False, "sender_refused", error.sentence, facts)
            return CheckResult(True, "ok", config.say("ok"), facts)
    except MailIOError as error:
        return CheckResult(False, error.code, error.sentence)


@contextlib.contextmanager
def _session(config: SmtpConfig) -> Iterator[smtplib.SMTP]:
    smtp = _connect(config)
    try:
        yield smtp
    except _LOST as error:
        raise explain(error, config, "smtp") from None
    finally:
        _quit(smtp)


def find_sent(
    config: ImapConfig, message_id: str, folders: Iterable[str] = (), *, server_files_sent: bool = False
) -> Found:
    """Look for one of our mails, by default in the folder marked \\Sent.

    ABSENT only with `server_files_sent` (Gmail, Yandex, Mail.ru, Microsoft 365: the server itself files
    what it accepted by SMTP); elsewhere an empty folder proves nothing: CANNOT_TELL. Failures too are
    CANNOT_TELL. A provider may file with a delay: ask some minutes after the attempt.
    """
    if not _SEARCHABLE.fullmatch(message_id):
        return Found.CANNOT_TELL
    try:
        with linked(config) as link:
            places = list(folders) or [link.sent_folder()]
            if not all(places):
                return Found.CANNOT_TELL
            if any(_holds(link, place, message_id) for place in places):
                return Found.FOUND
    except MailIOError:
        return Found.CANNOT_TELL
    return Found.ABSENT if server_files_sent else Found.CANNOT_TELL


def _holds(link: Link, folder: str, message_id: str) -> bool:
    link.open(folder)
    return bool(link.search(f'HEADER Message-ID "{message_id}"'))


def append_sent(config: ImapConfig, raw: bytes, when: datetime, folder: str = "") -> str:
    """File a copy of a sent mail, read, once; the folder's name, or "" if the mailbox has no such folder.

    Raises MailIOError. For servers that do not file by themselves.
    """
    message_id = str(BytesHeaderParser().parsebytes(raw).get("Message-ID", "")).strip()
    with linked(config) as link:
        place = folder or link.sent_folder()
        if place and not (_SEARCHABLE.fullmatch(message_id) and _holds(link, place, message_id)):
            link.connect().append(raw, place, when, ["\\Seen"])
        return place
