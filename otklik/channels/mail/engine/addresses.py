"""Lists of addresses as people and programs really write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from otklik.channels.mail.engine.headers import Headers, unfold
from otklik.channels.mail.engine.model import Address

MAX_ADDRESSES = 1000
LOOSE = re.compile(r"[^\s<>()\[\],;:\"'|=?]+@[^\s<>()\[\],;:\"'|=?]+")
COMMENT = re.compile(r"\(([^()]*)\)")


def addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    """Everyone in all fields called `name`. Wrong ones stay, with an empty address, and are reported."""
    out: list[Address] = []
    for value in headers.all(name):
        for piece in _split(_readable(value)):
            found = _mailbox(headers, piece)
            if found is not None:
                out.append(found)
            if len(out) >= MAX_ADDRESSES:
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
        shown = (spot or name).encode("latin-1", "replace").decode("utf-8", "replace")
        headers.troubles.append(("bad_address", shown.strip()[:100]))
        return Address(name or shown.strip()[:300], "")
    return Address("" if name.lower() == address.lower() else name, address)


def clean_address(spot: str) -> str | None:
    """`Local@domain.lower`, or None when it is no address."""
    spot = re.sub(r"\s+", "", spot).strip("\"'<>,;.")
    if spot.lower().startswith("mailto:"):
        spot = spot[7:]
    if not spot.isascii():
        with suppress(UnicodeError):  # raw 8-bit bytes travel as latin-1 up to here
            spot = spot.encode("latin-1").decode("utf-8")
    local, at, domain = spot.rpartition("@")
    if not at or not local or not domain or len(spot) > 320:
        return None
    return f"{local}@{domain.lower()}"
