"""Small files for the demo's messages: drawn here, so that nothing binary lies in the repository."""

from __future__ import annotations

import base64
import struct
import zlib

WIDTH, HEIGHT = 320, 200
PAPER, INK = 0xF4, 0xB8
MARGIN, LINE, THICK = 30, 14, 3


def picture(name: str) -> dict[str, str]:
    """A grey picture of a sheet with lines under the wanted name: {"name","type","content"} (base64)."""
    stem = name.rsplit(".", 1)[0]
    content = base64.b64encode(_png(sum(name.encode()))).decode()
    return {"name": f"{stem}.png", "type": "image/png", "content": content}


def _png(seed: int) -> bytes:
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)  # filter of the row: none
        lined = MARGIN < y < HEIGHT - MARGIN and y % LINE < THICK
        length = 60 + (seed * 31 + y // LINE * 47) % 200
        rows += bytes(INK if lined and MARGIN <= x < MARGIN + length else PAPER for x in range(WIDTH))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(rows)))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
