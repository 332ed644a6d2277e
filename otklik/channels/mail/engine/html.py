"""Foreign HTML made safe to show: nothing runs, nothing loads, nothing leaves its frame.

nh3 (ammonia) does the cleaning; inline styles are filtered here by property and value, and remote
images keep their address in `data-remote-src`, so that they load only when a person asks.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

import nh3

MAX_HTML = 2_000_000
MAX_DEPTH = 400

TAGS = frozenset(
    [
        "a",
        "abbr",
        "address",
        "article",
        "b",
        "bdi",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "main",
        "mark",
        "nav",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
EVERYWHERE = {"style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"}
ATTRIBUTES = {
    "*": EVERYWHERE,
    "a": {"href"},
    "img": {"src", "alt", "border", "hspace", "vspace"},
    "table": {"border", "cellpadding", "cellspacing", "summary"},
    "td": {"colspan", "rowspan", "nowrap", "headers"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value"},
    "blockquote": {"type"},
    "hr": {"size", "color", "noshade"},
    "br": {"clear"},
    "time": {"datetime"},
}
PROPERTIES = frozenset(
    [
        "background",
        "background-color",
        "border",
        "border-bottom",
        "border-bottom-color",
        "border-bottom-style",
        "border-bottom-width",
        "border-collapse",
        "border-color",
        "border-left",
        "border-left-color",
        "border-left-style",
        "border-left-width",
        "border-radius",
        "border-right",
        "border-right-color",
        "border-right-style",
        "border-right-width",
        "border-spacing",
        "border-style",
        "border-top",
        "border-top-color",
        "border-top-style",
        "border-top-width",
        "border-width",
        "box-sizing",
        "caption-side",
        "clear",
        "color",
        "direction",
        "display",
        "empty-cells",
        "float",
        "font",
        "font-family",
        "font-size",
        "font-style",
        "font-variant",
        "font-weight",
        "height",
        "letter-spacing",
        "line-height",
        "list-style",
        "list-style-position",
        "list-style-type",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-height",
        "max-width",
        "min-height",
        "min-width",
        "opacity",
        "overflow",
        "overflow-wrap",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "table-layout",
        "text-align",
        "text-decoration",
        "text-indent",
        "text-overflow",
        "text-transform",
        "vertical-align",
        "visibility",
        "white-space",
        "width",
        "word-break",
        "word-spacing",
        "word-wrap",
    ]
)
# Functions other than colours may fetch (url, image-set, src) or compute; escapes may hide their names.
BAD_VALUE = re.compile(
    r"[\\@{}<>]|/\*|expression|javascript|behavior|(?<![a-z-])(?!rgba?\(|hsla?\()[a-z-]+\s*\(", re.I
)
REMOTE = re.compile(r"^(?:https?:)?//", re.I)
DATA_IMAGE = re.compile(r"^data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]+$", re.I)
WAITING = "x-otklik-remote:"  # a scheme no browser loads, should the renaming below ever miss one


@lru_cache(maxsize=4096)
def clean_style(style: str) -> str:
    """The declarations of `style` that only change looks."""
    kept = []
    for piece in style.split(";")[:200]:
        name, colon, value = piece.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name in PROPERTIES and value and len(value) < 300 and not BAD_VALUE.search(value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return clean_style(value) or None
    if name == "src":
        return _source(value.strip())
    if name == "href":
        return None if value.strip().lower().startswith(("data:", "cid:")) else value
    return value


def _source(value: str) -> str | None:
    if REMOTE.match(value):
        return WAITING + ("https:" + value if value.startswith("//") else value)
    if value.lower().startswith("cid:") or DATA_IMAGE.match(value):
        return value
    return None


CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={
        "script",
        "style",
        "title",
        "head",
        "template",
        "noscript",
        "iframe",
        "object",
        "svg",
        "math",
    },
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    attribute_filter=_attribute,
    strip_comments=True,
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
# `"` is escaped inside attribute values, so this string can only be the start of a real attribute.
WAITING_SRC = f' src="{WAITING}'


def sanitise(html: str) -> str | None:
    """Safe HTML, or None when it is too large or too tangled to be cleaned in reasonable time."""
    if len(html) > MAX_HTML or is_tangled(html):
        return None
    html = html.replace("\x00", "")
    try:
        cleaned = CLEANER.clean(html)
    except Exception:  # third-party code on hostile input: the text is shown instead
        return None
    return cleaned.replace(WAITING_SRC, ' data-remote-src="').strip()


TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)")
# Elements that close themselves or each other: leaving them open is no nesting.
FLAT = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "td",
        "tr",
        "th",
        "dd",
        "dt",
        "option",
        "thead",
        "tbody",
        "tfoot",
        "colgroup",
        "html",
        "head",
        "body",
    ]
)
MANY_ATTRIBUTES = re.compile(r"<[a-zA-Z](?:[^<>]{20000})")


def is_tangled(html: str) -> bool:
    """Whether open elements pile up so high that parsers need quadratic time (or a tag is monstrous)."""
    if html.count("&") + html.count("\xa0") > 100_000:
        return True
    if html.count("<") < MAX_DEPTH:
        return bool(len(html) > 20000 and "data:" not in html and MANY_ATTRIBUTES.search(html))
    nest, flat = _Nest(), 0
    for match in TAG.finditer(html):
        name, closes = match[2].lower(), bool(match[1])
        if name in FLAT:
            flat = max(0, flat + (-1 if closes else 1)) if name in ("td", "p", "li") else flat
        elif nest.take(name, closes=closes) > MAX_DEPTH:
            return True
    return flat > 20 * MAX_DEPTH or bool("data:" not in html and MANY_ATTRIBUTES.search(html))


# Formatting goes on behind the end of the block it began in; a scope keeps what lies outside it open.
FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)
SCOPES = frozenset(["table", "object", "applet", "marquee", "template", "svg", "math"])


class _Nest:
    """Elements that a parser holds open, roughly: a closing tag without its opening one closes nothing."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.formatting: dict[str, int] = {}

    def take(self, name: str, *, closes: bool) -> int:
        """How many are open after this tag."""
        if name in FORMATTING:
            self.formatting[name] = max(0, self.formatting.get(name, 0) + (-1 if closes else 1))
        elif not closes:
            self.open.append(name)
        else:
            self._close(name)
        return len(self.open) + sum(self.formatting.values())

    def _close(self, name: str) -> None:
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place] == name:
                del self.open[place:]
                return
            if self.open[place] in SCOPES:
                return


HIDDEN_OPEN = re.compile(r"<(script|style|head|title)\b", re.IGNORECASE)


def _without_hidden(html: str) -> str:
    """Scripts, styles and the head taken out in one pass; an element that never closes is only opened."""
    low, out, place = html.lower(), [], 0
    unclosed: set[str] = set()
    for match in HIDDEN_OPEN.finditer(html):
        name = match[1].lower()
        if match.start() < place or name in unclosed:
            continue
        end = low.find(f"</{name}", match.end())
        if end < 0:
            unclosed.add(name)
            continue
        out.append(html[place : match.start()])
        place = end
    return "".join(out) + html[place:]


def crude_text(html: str) -> str:
    """Text of HTML too tangled for a parser: tags dropped, lines kept."""
    html = _without_hidden(html[:MAX_HTML])
    html = re.sub(r"(?i)<(?:br|p|div|tr|li|h[1-6]|blockquote)\b[^<>]{0,2000}>", "\n", html)
    text = unescape(re.sub(r"<[^<>]{0,5000}>", "", html))
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
