"""`parse(raw)`: bytes of a mail to `ParsedMail`. Pure, replayable, never raises whatever the bytes."""

from __future__ import annotations

import hashlib
import re

from otklik.channels.mail.engine.addresses import addresses
from otklik.channels.mail.engine.auto import classify
from otklik.channels.mail.engine.body import Body, collect
from otklik.channels.mail.engine.charset import decode
from otklik.channels.mail.engine.dates import parse_date
from otklik.channels.mail.engine.headers import Headers, decode_words, message_ids, read_headers
from otklik.channels.mail.engine.mime import Part, Trouble, read_tree
from otklik.channels.mail.engine.model import Address, ParsedMail, Problem
from otklik.channels.mail.engine.reply import cut

MAX_RAW = 64 * 1024 * 1024
MAX_PROBLEMS = 30
LINE_END = re.compile(rb"\r*\n|\r")
SURROGATE = re.compile(r"[\ud800-\udfff]")


def parse(raw: bytes) -> ParsedMail:
    """Read a mail. What is wrong with it is told in `problems`; nothing is a reason to fail."""
    try:
        return _parse(raw)
    except Exception as error:  # the promise of this module; the fault is reported, not hidden
        return _plain(raw, type(error).__name__)


def raw_key(raw: bytes) -> str:
    """Key under which a raw mail is stored once: Message-ID and a hash of the body, or a hash of it all.

    The same mail fetched twice, with other line ends or trailing blank lines, has the same key; another
    mail under a stolen or repeated Message-ID has not.
    """
    try:
        data = _lines(raw)
        headers, start = read_headers(data)
        ids = message_ids(headers.raw("message-id"))
        if ids:
            return f"{ids[0][:250]}#{hashlib.sha256(data[start:].strip()).hexdigest()[:32]}"
        return f"sha256:{hashlib.sha256(data.strip()).hexdigest()}"
    except Exception:  # same promise as parse
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _lines(raw: bytes) -> bytes:
    """Line ends as `\\n`: old Mac files have lone CR only, broken gateways write CR CR LF."""
    if b"\r" not in raw:
        return raw
    if b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    return raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")


def _readable(raw: bytes) -> bytes:
    """`raw` itself unless its line ends hide the headers: attached files keep every byte they came with."""
    first = LINE_END.search(raw)
    if first is None or first[0] in (b"\n", b"\r\n"):
        return raw
    return _lines(raw) if first[0] != b"\r" else raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _parse(raw: bytes) -> ParsedMail:
    troubles: list[Trouble] = []
    if len(raw) > MAX_RAW:
        troubles.append(("too_large", str(MAX_RAW)))
        raw = raw[:MAX_RAW]
    if not raw.strip():
        troubles.append(("empty", ""))
    root = read_tree(_readable(raw), troubles)
    if raw.strip() and not root.headers.fields:
        troubles.append(("no_headers", ""))
    body = collect(root)
    html = body.html()
    troubles += body.troubles
    return _assemble(root, body, html, troubles)


def _assemble(root: Part, body: Body, html: str | None, troubles: list[Trouble]) -> ParsedMail:
    headers = root.headers
    sender = _sender(headers, troubles)
    subject = headers.text("subject")
    full = _clean(body.text())
    auto, bounce = classify(root, full, subject, sender.key if sender else "", sender.name if sender else "")
    # A report is its own text: its "quote" is the very thing it tells.
    text, quoted = (full.strip("\n"), "") if bounce else cut(full)
    ids = message_ids(headers.raw("message-id"))
    if not ids:
        troubles.append(("no_message_id", ""))
    to, cc, reply_to = (addresses(headers, name) for name in ("to", "cc", "reply-to"))
    answered = message_ids(headers.raw("in-reply-to"))
    date = _date(headers, troubles)
    return ParsedMail(
        sender=_clean_person(sender) if sender else None,
        to=tuple(_clean_person(person) for person in to),
        cc=tuple(_clean_person(person) for person in cc),
        reply_to=tuple(_clean_person(person) for person in reply_to),
        subject=_clean(subject)[:2000],
        date=date,
        message_id=_clean(ids[0]) if ids else None,
        in_reply_to=_clean(answered[0]) if answered else None,
        references=_references(headers),
        text=text,
        quoted=quoted,
        html=_clean(html) if html else None,
        attachments=tuple(body.files),
        auto=auto,
        bounce_of=bounce.message_id if bounce and auto == "bounce" else None,
        bounce=bounce,
        problems=_problems(troubles, root),
        content_hash=_content_hash(full, body),
    )


def _clean(text: str) -> str:
    """No lone surrogates and no NULs: databases and UTF-8 refuse them."""
    return SURROGATE.sub("\ufffd", text).replace("\x00", "")


def _clean_person(person: Address) -> Address:
    return Address(_clean(person.name), _clean(person.address))


def _sender(headers: Headers, troubles: list[Trouble]) -> Address | None:
    found = addresses(headers, "from")
    if found:
        return next((person for person in found if person.address), found[0])
    troubles.append(("no_from", ""))
    return None


def _date(headers: Headers, troubles: list[Trouble]) -> str | None:
    text = decode_words(headers.raw("date"))[0]
    date, trouble = parse_date(text)
    if trouble:
        troubles.append((trouble, _clean(text)[:80] if trouble == "bad_date" else ""))
    return date


def _references(headers: Headers) -> tuple[str, ...]:
    ids = [item for value in headers.all("references") for item in message_ids(value)]
    return tuple(dict.fromkeys(_clean(item) for item in ids))


def _problems(troubles: list[Trouble], root: Part) -> tuple[Problem, ...]:
    """Each code once, in the order met; headers of every part are asked."""
    waiting, found = [root], list(troubles)
    while waiting:
        part = waiting.pop()
        found += part.headers.troubles
        waiting.extend(part.children)
    first: dict[str, str] = {}
    for code, detail in found:
        first.setdefault(code, detail)
    return tuple(Problem(code, _clean(detail)) for code, detail in list(first.items())[:MAX_PROBLEMS])


def _content_hash(full: str, body: Body) -> str:
    digest = hashlib.sha256(" ".join(full.split()).encode("utf-8", "replace"))
    for item in sorted(item.sha256 for item in body.files):
        digest.update(item.encode("ascii"))
    return digest.hexdigest()


def _plain(raw: bytes, fault: str) -> ParsedMail:
    """The last resort: the bytes as text, so that no mail is ever lost."""
    text = _clean(decode(raw[:200_000]).text)
    return ParsedMail(
        sender=None, to=(), cc=(), reply_to=(), subject="", date=None, message_id=None, in_reply_to=None,
        references=(), text=text, quoted="", html=None, attachments=(), auto="none", bounce_of=None,
        bounce=None,
        problems=(Problem("fault", fault),), content_hash=hashlib.sha256(raw).hexdigest(),
    )  # fmt: skip
