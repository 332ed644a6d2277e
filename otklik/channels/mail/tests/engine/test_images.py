"""Which images of a mail lie elsewhere, which are there only to be loaded, and what is a picture at all."""

from __future__ import annotations

import base64
import struct

import pytest

from otklik.channels.mail.engine.html import sanitise
from otklik.channels.mail.engine.images import Raster, place_images, raster, remote_images


def clean(html: str) -> str:
    return sanitise(html) or ""


def test_only_images_that_lie_elsewhere_and_are_seen_are_named_once_and_in_order() -> None:
    html = clean(
        '<img src="https://a.test/1.png"><img src="cid:x"><img src="data:image/png;base64,AAAA">'
        '<p>text data-remote-src="https://fake.test/" </p>'
        '<img alt="> data-remote-src=&quot;https://fake.test/&quot;" src="//b.test/2.png?a=1&amp;b=2">'
        '<img src="https://a.test/1.png">'
    )
    assert remote_images(html) == ["https://a.test/1.png", "https://b.test/2.png?a=1&b=2"]


@pytest.mark.parametrize(
    "attributes",
    [
        'width="1" height="1"',
        'width="0" height="0"',
        'height="1px" width="2"',
        'style="width:1px;height:1px"',
        'style="max-width:1px" height="1"',
        'style="display: none"',
        'style="color:red; visibility:hidden"',
        'style="opacity:0"',
    ],
)
def test_what_was_put_there_to_be_loaded_and_not_to_be_seen_is_dropped(attributes: str) -> None:
    html = clean(f'<p>a</p><img src="https://t.test/o.gif" {attributes}><p>b</p>')
    assert "data-remote-src" in html
    assert remote_images(html) == []
    assert place_images(html, lambda _: "/ours") == "<p>a</p><p>b</p>"


@pytest.mark.parametrize(
    "attributes",
    ['width="600" height="1"', 'style="width:100%;height:1px"', 'style="opacity:0.5"', "", 'width="1"'],
)
def test_lines_and_pictures_without_a_size_are_no_trackers(attributes: str) -> None:
    html = clean(f'<img src="https://t.test/line.gif" {attributes}>')
    assert remote_images(html) == ["https://t.test/line.gif"]


def test_an_image_gets_our_link_or_goes_on_waiting() -> None:
    html = clean('<img alt="Фото" src="https://a.test/1.png"><img src="https://a.test/2.png"><b>x</b>')
    placed = place_images(html, lambda address: "/ours/1" if address.endswith("1.png") else None)
    assert placed == '<img alt="Фото" src="/ours/1"><img data-remote-src="https://a.test/2.png"><b>x</b>'


def test_hostile_html_costs_no_time() -> None:
    html = "<img " + 'a="' * 200_000 + ' data-remote-src="https://a.test/"' + "<img " * 100_000
    assert remote_images(html) == []


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(20)


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + (
    b"\xff\xdb"
    + struct.pack(">H", 67)
    + bytes(65)
    + b"\xff\xff\xc2"
    + struct.pack(">HBHH", 11, 8, 30, 40)
    + bytes(9)
)
WEBP = {
    "lossy": "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA",
    "lossless": "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==",
    "extended": "UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0B"
    "KgEAAQAAAP4AAA3AAP7mtQAAAA==",
}


def test_pictures_are_known_by_their_first_bytes_with_their_size() -> None:
    assert raster(png(300, 200)) == Raster("image/png", 300, 200)
    assert raster(b"GIF89a" + struct.pack("<HH", 10, 20) + bytes(10)) == Raster("image/gif", 10, 20)
    assert raster(JPEG) == Raster("image/jpeg", 40, 30)
    for content in WEBP.values():
        assert raster(base64.b64decode(content)) == Raster("image/webp", 1, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<html><script>alert(1)</script></html>",
        b"\x89PNG\r\n\x1a\n",
        png(0, 10),
        png(30_000, 10),
        png(15_000, 15_000),
        b"GIF89a\x01",
        b"\xff\xd8\xff\xe0\x00\x00" * 3,
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"RIFF\x00\x00\x00\x00WEBPVP8L",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"%PDF-1.7",
    ],
)
def test_anything_else_is_no_picture_and_nothing_raises(content: bytes) -> None:
    assert raster(content) is None
