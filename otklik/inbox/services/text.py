"""Small text helpers of the inbox."""

from __future__ import annotations

import re

from otklik.inbox.models import Message

_SPACE = re.compile(r"\s+")


def shorten(text: str, limit: int) -> str:
    """One line of at most `limit` characters, cut at a word, with an ellipsis when something is missing."""
    line = _SPACE.sub(" ", text).strip()
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > limit // 2 else cut) + "…"


def search_text(message: Message) -> str:
    """What a message is found by: its words, subject, author and the names of its files."""
    return f"{message.subject}\n{message.author_name}\n{message.author_address}\n{message.text}"
