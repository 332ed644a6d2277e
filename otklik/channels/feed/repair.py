"""Bytes of a feed to text an XML parser can take: encoding, entity bombs, bare ampersands. Pure."""

from __future__ import annotations

import codecs
import html
import re

from otklik.channels.importer.engine import encoding

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.I)
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.S)
_AMPERSAND = re.compile(
    r"&(?!#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31};)?"
)
_BARE = re.compile(r"&(?![A-Za-z#][\w.-]{0,40};)")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_XML_HEAD = re.compile(r"^\s*<\?xml[^>]*\?>")
_START = re.compile(
    r"<(?:\?xml|rss|feed|rdf:RDF|RDF|channel|!DOCTYPE|html)\b|<[a-z]{1,10}:(?:feed|rss)\b", re.I
)
_WHOLE = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel|html)\s*>", re.I)
_CUT_TAG = re.compile(r"<(?!!\[CDATA\[)[^<>]*\Z|<!(?:\[\w{0,5}\[?)?\Z")
_TAG = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<(?P<close>/)?(?P<name>[A-Za-z_][\w:.-]*)[^<>]*?(?P<empty>/)?>",
    re.S,
)
_DEPTH = 50  # deeper nesting is no feed
_CONVINCING = 0.25
_BETTER = 0.2

# Codecs that bytes may ask for by name and that only text should: never zip, rot13 or idna.
_TEXT_CODECS = frozenset(
    (
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "cp1251",
        "koi8-r",
        "koi8-u",
        "cp866",
        "iso8859-1",
        "iso8859-5",
        "iso8859-15",
        "cp1252",
        "cp1250",
        "ascii",
        "mac-cyrillic",
        "iso8859-2",
        "cp1254",
        "gb18030",
        "gbk",
        "gb2312",
        "big5",
        "shift_jis",
        "euc_jp",
        "euc_kr",
        "utf-8-sig",
        "ptcp154",
        "kz1048",
    )
)


def decode(raw: bytes, content_type: str) -> tuple[str, str, bool]:
    """(text, encoding, whether the declared one was wrong). Valid UTF-8 with Cyrillic beats every label."""
    known = encoding.by_bom(raw) or encoding.utf16_without_bom(raw)
    if known:
        return raw.decode(known, "replace").removeprefix("\ufeff"), known, False
    names = [name for name in (_codec(_in_header(content_type)), _codec(_in_xml(raw))) if name]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return _single_byte(raw, names)
    wrong = not text.isascii() and bool(names) and not any(name.startswith("utf-8") for name in names)
    return text, "utf-8", wrong


def _single_byte(raw: bytes, names: list[str]) -> tuple[str, str, bool]:
    best, score = encoding.best_cyrillic(raw[: 1 << 18])
    for name in names:
        if name.startswith("utf-") or name == "ascii":
            continue
        text = raw.decode(name, "replace")
        if score < _CONVINCING or encoding.cyrillic_score(text[: 1 << 18]) >= score - _BETTER:
            return text, name, name != names[0]
    if encoding.detect([raw]) == "utf-8":  # UTF-8 with a few damaged bytes
        return raw.decode("utf-8", "replace"), "utf-8", True
    return raw.decode(best, "replace"), best, True


def _in_header(content_type: str) -> str:
    found = _CHARSET.search(content_type[:500])
    return found[1] if found else ""


def _in_xml(raw: bytes) -> str:
    found = _DECLARED.search(raw[:1024])
    return found[1].decode("ascii") if found else ""


def _codec(name: str) -> str:
    try:
        codec = codecs.lookup(name).name if name else ""
    except (LookupError, ValueError):
        return ""
    return codec if codec in _TEXT_CODECS else ""


def clean(text: str) -> tuple[str, set[str]]:
    """The text ready for the parser and the codes of what had to be repaired."""
    codes: set[str] = set()
    start = _START.search(text[:4096])
    if start and text[: start.start()].strip():
        codes.add("leading_junk")
    if start:
        text = text[start.start() :]
    text = _XML_HEAD.sub("", text, count=1)
    text, had_entities = _without_doctype(text)
    if had_entities:
        codes.add("entities_ignored")
    if _ILLEGAL.search(text):
        text = _ILLEGAL.sub("", text)
        codes.add("illegal_characters")
    parts = _CDATA.split(text)
    for at in range(0, len(parts), 2):
        fixed = _AMPERSAND.sub(_entity, parts[at])
        bare = fixed.count("&amp;") > parts[at].count("&amp;")
        if bare and not (had_entities and not _BARE.search(parts[at])):  # its own entities are said already
            codes.add("bare_ampersand")
        parts[at] = fixed
    text = "".join(parts)
    if start and (ends := _missing_ends(text)):
        codes.add("truncated")
        text = ends
    return text, codes


def _missing_ends(text: str) -> str:
    """A cut feed with its open elements closed, so that its last entry is not lost; "" for a whole one."""
    if _WHOLE.search(text[-400:]):
        return ""
    text = _CUT_TAG.sub("", text)
    open_names: list[str] = []
    for found in _TAG.finditer(text):
        name = found["name"]
        if name is None or found["empty"]:
            continue
        if not found["close"]:
            open_names.append(name)
        elif name in open_names[-_DEPTH:]:
            while open_names.pop() != name:
                pass
    if not open_names or len(open_names) > _DEPTH:
        return ""
    unclosed = "]]>" if text.rfind("<![CDATA[") > text.rfind("]]>") else ""
    return text + unclosed + "".join(f"</{name}>" for name in reversed(open_names))


def _entity(found: re.Match[str]) -> str:
    """`&nbsp;` is no entity of XML but everybody writes it; anything unknown is a bare ampersand."""
    if found[1]:
        char = html.unescape("&" + found[1])
        if char != "&" + found[1] and not char.startswith("&"):
            return char.replace("<", "&lt;")
    return "&amp;" + (found[1] or "")


def _without_doctype(text: str) -> tuple[str, bool]:
    """Cuts the document type away: entities of one's own are bombs or doors to files, never news."""
    begin = re.search(r"<!DOCTYPE\b", text[:8192], re.I)
    if not begin:
        return text, False
    bracket, close = text.find("[", begin.end()), text.find(">", begin.end())
    if close < 0:
        return text[: begin.start()], True
    if bracket < 0 or bracket > close:
        return text[: begin.start()] + text[close + 1 :], False
    end = re.compile(r"\]\s*>").search(text, bracket)
    return text[: begin.start()] + (text[end.end() :] if end else ""), True
