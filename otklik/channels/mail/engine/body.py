"""From the tree of parts to text, HTML and files."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from html import escape

from otklik.channels.mail.engine.charset import decode
from otklik.channels.mail.engine.headers import decode_words
from otklik.channels.mail.engine.html import sanitise
from otklik.channels.mail.engine.htmltext import html_to_text
from otklik.channels.mail.engine.mime import Part, Trouble, content, uu_lines
from otklik.channels.mail.engine.model import Attachment
from otklik.channels.mail.engine.sniff import VAGUE, safe_filename, sniff
from otklik.channels.mail.engine.tnef import Tnef, read_tnef

MAX_TEXT = 1_000_000  # characters of one body
TNEF_KINDS = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
IGNORED = frozenset(("text/x-amp-html", "text/watch-html"))
BODY_KINDS = frozenset(
    ("text/plain", "text/html", "text/enriched", "text/richtext", "text/x-markdown", "text/markdown")
)
EMPTY_PLAIN = re.compile(
    r"(?:your (?:e-?mail|mail) (?:client|program|reader)|почтов(?:ый|ая) (?:клиент|программа)|html[- "
    r"](?:format|compatible|"
    r"capable|enabled)|не поддерживает html|view (?:this|it) in (?:a |your )?browser|в формате html)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Body:
    """What was collected while walking. A text segment is (plain, html or None)."""

    segments: list[tuple[str, str | None]] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    calendar: str = ""

    def text(self) -> str:
        found = [plain.strip("\n") for plain, _ in self.segments if plain.strip()]
        return "\n\n".join(found) or self.calendar

    def html(self) -> str | None:
        """Sanitised HTML of all segments in order; None when no segment has any."""
        if not any(html for _, html in self.segments):
            return None
        out = []
        for plain, html in self.segments:
            if not html and not plain.strip():
                continue
            clean = (
                sanitise(html)
                if html
                else f'<div style="white-space:pre-wrap">{escape(plain, quote=False)}</div>'
            )
            if clean is None:
                self.troubles.append(("html_too_large", ""))
                return None
            out.append(clean)
        return "\n".join(piece for piece in out if piece) or None


def collect(root: Part) -> Body:
    body = Body()
    _walk(root, body, related=False)
    return body


def _walk(part: Part, body: Body, *, related: bool) -> None:
    """Depth is bounded by mime.MAX_DEPTH."""
    if part.kind == "multipart/alternative" and part.children:
        _alternative(part, body)
    elif part.kind == "multipart/related" and part.children:
        root = _related_root(part)
        _walk(root, body, related=False)
        for child in part.children:
            if child is not root:
                _walk(child, body, related=True)
    elif part.children:
        for child in part.children:
            _walk(child, body, related=related)
    else:
        _leaf(part, body, related=related)


def _related_root(part: Part) -> Part:
    start = part.params.get("start", "").strip("<> ")
    named = next((child for child in part.children if start and child.content_id == start), None)
    texts = (child for child in part.children if child.kind.startswith(("text/", "multipart/")))
    return named or next(texts, part.children[0])


def _alternative(part: Part, body: Body) -> None:
    """Plain text if it has substance, otherwise the text of the HTML; files of every branch stay."""
    branches: list[Body] = []
    for child in part.children:
        branch = Body()
        _walk(child, branch, related=False)
        branches.append(branch)
    plain = html = ""
    for branch in branches:
        marked = [item for _, item in branch.segments if item]
        if marked:
            html = html or "\n".join(marked)
        else:
            plain = plain or branch.text()
        body.files.extend(branch.files)
        body.troubles.extend(branch.troubles)
        body.calendar = body.calendar or branch.calendar
    if not html:
        if plain:
            body.segments.append((plain, None))
        return
    shown = next((text for branch in branches for text, item in branch.segments if item and text.strip()), "")
    body.segments.append((plain if _has_substance(plain, shown) else shown or plain, html))


def _has_substance(plain: str, shown: str) -> bool:
    """Not empty, not «your program cannot show HTML», not a stub of a much longer HTML text."""
    words, other = plain.split(), shown.split()
    if not words:
        return False
    if len(words) < 60 and EMPTY_PLAIN.search(plain) and len(other) > len(words):
        return False
    if plain.lstrip()[:200].lower().startswith(("<!doctype html", "<html")):
        return False
    return not (len(words) * 10 < len(other) and len(other) > 30)


def _leaf(part: Part, body: Body, *, related: bool) -> None:
    if part.kind in IGNORED:
        return
    data = content(part, body.troubles)
    if part.kind in TNEF_KINDS or part.filename.lower() == "winmail.dat":
        _tnef(part, data, body)
    elif _is_body(part, related):
        _text(part, data, body)
    else:
        if part.kind == "text/calendar":
            body.calendar = body.calendar or _calendar_text(decode(data, part.params.get("charset")).text)
        _file(part, data, body, related=related)


def _is_body(part: Part, related: bool) -> bool:
    if part.kind not in BODY_KINDS or part.disposition == "attachment" or part.filename:
        return False
    return not (related and part.content_id)


def _text(part: Part, data: bytes, body: Body) -> None:
    found = decode(data, part.params.get("charset"))
    if found.trouble:
        body.troubles.append((found.trouble, part.params.get("charset", "")))
    text = found.text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if len(text) > MAX_TEXT * (2 if part.kind == "text/html" else 1):
        body.troubles.append(("text_too_large", ""))
        text = text[: MAX_TEXT * (2 if part.kind == "text/html" else 1)]
    if part.kind == "text/html":
        body.segments.append((html_to_text(text), text))
        return
    if part.kind in ("text/enriched", "text/richtext"):
        text = re.sub(r"</?[A-Za-z][A-Za-z0-9-]{0,60}>", "", text)
    if part.params.get("format", "").lower() == "flowed":
        text = unflow(text, delsp=part.params.get("delsp", "").lower() == "yes")
    text = _uuencoded(text, body)
    body.segments.append((text, None))


def unflow(text: str, *, delsp: bool) -> str:
    """RFC 3676: join flowed lines of one quote depth; the signature mark `-- ` never flows."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:]
        words = words.removeprefix(" ")
        flows = words.endswith(" ") and words != "-- "
        kept = words[:-1] if flows and delsp else words
        if open_depth == depth and words != "-- ":
            out[-1] += kept
        else:
            out.append(f"{'>' * depth}{' ' if depth else ''}{kept}")
        open_depth = depth if flows else -1
    return "\n".join(line if line == "-- " else line.rstrip(" ") for line in out)


UU_BEGIN = re.compile(r"^begin(?:-base64)? [0-7]{3,4} (\S.{0,200})$")


def _uuencoded(text: str, body: Body) -> str:
    """Take uuencoded files out of the text; damaged ones stay where they are."""
    if "\nbegin " not in f"\n{text}":
        return text
    lines = text.split("\n")
    out: list[str] = []
    place = 0
    while place < len(lines):
        match = UU_BEGIN.match(lines[place].rstrip())
        end = _uu_end(lines, place) if match else -1
        data = (
            uu_lines([line.encode("utf-8", "replace") for line in lines[place + 1 : end]])
            if end > 0
            else None
        )
        if match and data:
            _add(body, match[1], "", data)
            place = end + 1
            continue
        if match:
            body.troubles.append(("bad_uuencode", ""))
        out.append(lines[place])
        place += 1
    return "\n".join(out)


def _uu_end(lines: list[str], begin: int) -> int:
    for index in range(begin + 1, len(lines)):
        line = lines[index].rstrip()
        if line == "end":
            return index
        if len(line) > 64 or (line and not " " <= line[0] <= "`"):
            return -1
    return -1


def _tnef(part: Part, data: bytes, body: Body) -> None:
    found: Tnef = read_tnef(data)
    for item in found.files:
        _add(body, item.filename, item.content_type, item.content, cid=item.content_id)
    if found.damaged:
        body.troubles.append(("bad_tnef", ""))
    if found.damaged or not (found.files or found.text or found.html):
        _file(part, data, body, related=False)
    if not body.segments and (found.text or found.html):
        text = found.text or html_to_text(found.html)
        body.segments.append((text, found.html or None))


def _file(part: Part, data: bytes, body: Body, *, related: bool) -> None:
    kind = part.kind
    if kind.startswith("message/") and kind != "message/rfc822":
        kind = "message/rfc822" if kind == "message/global" else kind
    name = part.filename
    if not name and kind == "message/rfc822":
        name = _mail_name(data)
    elif not name and kind == "text/calendar":
        name = "invite.ics"
    if kind == "multipart/encrypted" or kind in ("application/pgp-encrypted",) or _is_smime(part):
        body.troubles.append(("encrypted", ""))
    inline = part.disposition == "inline" or (
        part.disposition != "attachment" and (related or bool(part.content_id))
    )
    _add(body, name, kind, data, cid=part.content_id, inline=inline)


def _is_smime(part: Part) -> bool:
    return part.kind.endswith("pkcs7-mime") and "enveloped" in part.params.get("smime-type", "enveloped")


def _mail_name(data: bytes) -> str:
    """A forwarded mail is named by its subject."""
    from_subject = re.search(
        rb"^subject:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", data[:20000], re.IGNORECASE | re.MULTILINE
    )
    subject = ""
    if from_subject:
        subject = decode_words(from_subject[1])[0]
    return f"{re.sub(r'[/:]+', ' ', subject)[:100].strip() or 'message'}.eml"


def _add(body: Body, name: str, declared: str, data: bytes, *, cid: str = "", inline: bool = False) -> None:
    kind = declared if declared.startswith("message/") else sniff(data, declared, name)
    if kind == "text/html" and declared not in VAGUE and declared.startswith("text/"):
        kind = declared
    body.files.append(
        Attachment(
            filename=safe_filename(name, kind, len(body.files) + 1),
            content_type=kind,
            content=data,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            inline=inline,
            content_id=cid[:300] or None,
        )
    )


CALENDAR_FIELDS = ("SUMMARY", "DTSTART", "LOCATION", "DESCRIPTION")


def _calendar_text(text: str) -> str:
    """An invitation without any other text: what, when, where."""
    flat = re.sub(r"\r?\n[ \t]", "", text)
    event = flat[flat.find("BEGIN:VEVENT") :] if "BEGIN:VEVENT" in flat else flat
    out = []
    for name in CALENDAR_FIELDS:
        match = re.search(rf"^{name}(?:;[^:\n]*)?:(.*)$", event, re.MULTILINE)
        if match and match[1].strip():
            out.append(
                re.sub(r"\\([,;\\])", r"\1", match[1].strip().replace("\\n", "\n").replace("\\N", "\n"))
            )
    return "\n".join(out)
