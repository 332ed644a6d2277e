"""HTML of a feed entry as plain text. Pure."""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser

_MARKUP = re.compile(r"<[a-zA-Z/!]")
_BREAKS = "br, p, div, li, tr, h1, h2, h3, h4, h5, h6, blockquote, section, article, ul, ol, table, pre, hr"
_HIDDEN = ["script", "style", "noscript", "template", "iframe", "object", "head", "svg"]
_MAX_TAGS = 2000  # a tree of many nested blocks costs the square of its depth; no article has so many
_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[ \t\u00a0\u200b\r\f\v]+")
_LINES = re.compile(r" *\n[ \n]*")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(value: str) -> str:
    """Visible text: tags gone, entities read, blocks on their own lines, one space between words."""
    text = _UNSTORABLE.sub("", value)
    if text.count("<") > _MAX_TAGS:
        text = html.unescape(_TAG.sub("\n", text))
    elif _MARKUP.search(text):
        tree = LexborHTMLParser(text)
        tree.strip_tags(_HIDDEN)
        for node in tree.css(_BREAKS):
            node.insert_before("\n")
            if node.tag != "br":
                node.insert_after("\n")
        root = tree.body or tree.root
        # Line breaks of the source are only spaces in HTML; ours were inserted as text of their own.
        text = root.text(deep=True) if root is not None else ""
    elif "&" in text:
        text = html.unescape(text)
    text = _SPACES.sub(" ", _UNSTORABLE.sub("", text))
    return _LINES.sub("\n", text).strip()


def one_line(value: str) -> str:
    return " ".join(plain(value).split())
