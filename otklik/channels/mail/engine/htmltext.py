"""HTML to text a person can read and the reply cutter can cut.

Quotes become `> ` lines; the marks mail programs leave (Outlook's header block, signature blocks)
become the plain-text marks of the same meaning. The walk is iterative: mails nest as they please.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from otklik.channels.mail.engine.html import MAX_HTML, crude_text, is_tangled

SKIP = frozenset(("style", "script", "head", "title", "template", "object", "svg", "math", "iframe", "select",
                  "textarea", "audio", "video", "noscript", "-comment", "!doctype", "-doctype"))  # fmt: skip
BLOCK = frozenset(
    [
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "table",
        "tr",
        "blockquote",
        "pre",
        "hr",
        "section",
        "article",
        "header",
        "footer",
        "address",
        "center",
        "dl",
        "dt",
        "dd",
        "form",
        "fieldset",
        "figure",
        "figcaption",
        "main",
        "nav",
        "aside",
        "caption",
        "details",
        "summary",
        "tbody",
        "thead",
        "tfoot",
    ]
)
SPACED = frozenset(
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "dl", "figure"]
)
HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.I)
NO_MARGIN = re.compile(r"margin(?:-top)?\s*:\s*0(?:px|pt|cm|in|em)?\s*(?:;|$|0)", re.I)
INDENT = re.compile(r"border\s*:\s*(?:none|0)", re.I)
TOP_BORDER = re.compile(r"border-top\s*:\s*solid|border(?:-width)?\s*:\s*(?:1(?:\.0)?p[tx]) (?:none|0)", re.I)
SIGNATURE = re.compile(r"gmail_signature|moz-signature|signature_?block|ms-outlook-mobile-signature|"
    r"AppleMailSignature|"
                       r"^signature$|mail_signature|js-compose-signature", re.I)  # fmt: skip
HEADER_LABEL = re.compile(r"^\s*(?:from|от|von|de|da|van|fra|från|od|отправитель|від)\s*:", re.I)
QUOTE_MARK = "-----Original Message-----"
SPACE = re.compile(r"[ \t\r\n\f\xa0\u200b\u2007\u202f\u00ad\ufeff\u034f]+")
MAX_LINK = 500
MAX_QUOTE = 12  # deeper quotes are shown at this depth


@dataclass(slots=True)
class Writer:
    """Lines under construction. `gap` is the number of blank lines owed before the next words."""

    lines: list[str] = field(default_factory=list)
    current: str = ""
    depth: int = 0
    last_depth: int = 0
    gap: int = 0
    pre: int = 0
    lists: list[int] = field(default_factory=list)  # 0 for bullets, next number for ordered

    def words(self, text: str) -> None:
        if self.pre:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.current += first
            for line in rest:
                self.new_line(forced=True)
                self.current += line
            return
        text = SPACE.sub(" ", text)
        if text == " " and not self.current:
            return
        if not self.current or self.current.endswith(" "):
            text = text.lstrip(" ")
        self.current += text

    def new_line(self, *, forced: bool = False) -> None:
        line = self.current.rstrip(" ").removesuffix(" |").rstrip(" ")
        self.current = ""
        prefix = ">" * min(self.depth, MAX_QUOTE) + (" " if self.depth else "")
        if line:
            if self.gap and self.lines:
                self.lines.append(">" * min(self.depth, self.last_depth, MAX_QUOTE))
            self.gap = 0
            self.lines.append(prefix + line)
            self.last_depth = self.depth
        elif forced:
            self.gap = 1

    def blank(self) -> None:
        self.new_line()
        self.gap = 1


def html_to_text(html: str) -> str:
    """Readable text; falls back to dropping tags when the HTML is too large or too tangled."""
    if is_tangled(html) or len(html) > MAX_HTML:
        return crude_text(html)
    try:
        tree = LexborHTMLParser(html)
        root = tree.body or tree.root
    except Exception:  # third-party code on hostile input
        return crude_text(html)
    if root is None:
        return ""
    writer = Writer()
    _walk(root, writer)
    writer.new_line()
    return "\n".join(writer.lines).strip("\n")


def _walk(root: LexborNode, out: Writer) -> None:
    node: LexborNode | None = root
    path: list[tuple[LexborNode, str]] = []
    while node is not None:
        closing = _enter(node, out)
        child = node.first_child if closing is not None else None
        if child is not None and closing is not None:
            path.append((node, closing))
            node = child
            continue
        if closing:
            _leave(node, closing, out)
        node = _following(node, path, out)


def _following(node: LexborNode, path: list[tuple[LexborNode, str]], out: Writer) -> LexborNode | None:
    """The next node in document order, leaving every element that ends here."""
    while path:
        if node.next is not None:
            return node.next
        node, closing = path.pop()
        _leave(node, closing, out)
    return None


def _enter(node: LexborNode, out: Writer) -> str | None:
    """Write what stands before the children. None: skip the children; otherwise a note for `_leave`."""
    tag = node.tag or ""
    if tag == "-text":
        out.words(node.text_content or "")
        return None
    if tag in SKIP or tag.startswith(("-", "!")):
        return None
    attributes = node.attributes
    style = attributes.get("style") or ""
    if style and HIDDEN.search(style):
        return None
    if tag == "br":
        out.new_line(forced=True)
        return None
    if tag == "img":
        _image(attributes, out)
        return None
    if tag == "a":
        return f"a{len(out.current)}"
    if tag in ("td", "th"):
        out.current += " | " if out.current.strip() and not out.current.endswith("| ") else ""
        return "cell"
    return _enter_block(node, tag, attributes, style, out) if tag in BLOCK else "inline"


def _enter_block(
    node: LexborNode, tag: str, attributes: dict[str, str | None], style: str, out: Writer
) -> str:
    tight = tag == "p" and ("MsoNormal" in (attributes.get("class") or "") or NO_MARGIN.search(style))
    if tag in SPACED and not tight and not (tag in ("ul", "ol") and out.lists):
        out.blank()
    else:
        out.new_line()
    if tag == "blockquote" and not _is_indent(attributes, style):
        out.depth += 1
        return "quote"
    if tag == "hr":
        out.words("----------")
        out.new_line()
    elif tag == "pre":
        out.pre += 1
    elif tag in ("ul", "ol"):
        out.lists.append(1 if tag == "ol" else 0)
    elif tag == "li":
        _bullet(out)
    _mail_mark(node, attributes, style, out)
    return "tight" if tight else tag


def _is_indent(attributes: dict[str, str | None], style: str) -> bool:
    """Gmail and WebKit indent paragraphs with a blockquote that has no border."""
    return "indent" in (attributes.get("class") or "") or bool("40px" in style and INDENT.search(style))


def _bullet(out: Writer) -> None:
    indent = "  " * max(0, len(out.lists) - 1)
    number = out.lists[-1] if out.lists else 0
    if number:
        out.lists[-1] += 1
    out.current = f"{indent}{number}. " if number else f"{indent}- "


def _mail_mark(node: LexborNode, attributes: dict[str, str | None], style: str, out: Writer) -> None:
    """The plain-text mark of an Outlook quote or of a signature block."""
    if not attributes or out.depth:
        return
    identity = attributes.get("id") or ""
    marks = f"{attributes.get('class') or ''} {identity} {attributes.get('data-smartmail') or ''}"
    outlook = identity.endswith(("divRplyFwdMsg", "mail-editor-reference-message-container"))
    if outlook or (TOP_BORDER.search(style) and HEADER_LABEL.match(node.text(deep=True)[:400])):
        if QUOTE_MARK not in out.lines[-3:]:
            out.blank()
            out.words(QUOTE_MARK)
            out.new_line()
    elif marks.strip() and any(SIGNATURE.search(word) for word in marks.split()):
        text = node.text(deep=True).strip()
        if text and not text.startswith("--") and not (out.lines and out.lines[-1] in ("--", "-- ")):
            out.new_line()
            out.lines.append("-- ")
            out.gap = 0


def _image(attributes: dict[str, str | None], out: Writer) -> None:
    alt = SPACE.sub(" ", attributes.get("alt") or "").strip()
    if not alt:
        return
    emoji = len(alt) <= 4 and not any(char.isalnum() for char in alt)
    out.words(alt if emoji else f"[{alt[:200]}]")


def _leave(node: LexborNode, closing: str, out: Writer) -> None:
    tag = node.tag or ""
    if closing == "quote":
        out.new_line()
        out.depth -= 1
        out.gap = 1
    elif tag == "a":
        _link(node, int(closing[1:]), out)
    elif tag == "pre":
        out.new_line()
        out.pre -= 1
        out.gap = 1
    elif tag in ("ul", "ol") and out.lists:
        out.lists.pop()
        out.new_line()
        out.gap = 0 if out.lists else 1
    elif closing in SPACED:
        out.blank()
    elif tag in BLOCK:
        out.new_line()


def _link(node: LexborNode, start: int, out: Writer) -> None:
    """`text (address)`, when the address says more than the text."""
    href = (node.attributes.get("href") or "").strip()
    shown = out.current[start:].strip() if start <= len(out.current) else out.current.strip()
    if not shown or not href.lower().startswith(("http://", "https://", "mailto:")) or len(href) > MAX_LINK:
        return
    target = href[7:].partition("?")[0] if href.lower().startswith("mailto:") else href
    plain = re.sub(r"^https?://(?:www\.)?|/+$", "", target.lower())
    if plain and plain not in shown.lower():
        out.current = out.current.rstrip() + f" ({target})"
