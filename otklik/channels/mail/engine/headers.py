"""The header block: reading it, decoding words, addresses, parameters and message ids. Never raises."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from otklik.channels.mail.engine.charset import codec_name, decode

MAX_HEADER_BYTES = 256 * 1024
MAX_HEADERS = 2000
MAX_HEADER_LINES = 200_000
MAX_VALUE = 64 * 1024
# Beyond the limits only these are still read: without them a mail has no sender, no thread and no parts.
ESSENTIAL = frozenset(
    {
        "from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
        "auto-submitted", "precedence", "list-id", "content-type", "content-transfer-encoding",
        "content-disposition", "content-id",
    }
)  # fmt: skip

FIELD = re.compile(rb"^([!-9;-~]{1,200})[ \t]*:(.*)$", re.DOTALL)
KNOWN = re.compile(
    rb"(from|to|cc|bcc|subject|date|message-id|in-reply-to|references|reply-to|mime-version|received|return-path|"
    rb"sender|content-[a-z-]+|x-[a-z0-9-]+|dkim-[a-z-]+|list-[a-z-]+|precedence|auto-submitted)[ \t]*:",
    re.IGNORECASE,
)
FOREIGN_FIELD = re.compile(rb"(?=[^:]*[\x80-\xff])[^\s:][^:\r\n]{0,100}:")
ENVELOPE = re.compile(rb">?From (?![ \t]*:)")  # of a mailbox file; «From : …» is a field
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(slots=True)
class Headers:
    """Fields in order; `troubles` collects problem codes met while decoding."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    crowded: bool = False  # the limits are passed: only ESSENTIAL fields are still taken
    skipping: bool = False  # the field whose lines are being read was not taken

    def all(self, name: str) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    def raw(self, name: str) -> bytes:
        """The first value that is not empty: some programs write a field twice."""
        return next((value for key, value in self.fields if key == name and value.strip()), b"")

    def text(self, name: str) -> str:
        return self.words(self.raw(name))

    def plain(self, name: str) -> str:
        """A value that should be ASCII, unfolded and lower-cased: for tokens, not for people."""
        return unfold(self.raw(name).decode("latin-1")).strip().lower()

    def words(self, value: bytes) -> str:
        text, trouble = decode_words(value)
        if trouble:
            self.troubles.append(trouble)
        return text


def read_headers(block: bytes, *, top: bool = True) -> tuple[Headers, int]:
    """Headers of `block` and the offset where the body begins. `top`: a whole mail, not a part of one."""
    headers = Headers()
    place = _skip_start(block) if top else 0
    count = 0
    while place < len(block):
        end = block.find(b"\n", place)
        end = len(block) if end < 0 else end
        line = block[place:end].rstrip(b"\r")
        following = end + 1
        if not line.strip() and not (line and headers.fields and KNOWN.match(block, following)):
            return headers, min(following, len(block))
        count += 1
        headers.crowded = place > MAX_HEADER_BYTES or len(headers.fields) >= MAX_HEADERS
        if count > MAX_HEADER_LINES:
            headers.troubles.append(("headers_too_large", ""))
            blank = re.compile(rb"\r?\n[ \t]*\r?\n").search(block, place)
            return headers, blank.end() if blank else len(block)
        if not _take_line(headers, line, block, following):
            return headers, place
        place = following
    return headers, len(block)


def _skip_start(block: bytes) -> int:
    """Past a byte order mark, empty lines and the `From ` line of a mailbox file."""
    place = 3 if block.startswith(b"\xef\xbb\xbf") else 0
    blank = re.compile(rb"[\r\n]*").match(block, place)
    if blank and KNOWN.match(block, blank.end()):
        place = blank.end()
    if ENVELOPE.match(block, place):
        end = block.find(b"\n", place)
        return len(block) if end < 0 else end + 1
    return place


def _take_line(headers: Headers, line: bytes, block: bytes, following: int) -> bool:
    """False when `line` cannot belong to the headers, so that the body begins here."""
    if line[:1] in b" \t" and headers.fields:
        _continue(headers, line)
        return True
    match = FIELD.match(line.lstrip() if not headers.fields and KNOWN.match(line.lstrip()) else line)
    if match:
        _start(headers, match[1].decode("latin-1").lower(), match[2])
        return True
    if not KNOWN.match(block, following):
        return False
    if not headers.fields:
        # The first line names a field in letters that no field may have: «Тема: …».
        foreign = bool(FOREIGN_FIELD.match(line))
        headers.troubles += [("broken_headers", "")] * foreign
        return foreign
    # A folded value whose continuation lost its indent: a known field follows, so this still is the header.
    name, value = headers.fields[-1]
    headers.fields[-1] = (name, value + b"\n " + line)
    headers.troubles.append(("broken_headers", ""))
    return True


def _start(headers: Headers, name: str, value: bytes) -> None:
    headers.skipping = headers.crowded and name not in ESSENTIAL
    if not headers.skipping:
        headers.fields.append((name, value[:MAX_VALUE]))
    if headers.skipping or len(value) > MAX_VALUE:
        headers.troubles.append(("headers_too_large", ""))


def _continue(headers: Headers, line: bytes) -> None:
    name, value = headers.fields[-1]
    if headers.skipping:
        return
    if len(value) < MAX_VALUE:
        headers.fields[-1] = (name, value + b"\n" + line[:MAX_VALUE])
    else:
        headers.troubles.append(("headers_too_large", ""))


def unfold(text: str) -> str:
    """One line: each fold, with the blanks around it, is one blank. Plain splitting, so that it stays linear."""
    if "\n" in text or "\r" in text:
        first, *middle, last = text.replace("\r", "\n").split("\n")
        inner = [line for line in (line.strip("\t ") for line in middle) if line]
        text = " ".join([first.rstrip("\t "), *inner, last.lstrip("\t ")])
    return CONTROL.sub("", text.replace("\t", " "))


ENCODED = re.compile(r"=\?([^?\s]*)\?([bBqQ])\?(.*?)(?:\?=|(?=[ \t]{0,9}[\r\n])|$)", re.DOTALL)
JOINABLE = re.compile(r"\s*\Z")


def decode_words(value: bytes) -> tuple[str, tuple[str, str] | None]:
    """A header for people: RFC 2047 words, raw 8-bit letters, both. Second: a problem or None."""
    trouble: tuple[str, str] | None = None
    if value.isascii():
        raw = value.decode("ascii")
    else:
        found = decode(value, None)
        raw = found.text
    if "=?" not in raw:
        return unfold(raw).strip(), trouble
    for _ in range(2):  # some gateways encode the encoded
        raw, trouble_now = _replace_words(raw)
        trouble = trouble or trouble_now
        if "=?" not in raw:
            break
    return unfold(raw).strip(), trouble


def _replace_words(raw: str) -> tuple[str, tuple[str, str] | None]:
    """Neighbouring words of one charset are joined as bytes first: they may break inside a letter."""
    out: list[str] = []
    pending = b""
    charset = ""
    trouble: tuple[str, str] | None = None
    place = 0

    def flush() -> None:
        nonlocal pending, trouble
        if pending:
            found = decode(pending, charset)
            out.append(found.text)
            trouble = trouble or ((found.trouble, charset) if found.trouble else None)
            pending = b""

    for match in ENCODED.finditer(raw):
        between = raw[place : match.start()]
        label = match[1].partition("*")[0]
        same = (codec_name(label) or label.lower()) == (codec_name(charset) or charset.lower())
        if not (pending and same and JOINABLE.match(between)):
            glue = "" if pending and JOINABLE.match(between) else between
            flush()
            out.append(glue)
        charset = label
        pending += _word_bytes(match[2].lower(), match[3])
        place = match.end()
    flush()
    out.append(raw[place:])
    return "".join(out), trouble


def _word_bytes(kind: str, body: str) -> bytes:
    data = re.sub(r"[\r\n]+[ \t]*", "", body).encode("utf-8", "surrogatepass")
    if kind == "q":
        return binascii.a2b_qp(data.replace(b"_", b" "), header=False)
    return loose_base64(data)[0]


BASE64_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def loose_base64(data: bytes) -> tuple[bytes, bool]:
    """Bytes of base64 with junk, missing or doubled padding; second: whether it was damaged."""
    whole = data.translate(None, b" \t\r\n")
    if len(whole) % 4 == 0 and not whole[:-2].translate(None, BASE64_BYTES):
        return binascii.a2b_base64(whole), False
    out, damaged = [], False
    pieces = re.split(rb"=+", data)
    for index, piece in enumerate(pieces):
        clean = NOT_BASE64.sub(b"", piece)
        damaged = damaged or len(clean) != len(piece.translate(None, b" \t\r\n"))
        if index < len(pieces) - 1 and not clean:
            continue
        extra = len(clean) % 4
        if extra == 1:
            clean, damaged, extra = clean[:-1], True, 0
        if index == len(pieces) - 1 and extra:
            damaged = True
        try:
            out.append(binascii.a2b_base64(clean + b"=" * (-len(clean) % 4)))
        except binascii.Error:
            damaged = True
    return b"".join(out), damaged


ID = re.compile(r"<([^<>]*)>")
SPACES = re.compile(r"\s+")


def message_ids(value: bytes) -> list[str]:
    """Ids without angle brackets, in order, each once. Tolerates missing brackets and folds inside."""
    text = unfold(value.decode("utf-8", "replace"))
    if "=?" in text and "?=" in text:
        text = decode_words(value)[0]  # Exchange encodes ids that are longer than a line
    found = [SPACES.sub("", item) for item in ID.findall(text)]
    if not any(found):
        words = [word.strip("<>,;\"'") for word in text.split()]
        found = [word for word in words if "@" in word] or words[:1]
    return [item for item in dict.fromkeys(found) if item][:500]


LOST_SEMICOLON = re.compile(r"^([\w.+-]+/[\w.+-]+)[ ](?=[\w*-]+=)")  # text/plain charset=utf-8


def parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=…` as (lower-cased main value, parameters), RFC 2231 continuations joined."""
    text = decode(value, None).text if not value.isascii() else value.decode("ascii")
    pieces = _split_params(LOST_SEMICOLON.sub(r"\1;", unfold(text).strip()))
    plain: dict[str, str] = {}
    parts: dict[str, dict[int, tuple[bool, str]]] = {}
    for piece in pieces[1:200]:
        name, equals, content = piece.partition("=")
        name = name.strip().lower()
        if not equals or not name:
            continue
        content = _unquote(content.strip())
        star = re.fullmatch(r"([^*]+)\*(?:(\d{1,3})(\*?))?", name)
        if star:
            encoded = star[2] is None or star[3] == "*"
            parts.setdefault(star[1], {})[int(star[2] or 0)] = (encoded, content)
        else:
            plain.setdefault(name, content)
    for name, found in parts.items():
        plain[name] = _join_2231(found)
    return pieces[0].strip().strip("\"'").lower(), plain


def _split_params(text: str) -> list[str]:
    """Split on `;` outside quotes; an unclosed quote ends with the text."""
    out, start, quoted, place = [], 0, False, 0
    while place < len(text):
        char = text[place]
        if char == "\\" and quoted:
            place += 1
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            out.append(text[start:place])
            start = place + 1
        place += 1
    out.append(text[start:])
    return out


def _unquote(text: str) -> str:
    if text.startswith('"'):
        end = text.rfind('"')
        body = text[1:end] if end > 0 else text[1:]
        return re.sub(r'\\(["\\])', r"\1", body)
    return text


def _join_2231(found: dict[int, tuple[bool, str]]) -> str:
    charset, data = "", b""
    for index in sorted(found):
        encoded, content = found[index]
        if encoded and index == min(found) and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        piece = content.encode("utf-8", "surrogatepass")
        data += unquote_to_bytes(piece) if encoded else piece
    return decode(data, charset).text


def parameter_text(value: str) -> str:
    """A file name as it stands in a parameter: encoded words and percent signs are not allowed, but usual."""
    if "=?" in value:
        value = decode_words(value.encode("utf-8", "surrogatepass"))[0]
    if re.search(r"(?:%[dD][01]%[89abAB][0-9a-fA-F]){2}", value):
        value = decode(unquote_to_bytes(value.encode("utf-8", "surrogatepass")), "utf-8").text
    return value
