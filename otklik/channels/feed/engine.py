"""RSS and Atom bytes to entries. Pure: no network, no files, never raises.

The parsing itself is feedparser's; ours is what stands around it: encodings of the Russian web, broken XML,
entity bombs, dates without zones, identity and duplicates.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import feedparser

from otklik.channels.feed import problems, repair
from otklik.channels.feed.problems import Problem
from otklik.channels.feed.text import one_line, plain
from otklik.channels.importer.engine.dates import DEFAULT_TIMEZONE, When, parse_date, rfc3339

MAX_BYTES = 10 << 20
MAX_ENTRIES = 5000
_ANGLE_MAIL = re.compile(r"^\s*[^\s@()]+@[^\s@()]+\s*\((.+)\)\s*$")
_ALTERNATE = re.compile(
    r"<link\b[^>]{0,500}type\s*=\s*[\"']application/(?:rss|atom)\+xml[\"'][^>]{0,500}>", re.I
)
_HREF = re.compile(r"href\s*=\s*[\"']([^\"'>]{1,500})[\"']", re.I)
# the whole text in the exports that Russian media make for Yandex, beside a summary of a line
_WHOLE_TEXT = ("yandex_full-text", "turbo_content")
_HTML = re.compile(r"^\s*(?:<!--.*?-->\s*)?<(?:html|head|body)\b", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Entry:
    """`published` and `updated` are RFC 3339 or None; `text` is plain; `id` is never empty."""

    id: str
    url: str | None
    title: str
    text: str
    author: str | None
    published: str | None
    updated: str | None


@dataclass(frozen=True)
class Feed:
    """Entries in the order of the feed. `problems` say what was repaired or could not be read."""

    title: str
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


def parse(
    raw: bytes, *, content_type: str = "", base_url: str = "", timezone: str = DEFAULT_TIMEZONE
) -> Feed:
    """Reads a feed. `timezone` is assumed for dates without a zone, `base_url` resolves relative links."""
    if len(raw) > MAX_BYTES:
        return Feed("", (), (problems.too_large(len(raw), MAX_BYTES),))
    if not raw.strip(b" \t\r\n\0\xef\xbb\xbf\xfe\xff"):
        return Feed("", (), (problems.EMPTY,))
    try:
        return _parse(raw, content_type, base_url, timezone)
    except Exception as error:  # a foreign feed must never stop the poller, whatever a parser meets
        return Feed("", (), (problems.unreadable(type(error).__name__),))


def fingerprint(entry: Entry) -> str:
    """Hash of what a reader sees: another value under the same id is an edit. Dates do not count."""
    words = [" ".join(part.split()) for part in (entry.title, entry.text)]
    return _digest(*words, entry.author or "")


def _parse(raw: bytes, content_type: str, base_url: str, timezone: str) -> Feed:
    text, name, wrong = repair.decode(raw, content_type)
    found = [problems.wrong_encoding(name)] if wrong else []
    page = text[:200_000]
    text, codes = repair.clean(text)
    found += [problems.REPAIRED[code] for code in sorted(codes)]
    if _HTML.match(text):
        return Feed("", (), (*found, problems.html_page(_feeds_of(page, base_url))))
    parsed = _feedparser(text, base_url)
    if parsed.get("bozo") and not isinstance(
        parsed.get("bozo_exception"), feedparser.CharacterEncodingOverride
    ):
        found.append(problems.broken(parsed.get("bozo_exception")))
    if not parsed.get("version") and not parsed.entries:
        # what would have to be repaired in it is of no use to anybody
        return Feed("", (), (problems.NOT_A_FEED,))
    reader = _Reader(parsed, base_url, timezone)
    entries = _newest(reader.entries())
    found += reader.problems
    if not entries:
        found.append(problems.NO_ENTRIES)
    return Feed(one_line(_text(parsed.feed.get("title"))), tuple(entries), tuple(dict.fromkeys(found)))


def _feedparser(text: str, base_url: str) -> Any:
    headers = {"content-type": "application/xml; charset=utf-8"}
    if base_url:
        headers["content-location"] = base_url
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A stream, never a string: feedparser opens strings as addresses and file names.
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )


def _feeds_of(page: str, base_url: str) -> list[str]:
    links = [_HREF.search(tag) for tag in _ALTERNATE.findall(page)[:5]]
    return [_join(base_url, link[1]) for link in links if link]


class _Reader:
    def __init__(self, parsed: Any, base_url: str, timezone: str) -> None:
        self.parsed = parsed
        self.atom = str(parsed.get("version", "")).startswith("atom")
        self.base = _join(base_url, _text(parsed.feed.get("link")))
        self.zone = ZoneInfo(timezone)
        self.feed_author = _author(parsed.feed)
        self.problems: list[Problem] = []

    def entries(self) -> list[Entry]:
        items = self.parsed.entries
        if len(items) > MAX_ENTRIES:
            self.problems.append(problems.too_many(len(items), MAX_ENTRIES))
        return [entry for item in items[:MAX_ENTRIES] if (entry := self.entry(item)) is not None]

    def entry(self, item: Any) -> Entry | None:
        title, text = one_line(_text(item.get("title"))), self.body(item)
        url = _link(item, self.base)
        identity = _text(dict.get(item, "id")).strip() or url or ""
        if not (title or text or identity):
            return None
        # dict.get: feedparser answers "published" for a missing "updated" and the other way round.
        published = self.date(_text(dict.get(item, "published")))
        updated = self.date(_text(dict.get(item, "updated")))
        if published is None and not self.atom:
            published, updated = updated, None  # dc:date of RSS 1.0 is the day of publication
        return Entry(
            id=identity or "sha256:" + _digest(title, text),
            url=url,
            title=title,
            text=text,
            author=_author(item) or self.feed_author,
            published=published,
            updated=updated,
        )

    def body(self, item: Any) -> str:
        """The richest of summary and contents: feeds put the teaser now in one, now in the other."""
        given = [_text(part.get("value")) for part in item.get("content") or [] if isinstance(part, dict)]
        given += [_text(item.get(name)) for name in ("summary", *_WHOLE_TEXT)]
        return max((plain(value) for value in given), key=len, default="")

    def date(self, value: str) -> str | None:
        if not value.strip():
            return None
        when: When | None = parse_date(value, zone=self.zone)
        if when is None:
            self.problems.append(problems.bad_date(value))
            return None
        if not when.has_zone:
            self.problems.append(problems.no_zone(self.zone.key))
        return rfc3339(when.moment)


def _newest(entries: list[Entry]) -> list[Entry]:
    """One entry per id: the latest by date, the earlier in the feed when dates do not tell."""
    best: dict[str, Entry] = {}
    for entry in entries:
        rival = best.get(entry.id)
        if rival is None or _moment(entry) > _moment(rival):
            best[entry.id] = entry  # a dict keeps the place of the first
    return list(best.values())


def _moment(entry: Entry) -> float:
    written = entry.updated or entry.published
    return datetime.fromisoformat(written).timestamp() if written else 0.0


def _link(item: Any, base: str) -> str | None:
    candidates = [
        item.get("link"),
        *(link.get("href") for link in item.get("links") or [] if isinstance(link, dict)),
    ]
    for candidate in candidates:
        given = _text(candidate).strip()
        url = _join(base, given) if given else ""
        if url.lower().startswith(("http://", "https://")):
            return url
    return None


def _author(item: Any) -> str | None:
    raw = _text(item.get("author"))
    if found := _ANGLE_MAIL.match(raw):  # before feedparser's own guess, which stumbles over long domains
        return one_line(found[1]) or None
    detail = item.get("author_detail")
    name = _text(detail.get("name")) if isinstance(detail, dict) else ""
    return one_line(name or raw) or None


def _join(base: str, link: str) -> str:
    try:
        return urljoin(base, link) if base else link
    except ValueError:
        return link


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()
