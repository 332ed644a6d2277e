"""Images in the HTML of a mail: which ones lie elsewhere, and whether some bytes are a picture at all. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

WAITING = "data-remote-src"  # where `html.sanitise` leaves the address of a remote image
TINY = 2  # pixels: what is not larger was put there to be loaded, not to be seen
MAX_SIDE = 20_000  # pixels; a browser that unpacks more runs out of memory
MAX_PIXELS = 50_000_000

# The serialiser escapes `"` in values and `<` in text, so this matches real elements only.
_IMG = re.compile(r'<img((?:\s+[^\s=<>"/]+(?:="[^"]*")?)*)\s*/?>')
_ATTRIBUTE = re.compile(r'([^\s=<>"/]+)(?:="([^"]*)")?')
_HIDDEN = re.compile(r"(?:^|;)(?:display:\s*none|visibility:\s*hidden|opacity:\s*0(?:\.0*)?(?=;|$))", re.I)
_STYLED = re.compile(r"(?:^|;)(?:max-)?(width|height):\s*(\d+(?:\.\d+)?)px", re.I)
_PIXELS = re.compile(r"\s*(\d+)(?:px)?\s*", re.I)


def remote_images(html: str) -> list[str]:
    """Addresses of the images that lie elsewhere and are meant to be seen, in order, each once."""
    found: dict[str, None] = {}
    if WAITING in html:
        for match in _IMG.finditer(html):
            attributes = _attributes(match[1])
            if attributes.get(WAITING) and not _is_tracker(attributes):
                found[attributes[WAITING]] = None
    return list(found)


def place_images(html: str, link: Callable[[str], str | None]) -> str:
    """Remote images with `link(address)` as their source; None leaves them waiting. Tracking pixels are dropped."""

    def put(match: re.Match[str]) -> str:
        attributes = _attributes(match[1])
        address = attributes.get(WAITING)
        if address is None:
            return match[0]
        if _is_tracker(attributes):
            return ""
        source = link(address)
        return match[0] if source is None else _with_source(match[0], source)

    return _IMG.sub(put, html) if WAITING in html else html


def _with_source(element: str, source: str) -> str:
    return re.sub(rf'\s{WAITING}="[^"]*"', lambda _: f' src="{source}"', element, count=1)


def _attributes(text: str) -> dict[str, str]:
    return {match[1]: unescape(match[2] or "") for match in _ATTRIBUTE.finditer(text)}


def _is_tracker(attributes: dict[str, str]) -> bool:
    style = attributes.get("style", "").replace(" ", "")
    if _HIDDEN.search(style):
        return True
    sizes = {name.lower(): float(value) for name, value in _STYLED.findall(style)}
    for name in ("width", "height"):
        said = _PIXELS.fullmatch(attributes.get(name, ""))
        if said and name not in sizes:
            sizes[name] = float(said[1])
    return len(sizes) == len(("width", "height")) and max(sizes.values()) <= TINY


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture of points by its first bytes; sizes in pixels."""

    content_type: str
    width: int
    height: int


def raster(content: bytes) -> Raster | None:
    """PNG, JPEG, GIF or WebP of a size that can be shown; None for anything else, whatever its label says."""
    try:
        found = _png(content) or _gif(content) or _jpeg(content) or _webp(content)
    except (struct.error, IndexError):
        return None
    if found is None or not (0 < found.width <= MAX_SIDE and 0 < found.height <= MAX_SIDE):
        return None
    return found if found.width * found.height <= MAX_PIXELS else None


def _png(content: bytes) -> Raster | None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or content[12:16] != b"IHDR":
        return None
    return Raster("image/png", *struct.unpack_from(">II", content, 16))


def _gif(content: bytes) -> Raster | None:
    if not content.startswith((b"GIF87a", b"GIF89a")):
        return None
    return Raster("image/gif", *struct.unpack_from("<HH", content, 6))


def _jpeg(content: bytes) -> Raster | None:
    """The size stands in the first start-of-frame segment (ITU T.81, B.2.2)."""
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    place = 2
    while place < len(content) - 9:
        if content[place] != 0xFF:
            return None
        marker = content[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, place + 5)
            return Raster("image/jpeg", width, height)
        else:
            place += 2 + struct.unpack_from(">H", content, place + 2)[0]
    return None


def _webp(content: bytes) -> Raster | None:
    """RFC 9649: lossy, lossless and extended files keep their size in different places."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return None
    kind = content[12:16]
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return Raster("image/webp", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L" and content[20] == 0x2F:
        bits = struct.unpack_from("<I", content, 21)[0]
        return Raster("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        width = int.from_bytes(content[24:27], "little") + 1
        height = int.from_bytes(content[27:30], "little") + 1
        return Raster("image/webp", width, height)
    return None
