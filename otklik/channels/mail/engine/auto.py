"""Is a mail written by a machine, and which one: a bounce, an automatic answer, a mailing list.

A machine's mail is stored and shown, but never answered automatically (RFC 3834). A person's mail
with an unlucky subject («Не доставлено!») is no bounce: a bounce needs a daemon behind it.
"""

from __future__ import annotations

import re

from otklik.channels.mail.engine.charset import decode
from otklik.channels.mail.engine.headers import Headers, message_ids, unfold
from otklik.channels.mail.engine.mime import Part, content
from otklik.channels.mail.engine.model import Auto, Bounce

DAEMON = re.compile(
    r"^(?:mailer[-_.]?daemon|mail[-_.]?daemon|postmaster|mailerdaemon|bounce[sd]?|ndr|mdaemon)(?:[+@.-]|$)",
    re.I,
)
DAEMON_NAME = re.compile(
    r"mail delivery (?:sub)?system|mail delivery system|система доставки|delivery subsystem", re.I
)
BOUNCE_SUBJECT = re.compile(
    r"undeliver|returned mail|returned to sender|delivery (?:status notification|failure|has failed|"
    r"failed|problem)|"
    r"failure notice|mail delivery (?:failed|failure)|delivery notification|could not be delivered|not "
    r"delivered|"
    r"mail system error|message (?:could not|not) |nondeliverable|unzustellbar|non remis|"
    r"не\s?доставлен|недоставлен|не удалось доставить|ошибк[аи] доставки|возврат(?:ено)? (?:письма|"
    r"отправителю)|"
    r"невозможно доставить|не может быть доставлен|уведомление о (?:доставке|недоставке|состоянии доставки)",
    re.IGNORECASE,
)
BOUNCE_TEXT = re.compile(
    r"this is the (?:qmail-send program|mail system at host)|created automatically by mail delivery software|"
    r"delivery to the following recipients? failed|permanent(?:ly)? (?:error|failure|fatal errors)|"
    r"could not be delivered|wasn't delivered|couldn't be delivered|undeliverable|"
    r"не (?:было|было|может быть|удалось) доставлен|не удалось доставить|доставка .{0,80}не удалась|не "
    r"доставлено|"
    r"к сожалению, (?:ваше )?(?:письмо|сообщение) не|"
    r"user unknown|no such user|mailbox (?:unavailable|full|not found)|invalid mailbox",
    re.IGNORECASE,
)
DELAYED = re.compile(
    r"delayed|will (?:be retried|keep trying)|warning: could not send|задержк|задерживается|попытки "
    r".{0,30}продолж",
    re.I,
)
AUTO_SUBJECT = re.compile(
    r"^(?:автоответ(?:чик)?|автоматический ответ|автоматичний? відповідь|autoreply|auto[- ]?reply|"
    r"auto[- ]response|"
    r"automatic reply|automatische antwort|réponse automatique|risposta automatica|respuesta automática|"
    r"out of (?:the )?office|abwesenheitsnotiz|abwesend|нет на рабочем месте|нет на месте|вне "
    r"офиса)\s*(?:[:.!(]|$|-\s|до\s|с\s\d)|"
    r"^(?:out of (?:the )?office|abwesenheitsnotiz)\b|"
    r"^я (?:сейчас )?(?:нахожусь )?(?:в отпуске|на больничном|в командировке)\s*(?:[.!]*$|(?:до|с|"
    r"по)\s[\d.\sа-яё-]{1,40}[.!]?$)",
    re.IGNORECASE,
)
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
CODE = re.compile(r"(?<!\d)(?:5\d\d)[\s-]+\S.{3,300}")
RETURNED_ID = re.compile(
    rb"^[>\s]*message-id:\s*(?:\r?\n[>\s]*)?<([^<>\s]{3,250})>", re.IGNORECASE | re.MULTILINE
)
RECIPIENT = re.compile(r"<([^<>\s@]{1,64}@[^<>\s]{1,255})>")
RETURNED_KINDS = (
    "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers",
)  # fmt: skip
REPORTED_IDS = ("x-original-message-id", "original-message-id")
MAX_SCAN = 300_000


def classify(root: Part, text: str, subject: str, sender: str, name: str) -> tuple[Auto, Bounce | None]:
    """Kind of mail, and what its delivery report says (also for delays, which are no bounces)."""
    headers = root.headers
    report = _report(root)
    if report is not None:
        return ("bounce" if report.action == "failed" else "auto_reply"), report
    if _is_receipt(root):
        return "auto_reply", None
    if _is_plain_bounce(headers, text, subject, sender, name):
        found = _from_text(root, text)
        return ("bounce" if found.action == "failed" else "auto_reply"), found
    if _is_auto_reply(headers, subject):
        return "auto_reply", None
    if _is_list(headers):
        return "list", None
    if sender and DAEMON.match(sender):
        return "auto_reply", None
    return "none", None


def _parts(root: Part) -> list[Part]:
    out, waiting = [], [root]
    while waiting:
        part = waiting.pop()
        out.append(part)
        waiting.extend(reversed(part.children))
    return out


def _report(root: Part) -> Bounce | None:
    """An RFC 3464 report, wherever its part stands."""
    for part in _parts(root):
        if part.kind in ("message/delivery-status", "message/global-delivery-status"):
            return _delivery_status(root, decode(content(part, [])[:MAX_SCAN]).text)
    return None


def _delivery_status(root: Part, text: str) -> Bounce:
    flat = unfold_lines(text)
    fields: dict[str, list[str]] = {}
    for line in flat.split("\n")[:5000]:
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), []).append(value.strip())
    actions = [value.lower().split()[0] for value in fields.get("action", []) if value]
    statuses = [match[1] for value in fields.get("status", []) if (match := STATUS.search(value))]
    failed = "failed" in actions or (not actions and any(s.startswith("5") for s in statuses))
    action = "failed" if failed else (actions[0] if actions else "failed")
    people = fields.get("original-recipient", []) + fields.get("final-recipient", [])
    return Bounce(
        action=action,
        recipients=_unique([value.rpartition(";")[2].strip(" <>") for value in people]),
        status=next((s for s in statuses if s.startswith("5")), statuses[0] if statuses else ""),
        diagnostic=next(iter(fields.get("diagnostic-code", [])), "")[:1000],
        message_id=_returned_id(root, "", fields),
    )


def unfold_lines(text: str) -> str:
    return re.sub(r"\n[ \t]+", " ", text.replace("\r\n", "\n"))


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.lower() for value in values if "@" in value))[:100]


def _is_receipt(root: Part) -> bool:
    """A read receipt (RFC 8098): automatic, but nothing has failed."""
    wanted = "disposition-notification"
    return root.params.get("report-type", "").lower() == wanted or any(
        part.kind == f"message/{wanted}" for part in _parts(root)
    )


def _is_plain_bounce(headers: Headers, text: str, subject: str, sender: str, name: str) -> bool:
    """Programs that write their report as a letter: qmail, old Exim, Exchange, Yandex, Mail.ru."""
    if headers.raw("x-failed-recipients"):
        return True
    daemon = bool(
        DAEMON.match(sender) or (not sender and DAEMON_NAME.search(name)) or DAEMON_NAME.search(name)
    )
    worded = bool(BOUNCE_SUBJECT.search(subject)) or bool(BOUNCE_TEXT.search(text[:5000]))
    if daemon:
        return worded
    return (
        _null_path(headers) and bool(BOUNCE_SUBJECT.search(subject)) and bool(BOUNCE_TEXT.search(text[:5000]))
    )


def _null_path(headers: Headers) -> bool:
    return any(value.strip() == b"<>" for value in headers.all("return-path"))


def _from_text(root: Part, text: str) -> Bounce:
    named = unfold(root.headers.raw("x-failed-recipients").decode("utf-8", "replace"))
    people = [item.strip() for item in named.split(",")] if named else RECIPIENT.findall(text[:20000])
    status, code = STATUS.search(text[:20000]), CODE.search(text[:20000])
    delayed = bool(DELAYED.search(text[:5000])) and not code and not (status and status[1].startswith("5"))
    return Bounce(
        action="delayed" if delayed else "failed",
        recipients=_unique(people)[:20],
        status=status[1] if status else "",
        diagnostic=re.sub(r"\s+", " ", code[0]).strip() if code else "",
        message_id=_returned_id(root, text),
    )


def _returned_id(root: Part, text: str, report: dict[str, list[str]] | None = None) -> str | None:
    """Message-ID of the mail that came back: from the returned part, the text, the report, the threading."""
    returned = [p for p in _parts(root) if p.kind in RETURNED_KINDS or p.filename.lower().endswith(".eml")]
    texts = [p for p in _parts(root) if p.kind.startswith("text/") and not p.children]
    blocks = [content(part, [])[:MAX_SCAN] for part in returned + texts]
    for block in [*blocks, text[:MAX_SCAN].encode("utf-8", "replace")]:
        found = RETURNED_ID.search(block)
        if found:
            return found[1].decode("utf-8", "replace")
    told = [value.encode() for name in REPORTED_IDS for value in (report or {}).get(name, [])]  # Gmail
    told += [root.headers.raw(field) for field in ("in-reply-to", "references", *REPORTED_IDS)]
    return next((ids[-1] for value in told if (ids := message_ids(value))), None)


def _is_auto_reply(headers: Headers, subject: str) -> bool:
    submitted = headers.plain("auto-submitted").partition(";")[0].strip()
    listed = _is_list(headers)
    if submitted.startswith("auto") and not (submitted == "auto-generated" and listed):
        return True
    for name in (
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-auto-reply",
        "x-autogenerated",
        "x-mail-autoreply",
    ):
        value = headers.plain(name)
        if value and value not in ("no", "false", "0"):
            return True
    if headers.plain("precedence") in ("auto_reply", "auto-reply", "junk"):
        return True
    if headers.plain("x-precedence") in ("auto_reply", "auto-reply"):
        return True
    asked = re.split(r"[\s,;]+", headers.plain("x-auto-response-suppress"))
    if not listed and {"all", "oof", "autoreply"} & set(asked):
        return True
    return bool(AUTO_SUBJECT.match(subject.strip()))


def _is_list(headers: Headers) -> bool:
    if any(
        headers.raw(name)
        for name in ("list-id", "list-unsubscribe", "list-post", "x-mailing-list", "mailing-list")
    ):
        return True
    return headers.plain("precedence") in ("list", "bulk")
