"""What a file is, by its first bytes; the label and the name are asked only when the bytes are silent."""

from __future__ import annotations

import re

from otklik.channels.mail.engine.charset import decode

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (257, b"ustar", "application/x-tar"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"BEGIN:VCALENDAR", "text/calendar"),
    (0, b"BEGIN:VCARD", "text/vcard"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
)
EXTENSIONS = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "heic": "image/heic", "svg": "image/svg+xml", "pdf": "application/pdf", "zip": "application/zip",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook", "rtf": "application/rtf", "txt": "text/plain", "log": "text/plain",
    "csv": "text/csv", "html": "text/html", "htm": "text/html", "xml": "application/xml",
    "json": "application/json",
    "eml": "message/rfc822", "ics": "text/calendar", "vcf": "text/vcard", "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "oga": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav", "m4a": "audio/mp4", "mp4": "video/mp4",
    "mov": "video/quicktime", "avi": "video/x-msvideo", "webm": "video/webm",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
}  # fmt: skip
SUFFIX = {kind: ext for ext, kind in reversed(EXTENSIONS.items())} | {
    "image/jpeg": "jpg", "text/plain": "txt", "text/html": "html", "audio/ogg": "ogg", "image/bmp": "bmp",
    "application/vnd.rar": "rar", "application/gzip": "gz", "application/pgp-signature": "asc",
    "application/x-7z-compressed": "7z", "application/pkcs7-signature": "p7s",
    "application/pkcs7-mime": "p7m",
}  # fmt: skip
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")
VAGUE = frozenset({"", "application/octet-stream", "application/x-octet-stream", "application/binary",
                   "binary/octet-stream", "application/unknown", "application/x-unknown",
                   "application/download",
                   "application/force-download", "application/x-download", "*/*"})  # fmt: skip


def sniff(content: bytes, declared: str, filename: str) -> str:
    """Content type of a file. `declared` is lower case without parameters."""
    declared = declared if KIND.fullmatch(declared) else ""
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    return (
        _by_magic(content, extension)
        or _by_text(content)
        or (declared if declared not in VAGUE else "")
        or EXTENSIONS.get(extension, "")
        or ("text/plain" if _is_text(content) else "application/octet-stream")
    )


def _by_magic(content: bytes, extension: str) -> str:
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return _zip_kind(content)
    if content.startswith(OLE):
        return _ole_kind(content, extension)
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(
            content[8:12], ""
        )
    if content[4:8] == b"ftyp":
        return _ftyp(content[8:12])
    for offset, magic, kind in MAGIC:
        if content.startswith(magic, offset) and not (
            len(magic) == 2 and magic.isalpha() and _is_text(content)
        ):
            return kind
    return ""


def _ftyp(brand: bytes) -> str:
    if brand in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return "image/heic"
    if brand.startswith(b"avif"):
        return "image/avif"
    if brand.startswith(b"M4A"):
        return "audio/mp4"
    return "video/quicktime" if brand == b"qt  " else "video/mp4"


def _zip_kind(content: bytes) -> str:
    """Office files are zips with known names; both ends hold them, the middle need not be read."""
    ends = content[:65536] + content[-65536:]
    for mark, extension in ((b"word/", "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx")):
        if mark in ends and (b"[Content_Types].xml" in ends or b"_rels" in ends):
            return EXTENSIONS[extension]
    open_document = re.match(rb"(application/vnd\.oasis\.opendocument\.[a-z-]+)", content[38:120])
    return open_document[1].decode() if open_document else "application/zip"


def _ole_kind(content: bytes, extension: str) -> str:
    """Stream names stand in UTF-16 in the directory of an OLE file."""
    for name, kind in (
        ("WordDocument", "doc"),
        ("Workbook", "xls"),
        ("PowerPoint Document", "ppt"),
        ("__nameid", "msg"),
    ):
        if name.encode("utf-16-le") in content:
            return EXTENSIONS[kind]
    return (
        EXTENSIONS.get(extension, "application/x-ole-storage")
        if extension in ("doc", "xls", "ppt", "msg")
        else ("application/x-ole-storage")
    )


def _by_text(content: bytes) -> str:
    head = content[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<script", b"<body")):
        return "text/html"
    if head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head):
        return "image/svg+xml"
    return "application/xml" if head.startswith(b"<?xml") else ""


def _is_text(content: bytes) -> bool:
    sample = content[:2000]
    if not sample or b"\x00" in sample:
        return False
    text = decode(sample).text
    strange = sum(1 for char in text if char < " " and char not in "\t\r\n\f" or char == "\ufffd")
    return strange * 50 < len(text)


UNSAFE = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe_filename(name: str, kind: str, number: int) -> str:
    """The last part of a path without signs that deceive or break file systems, at most 150 characters."""
    name = re.split(r"[/\\]", name.strip())[-1]
    name = re.sub(r"\s+", " ", UNSAFE.sub("", name)).strip(" .")
    if not name:
        suffix = SUFFIX.get(kind, "bin")
        return f"{'image' if kind.startswith('image/') else 'file'}-{number}.{suffix}"
    if len(name) > 150:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[:135]}.{extension[:12]}" if dot else name[:150]
    return name
