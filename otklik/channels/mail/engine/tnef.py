"""winmail.dat (MS-OXTNEF): files and body. A reader for hostile bytes: every length is checked.

Not read: RTF bodies (Outlook sends the same words as text/plain beside it), embedded messages as mails.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from otklik.channels.mail.engine.charset import decode

SIGNATURE = 0x223E9F78
MAX_FILES = 200
ATT_BODY, ATT_TITLE, ATT_DATA, ATT_START = 0x800C, 0x8010, 0x800F, 0x9002
ATT_PROPS, ATT_MESSAGE_PROPS, ATT_CODE_PAGE = 0x9005, 0x9003, 0x9007
PR_BODY, PR_HTML, PR_DATA, PR_NAME, PR_LONG_NAME = 0x1000, 0x1013, 0x3701, 0x3704, 0x3707
PR_MIME, PR_CID = 0x370E, 0x3712
FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
VARIABLE = frozenset((0x0D, 0x1E, 0x1F, 0x102))


@dataclass(slots=True)
class TnefFile:
    filename: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Tnef:
    files: list[TnefFile] = field(default_factory=list)
    text: str = ""
    html: str = ""
    damaged: bool = False


def read_tnef(data: bytes) -> Tnef:
    """Whatever can be read; `damaged` when the rest cannot."""
    out = Tnef()
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != SIGNATURE:
        out.damaged = True
        return out
    page = "cp1251"
    files: list[TnefFile] = []
    for name, value in _attributes(data, out):
        if name == ATT_CODE_PAGE and len(value) >= 4:
            page = f"cp{struct.unpack_from('<I', value)[0]}"
        elif name == ATT_START and len(files) < MAX_FILES:
            files.append(TnefFile())
        elif name == ATT_BODY:
            out.text = out.text or _string(value, page)
        elif name == ATT_MESSAGE_PROPS:
            _message(out, value, page)
        elif files:
            _file(out, files[-1], name, value, page)
    out.files = [item for item in files if item.content]
    return out


def _attributes(data: bytes, out: Tnef) -> Iterator[tuple[int, bytes]]:
    place = 6
    while place + 9 <= len(data):
        name, _, length = struct.unpack_from("<HHI", data, place + 1)
        start = place + 9
        if data[place] not in (1, 2) or start + length > len(data):
            out.damaged = True
            return
        yield name, data[start : start + length]
        place = start + length + 2


def _string(value: bytes, page: str) -> str:
    return (
        decode(value.rstrip(b"\x00"), page).text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    )


def _message(out: Tnef, value: bytes, page: str) -> None:
    for name, kind, item in _properties(value, out):
        if name == PR_BODY:
            out.text = _wide(item, kind, page) or out.text
        elif name == PR_HTML:
            out.html = _wide(item, kind, page)


def _file(out: Tnef, item: TnefFile, name: int, value: bytes, page: str) -> None:
    if name == ATT_TITLE:
        item.filename = item.filename or _string(value, page)
    elif name == ATT_DATA:
        item.content = value
    elif name == ATT_PROPS:
        for prop, kind, found in _properties(value, out):
            if prop == PR_LONG_NAME:
                item.filename = _wide(found, kind, page) or item.filename
            elif prop == PR_NAME:
                item.filename = item.filename or _wide(found, kind, page)
            elif prop == PR_MIME:
                item.content_type = _wide(found, kind, page).lower()
            elif prop == PR_CID:
                item.content_id = _wide(found, kind, page).strip("<>")
            elif prop == PR_DATA and not item.content:
                item.content = found[16:] if kind == 0x0D else found  # an object begins with its interface id


def _wide(value: bytes, kind: int, page: str) -> str:
    if kind == 0x1F:
        return value.decode("utf-16-le", "replace").rstrip("\x00").replace("\r\n", "\n")
    return _string(value, page)


def _properties(value: bytes, out: Tnef) -> Iterator[tuple[int, int, bytes]]:
    """(property id, type, first value) of a MAPI property stream; stops and marks damage at the first lie."""
    try:
        yield from _read_properties(value)
    except (struct.error, ValueError):
        out.damaged = True


def _read_properties(value: bytes) -> Iterator[tuple[int, int, bytes]]:
    count = struct.unpack_from("<I", value)[0]
    place = 4
    for _ in range(min(count, 5000)):
        kind, name = struct.unpack_from("<HH", value, place)
        place += 4
        if name >= 0x8000:
            place = _skip_name(value, place)
        base, many = kind & 0x0FFF, bool(kind & 0x1000)
        number = 1
        if many or base in VARIABLE:
            number = struct.unpack_from("<I", value, place)[0]
            place += 4
        first = b""
        for index in range(number):
            if base in VARIABLE:
                length = struct.unpack_from("<I", value, place)[0]
                place += 4
            elif base in FIXED:
                length = FIXED[base]
            else:
                raise ValueError("unknown property type")
            if place + length > len(value):
                raise ValueError("property longer than its stream")
            first = value[place : place + length] if index == 0 else first
            place += length + (-length % 4)
        yield name, base, first


def _skip_name(value: bytes, place: int) -> int:
    kind = struct.unpack_from("<I", value, place + 16)[0]
    if kind == 0:
        return place + 24
    length = struct.unpack_from("<I", value, place + 20)[0]
    return int(place + 24 + length + (-length % 4))
