"""Lists of addresses as people and programs really write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from otklik.channels.mail.engine.headers import Headers, unfold
from otklik.channels.mail.engine.model import Address

MAX_ADDRESSES = 5000
# Bounded: a header of 64 kB without any @ must not cost a second.
LOOSE = re.compile(r"[^\s<>()\[\],;:\"'|=?@]{1,128}@[^\s<>()\[\],;:\"'|=?@]{1,255}")
QUOTED_LOCAL = re.compile(r'"((?:[^"\\]|\\.){1,64})"@([^\s<>()\[\],;:\"\'|=?]+)\Z')
ROUTE = re.compile(r"^\s*@[^:<>]*:")  # <@relay.example:ivan@example.ru>
AT = re.compile(r"(?<=[\w.-]) ?@ ?(?=[\w.-]+\Z)")
NO_COMMAS = re.compile(r"(?:\s*<?[^\s<>()\",;:=?@]+@[^\s<>()\",;:=?@]+>?(?=\s|\Z)){2,}\s*\Z")
COMMENT = re.compile(r"\(([^()]*)\)")


def addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    """Everyone in all fields called `name`. Wrong ones stay, with an empty address, and are reported."""
    out: list[Address] = []
    for value in headers.all(name):
        pieces = _whole(_split(_readable(value)))
        for piece in chain.from_iterable(_apart(piece) for piece in pieces):
            found = _mailbox(headers, piece)
            if found is not None:
                out.append(found)
            if len(out) >= MAX_ADDRESSES:
                headers.troubles.append(("too_many_addresses", str(MAX_ADDRESSES)))
                return tuple(out)
    return tuple(dict.fromkeys(out))


def _readable(value: bytes) -> str:
    """The value before decoding words, so that a comma inside an encoded name does not split it."""
    if value.isascii():
        return unfold(value.decode("ascii"))
    return value.decode("latin-1")  # bytes stay apart; `_mailbox` turns the name back into bytes


def _split(text: str) -> Iterator[str]:
    """Pieces between commas (or semicolons) outside quotes, comments and angle brackets; groups opened."""
    start, depth, quoted, angle, place = 0, 0, False, False, 0
    while place < len(text):
        char = text[place]
        if char == "\\":
            place += 1
        elif char == '"' and not angle:
            quoted = not quoted and '"' in text[place + 1 : place + 400]
        elif not quoted:
            angle = (angle or char == "<") and char != ">"
            depth += (char == "(" and not angle) - (char == ")" and depth > 0)
            if char in ",;" and not (angle and ">" in text[place : place + 400]) and not depth:
                yield text[start:place]
                start, angle = place + 1, False
            elif char == ":" and not angle and not depth and _opens_group(text, start, place):
                start = place + 1
        place += 1
    yield text[start:]


def _whole(pieces: Iterator[str]) -> Iterator[str]:
    """Names with a comma that nobody quoted put together again: ООО Ромашка, отдел <info@example.ru>."""
    waiting = ""
    for piece in pieces:
        if "@" not in piece and "=?" not in piece and piece.strip() and len(waiting) + len(piece) < 200:
            waiting = f"{waiting},{piece}" if waiting else piece
            continue
        head, angle, _ = piece.partition("<")
        named = bool(waiting and angle and head.strip(' \t"') and "@" not in head and ">" not in head)
        if waiting and not named:
            yield waiting
        yield f"{waiting},{piece}" if named else piece
        waiting = ""
    if waiting:
        yield waiting


def _apart(piece: str) -> list[str]:
    """Addresses with nothing but blanks between them, where commas should stand."""
    return piece.split() if NO_COMMAS.match(piece) else [piece]


def _opens_group(text: str, start: int, place: int) -> bool:
    name = text[start:place]
    return "@" not in name and "=?" not in name and not text.startswith("//", place + 1)


def _mailbox(headers: Headers, piece: str) -> Address | None:
    piece = piece.strip()
    if not piece:
        return None
    if "@" not in piece and "=?" in piece:
        piece = headers.words(piece.encode("latin-1", "replace"))  # the whole mailbox was encoded
        opened = re.match(r"^(.*?)<([^<>]*)>", piece)
        raw_name, spot = (opened[1], opened[2]) if opened else (piece, "")
        if not opened and LOOSE.fullmatch(piece):
            raw_name, spot = "", piece
        return _made(headers, _clean_name(raw_name), spot)
    opened = re.match(r"^(.*)<\s*<?([^<>]*)>?", piece, re.DOTALL)
    if opened:
        raw_name, spot = opened[1].rstrip("< "), opened[2]
        if not raw_name.strip():
            comment = COMMENT.search(piece[opened.end() :])
            raw_name = comment[1] if comment else ""
        return _made(headers, _name(headers, raw_name), spot)
    comment = COMMENT.search(piece)
    bare = COMMENT.sub(" ", piece).strip()
    if QUOTED_LOCAL.match(bare):
        return _made(headers, _name(headers, comment[1] if comment else ""), bare)
    bare = AT.sub("@", bare) if LOOSE.search(bare) is None else bare
    loose = LOOSE.search(bare)
    if loose:
        rest = (bare[: loose.start()] + bare[loose.end() :]).strip(" \t\"'")
        return _made(headers, _name(headers, comment[1] if comment else rest), loose[0])
    return _made(headers, _name(headers, piece), "")


def _name(headers: Headers, raw: str) -> str:
    return _clean_name(headers.words(raw.strip().encode("latin-1", "replace")))


def _clean_name(name: str) -> str:
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    name = re.sub(r'\\(["\\()])', r"\1", name)
    return re.sub(r"\s+", " ", name).strip(" \"'")[:300]


def _made(headers: Headers, name: str, spot: str) -> Address | None:
    address = clean_address(spot)
    if address is None and "@" in name and LOOSE.fullmatch(name):
        address, name = clean_address(name), ""
    if address is None:
        if not name and not spot.strip():
            return None
        shown = (spot or name).strip(" \"'")
        if not shown:
            return None
        with suppress(UnicodeError):  # raw 8-bit bytes travel as latin-1 up to here
            shown = shown.encode("latin-1").decode("utf-8")
        headers.troubles.append(("bad_address", shown.strip()[:100]))
        return Address(name or shown.strip()[:300], "")
    return Address("" if name.lower() == address.lower() else name, address)


def clean_address(spot: str) -> str | None:
    """`Local@domain.lower`, or None when it is no address."""
    quoted = QUOTED_LOCAL.match(spot.strip())
    if quoted:
        return f'"{quoted[1]}"@{quoted[2].lower()}'
    spot = ROUTE.sub("", re.sub(r"\s+", "", spot)).strip("\"'<>,;.")
    if spot.lower().startswith("mailto:"):
        spot = spot[7:]
    if not spot.isascii():
        with suppress(UnicodeError):  # raw 8-bit bytes travel as latin-1 up to here
            spot = spot.encode("latin-1").decode("utf-8")
    local, at, domain = spot.rpartition("@")
    if not at or not local or not domain or len(spot) > 320:
        return None
    return f"{local}@{domain.lower()}"
