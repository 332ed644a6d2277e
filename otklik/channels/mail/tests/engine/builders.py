"""Nasty mails written by us, as bytes."""

from __future__ import annotations

import base64
import struct

from otklik.channels.mail.engine import ParsedMail, parse


def mail(body: str | bytes = "Здравствуйте!", charset: str = "utf-8", **fields: str | bytes) -> bytes:
    """A mail with usual headers; `fields` (underscore for dash) replace or add, "" removes."""
    head: dict[str, str | bytes] = {
        "From": "Ivan <ivan@example.ru>", "To": "help@shop.ru", "Subject": "Zakaz",
        "Date": "Thu, 29 Oct 2026 14:11:00 +0300", "Message-ID": "<m1@example.ru>",
        "Content-Type": f"text/plain; charset={charset}",
    }  # fmt: skip
    for name, value in fields.items():
        head[name.replace("_", "-")] = value
    lines = [name.encode() + b": " + as_bytes(value) for name, value in head.items() if value != ""]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body if isinstance(body, bytes) else body.encode(charset))


def as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def part(body: str | bytes, kind: str = "text/plain; charset=utf-8", *headers: str) -> bytes:
    head = "\r\n".join([f"Content-Type: {kind}", *headers])
    return head.encode() + b"\r\n\r\n" + as_bytes(body)


def multipart(
    *parts: bytes, kind: str = "mixed", boundary: str = "=_b1", close: bool = True, **fields: str
) -> bytes:
    fields.setdefault("Content_Type", f'multipart/{kind}; boundary="{boundary}"')
    return mail(joined(parts, boundary, close=close), **fields)


def joined(parts: tuple[bytes, ...], boundary: str, *, close: bool = True) -> bytes:
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\r\n" + item + b"\r\n" for item in parts)
    return body + (mark + b"--\r\n" if close else b"")


def nested(kind: str, boundary: str, *parts: bytes) -> bytes:
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + joined(parts, boundary)


def b64(data: bytes) -> str:
    return base64.encodebytes(data).decode()


def word(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def codes(parsed: ParsedMail) -> list[str]:
    return [problem.code for problem in parsed.problems]


def read(*args: str | bytes, **fields: str | bytes) -> ParsedMail:
    return parse(mail(*args, **fields))  # type: ignore[arg-type]


def tnef(filename: str, content: bytes) -> bytes:
    """A minimal winmail.dat with one file."""

    def attribute(level: int, name: int, kind: int, value: bytes) -> bytes:
        return (
            struct.pack("<BHHI", level, name, kind, len(value))
            + value
            + struct.pack("<H", sum(value) & 0xFFFF)
        )

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(1, 0x9007, 6, struct.pack("<II", 1251, 0))
        + attribute(2, 0x9002, 6, b"\x00" * 14)
        + attribute(2, 0x8010, 1, filename.encode("cp1251") + b"\x00")
        + attribute(2, 0x800F, 6, content)
    )
