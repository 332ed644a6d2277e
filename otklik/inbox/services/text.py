"""Small text helpers of the inbox."""

from __future__ import annotations

import hashlib
import re

from otklik.inbox.models import Message

_SPACE = re.compile(r"\s+")
# what a database or a screen cannot hold: NUL (PostgreSQL refuses it) and halves of characters
_UNUSABLE = re.compile(r"[\x00\ud800-\udfff]")
KEY_LENGTH = 254


def shorten(text: str, limit: int) -> str:
    """One line of at most `limit` characters, cut at a word, with an ellipsis when something is missing."""
    line = _SPACE.sub(" ", text).strip()
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > limit // 2 else cut) + "…"


def usable(text: str) -> str:
    """The text without signs that PostgreSQL refuses."""
    return _UNUSABLE.sub("\ufffd", text) if _UNUSABLE.search(text) else text


def web_address(text: str) -> str:
    """An address a link may lead to; anything else (javascript:, data:) is no address."""
    text = usable(text).strip()
    return text if text.lower().startswith(("https://", "http://")) else ""


def fit(key: str) -> str:
    """A name that fits its column; a longer one keeps its beginning and a digest, so that two never become one."""
    key = usable(key)
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[:180]}#{hashlib.sha256(key.encode()).hexdigest()}"


def search_text(message: Message) -> str:
    """What a message is found by: its words, subject, author and the names of its files."""
    files = "\n".join(message.attachments.values_list("filename", flat=True)) if message.has_files else ""
    return search_words(message.subject, message.author_name, message.author_address, message.text, files)


def search_words(subject: str, author_name: str, author_address: str, text: str, files: str = "") -> str:
    """The same before there is a message."""
    return f"{subject}\n{author_name}\n{author_address}\n{text}\n{files}"
