"""The tree of parts, read from bytes without recursion, with hard limits. Never raises.

Why not `email.parser`: it recurses into nested parts, keeps every line as a `str` of surrogates and
reports nothing when a boundary is missing. Splitting bytes on boundaries is shorter, three times
faster and lets us guess a lost boundary.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

from otklik.channels.mail.engine.charset import decode
from otklik.channels.mail.engine.headers import (
    BASE64_BYTES,
    Headers,
    loose_base64,
    parameter_text,
    parameters,
    read_headers,
)

MAX_DEPTH = 100
MAX_PARTS = 1000
AFTER_MARK = re.compile(rb"(--)?[ \t]*\r?(?=\n|\Z)")

Trouble = tuple[str, str]


@dataclass(slots=True)
class Part:
    """One node. `body` is still transfer-encoded; `children` is filled for multiparts."""

    headers: Headers
    body: bytes
    depth: int
    kind: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    filename: str = ""
    content_id: str = ""
    children: list[Part] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        return bool(self.children)


def read_tree(raw: bytes, troubles: list[Trouble]) -> Part:
    """The root of a mail; at most MAX_PARTS parts and MAX_DEPTH levels are opened."""
    root = _part(raw, 0, "text/plain")
    waiting, count = [root], 1
    while waiting:
        part = waiting.pop()
        if not part.kind.startswith("multipart/"):
            continue
        if part.depth >= MAX_DEPTH:
            troubles.append(("too_deep", str(MAX_DEPTH)))
            part.kind = "application/octet-stream"
            continue
        pieces = _pieces(part, troubles)
        if count + len(pieces) > MAX_PARTS:
            troubles.append(("too_many_parts", str(MAX_PARTS)))
            pieces = pieces[: max(0, MAX_PARTS - count)]
        default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
        part.children = [_part(piece, part.depth + 1, default) for piece in pieces]
        count += len(pieces)
        if part.children:
            part.body = b""  # its bytes live on in the children: a hundred levels need no hundred copies
        else:
            part.kind = "text/plain"
        waiting.extend(reversed(part.children))
    return root


def _part(raw: bytes, depth: int, default: str) -> Part:
    headers, start = read_headers(raw, top=depth == 0)
    part = Part(headers, raw[start:], depth, default)
    label = headers.raw("content-type")
    if label:
        kind, part.params = parameters(label)
        part.kind = kind if "/" in kind else "text/plain"
    disposition = headers.raw("content-disposition")
    extra: dict[str, str] = {}
    if disposition:
        part.disposition, extra = parameters(disposition)
    part.filename = parameter_text(extra.get("filename") or part.params.get("name") or "")
    if not part.filename and headers.raw("content-description") and part.kind == "application/ms-tnef":
        part.filename = "winmail.dat"
    part.content_id = headers.raw("content-id").decode("utf-8", "replace").strip().strip("<>").strip()
    return part


def _pieces(part: Part, troubles: list[Trouble]) -> list[bytes]:
    boundary = part.params.get("boundary", "").rstrip()
    found = _cut(part.body, boundary.encode("utf-8", "surrogatepass"), troubles) if boundary else []
    if found:
        return found
    troubles.append(("no_boundary", ""))
    guess = re.search(
        rb"^--([^\s][^\r\n]{0,200}?)[ \t]*\r?\n(?=content-[a-z-]+[ \t]*:)", part.body, re.I | re.M
    )
    return _cut(part.body, guess[1], troubles) if guess else []


def _cut(body: bytes, boundary: bytes, troubles: list[Trouble]) -> list[bytes]:
    """Bodies between the delimiters. Text after a closing delimiter counts only if another one follows."""
    mark = b"--" + boundary
    out: list[bytes] = []
    start, place = -1, body.find(mark)
    while place >= 0:
        tail = AFTER_MARK.match(body, place + len(mark))
        if tail and (place == 0 or body[place - 1 : place] == b"\n"):
            if start >= 0:
                out.append(_between(body, start, place))
            start = -1 if tail[1] else tail.end()
            if len(out) > MAX_PARTS:
                return out
        place = body.find(mark, place + len(mark))
    if start >= 0:
        troubles.append(("missing_closing_boundary", ""))
        out.append(_between(body, start, len(body) + 1))
    return out


def _between(body: bytes, start: int, end: int) -> bytes:
    """A part without the line end after its delimiter and the one before the next."""
    start = body.find(b"\n", start, start + 2) + 1 or start
    end = max(start, end - 1)
    if end > start and body[end - 1 : end] == b"\r":
        end -= 1
    return body[start:end]


BASE64_TEXT = re.compile(rb"\s*(?:[A-Za-z0-9+/]{20,}[ \t]*\r?\n)*[A-Za-z0-9+/]{4,}={0,2}\s*\Z")
QP_HIGH = re.compile(rb"=[89A-F][0-9A-F]")
SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")  # gateways add blanks at line ends
QP_WRONG = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?(?:\n|\Z))")


def content(part: Part, troubles: list[Trouble]) -> bytes:
    """The decoded bytes of a leaf. A wrong transfer encoding is recognised and reported."""
    name = part.headers.plain("content-transfer-encoding").partition(";")[0].strip()
    text = part.kind.startswith("text/")
    body = part.body
    if name == "base64":
        return _base64(body, text, troubles)
    if name in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uu(body, troubles)
    if name == "quoted-printable":
        data = binascii.a2b_qp(SOFT_BREAK.sub(b"=", body)) if b"=" in body else body
    else:
        data = body
        if text and len(QP_HIGH.findall(body)) >= 4 and not QP_WRONG.search(body):
            troubles.append(("bad_transfer_encoding", name))
            data = binascii.a2b_qp(body)
    if text and len(data) >= 24 and _is_base64_text(data):
        troubles.append(("bad_transfer_encoding", name))
        return loose_base64(data)[0]
    return data


FOOTER = re.compile(rb"\r?\n[ \t]*\r?\n(?=[^\n]*[^A-Za-z0-9+/=\s])")


def _base64(body: bytes, text: bool, troubles: list[Trouble]) -> bytes:
    footer = FOOTER.search(body) if text else None
    if footer and BASE64_TEXT.match(body[: footer.start()]):
        # A mailing list has added its footer as plain text below the encoded one.
        troubles.append(("bad_base64", ""))
        return loose_base64(body[: footer.start()])[0].rstrip() + b"\n\n" + body[footer.end() :]
    strange = len(body.translate(None, BASE64_BYTES + b"= \t\r\n"))
    spaces = body.count(b" ") if strange else 0
    if strange * 10 > len(body) or (text and spaces * 20 > len(body)):
        troubles.append(("bad_transfer_encoding", "base64"))
        return body
    data, damaged = loose_base64(body)
    if damaged:
        troubles.append(("bad_base64", ""))
    return data


def _is_base64_text(data: bytes) -> bool:
    """Base64 that forgot to say so: nothing but its alphabet, and readable once decoded."""
    plain = data.translate(None, b" \t\r\n")
    if len(plain) % 4 or b" " in data.strip() or not BASE64_TEXT.match(data[:200_000]):
        return False
    found = loose_base64(plain[:4000])[0]
    if found.isascii():
        return bool(re.fullmatch(rb"[\t\r\n -~]+", found)) and b" " in found
    text = decode(found, "utf-8")
    return text.charset == "utf-8" and not text.trouble


def _uu(body: bytes, troubles: list[Trouble]) -> bytes:
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    begin = next((i for i, line in enumerate(lines) if line.startswith(b"begin ")), -1)
    found = uu_lines(lines[begin + 1 :])
    if found is None:
        troubles.append(("bad_uuencode", ""))
        return body
    return found


def uu_lines(lines: list[bytes]) -> bytes | None:
    """Bytes of uuencoded lines up to `end`; None when any line is not uuencode."""
    out = []
    for line in lines:
        if line.strip() in (b"end", b"`", b""):
            if line.strip() == b"end":
                break
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            return None
    return b"".join(out) or None
