"""One source row becomes an `ImportItem` or says why it cannot. Pure; no content of a file makes it raise."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from otklik.channels.importer.engine import sentences, values
from otklik.channels.importer.engine.dates import When, parse_date
from otklik.channels.importer.engine.mapping import Mapping
from otklik.channels.importer.engine.problems import RowError
from otklik.channels.importer.engine.sentences import Fault
from otklik.channels.importer.engine.source import SourceRow, storable

T = TypeVar("T")
MAX_TEXT = 100_000  # characters
MAX_SHORT = 1000
MAX_URL = 2048
_KIND_WORDS = {
    "message": ("сообщ", "обращ", "message", "письмо", "чат", "ticket", "dm"),
    "review": ("отзыв", "review", "оценка"),
    "comment": ("коммент", "comment", "ответ", "reply"),
    "mention": (
        "упомин",
        "mention",
        "пост",
        "репост",
        "post",
        "repost",
        "стать",
        "article",
        "news",
        "новост",
        "share",
    ),
}
_DIRECTIONS = {
    "in": ("in", "вх", "клиент", "customer", "client", "contact", "user", "получен"),
    "out": ("out", "исх", "оператор", "agent", "template", "сотрудник", "отправлен"),
    "system": ("system", "activity", "систем", "служебн"),
}
# Fields taken as they stand, cut to `MAX_SHORT`.
_PLAIN = tuple(
    [
        "author_name",
        "author_id",
        "source",
        "outlet",
        "external_id",
        "parent_id",
        "thread_id",
        "product",
        "order_number",
        "city",
        "language",
        "agent",
        "status",
    ]  # noqa: SIM905  one line reads better than thirteen
)


@dataclass(frozen=True, slots=True)
class ImportItem:
    """One text ready for the service. Unknown strings are "", unknown numbers and dates None.

    `key` is the same whenever the same row is imported again; `content_hash` differs when any mapped field
    does. `rating` is on 1–5 whatever the scale of the file. `occurred_at` carries a zone; `date_only` says
    that the file gave a bare day. `notices` are fields that were left empty because they could not be read.
    """

    key: str
    content_hash: str
    row: int
    kind: str  # message, review, comment, mention
    text: str
    title: str = ""
    url: str = ""
    author_name: str = ""
    author_id: str = ""
    author_url: str = ""
    email: str = ""
    phone: str = ""  # E.164
    occurred_at: datetime | None = None
    date_only: bool = False
    source: str = ""
    outlet: str = ""
    rating: float | None = None
    tone: str = ""  # negative, neutral, positive, mixed
    reach: int | None = None
    followers: int | None = None
    external_id: str = ""
    parent_id: str = ""
    thread_id: str = ""
    product: str = ""
    order_number: str = ""
    city: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    direction: str = ""  # in, out, system
    agent: str = ""
    status: str = ""
    notices: tuple[RowError, ...] = ()
    raw: dict[str, str] = field(default_factory=dict)


class _Stop(Exception):
    """Carries the error that makes the whole row unusable."""

    def __init__(self, error: RowError) -> None:
        super().__init__(error.code)
        self.error = error


class Converter:
    """A mapping made ready for many rows."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.zone = ZoneInfo(mapping.timezone)

    def convert(self, row: SourceRow) -> ImportItem | RowError:
        if row.error is not None:
            return row.error
        try:
            return _Reading(self, row).item()
        except _Stop as stop:
            return stop.error


def convert(row: SourceRow, mapping: Mapping) -> ImportItem | RowError:
    """One row; use `Converter` for a file."""
    return Converter(mapping).convert(row)


class _Reading:
    """The work on one row: takes the mapped cells, collects notices, stops at what cannot be left out."""

    def __init__(self, converter: Converter, row: SourceRow) -> None:
        self.mapping = converter.mapping
        self.zone = converter.zone
        self.row = row
        self.notices: list[RowError] = []

    def item(self) -> ImportItem:
        rating = self.rating()
        title = self.short("title")
        text = self.text(optional=rating is not None or bool(title))
        when = self.when()
        url, author_url = self.url("url"), self.url("author_url")
        plain = {name: self.short(name) for name in _PLAIN}
        occurred = when.moment if when else None
        item = ImportItem(
            key="",
            content_hash="",
            row=self.row.number,
            kind=self.word("kind", _KIND_WORDS) or self.mapping.constants.get("kind", "") or "mention",
            text=text,
            title=title,
            url=url,
            author_url=author_url,
            occurred_at=occurred,
            date_only=when is not None and not when.has_time,
            rating=rating or None,
            tone=self.read("tone", values.parse_tone, sentences.bad_tone) or "",
            email=self.read("email", values.parse_email, sentences.bad_email) or "",
            phone=self.read("phone", values.parse_phone, sentences.bad_phone) or "",
            reach=self.read("reach", self.count, sentences.bad_number),
            followers=self.read("followers", self.count, sentences.bad_number),
            tags=self.tags(),
            direction=self.word("direction", _DIRECTIONS),
            notices=tuple(self.notices),
            raw=self.row.values,
            **plain,
        )
        object.__setattr__(item, "key", key_of(item))
        object.__setattr__(item, "content_hash", content_hash(item))
        return item

    def cells(self, name: str) -> list[tuple[str, str]]:
        """(header, value) of the filled cells of a field; a constant stands in for an empty table."""
        if name not in self.mapping.columns and name not in self.mapping.constants:
            return []
        found = []
        renames = self.mapping.values.get(name, {})
        for header in self.mapping.columns.get(name, ()):
            value = _unguard(self.row.values.get(header, "").strip())
            if value:
                found.append((header, renames.get(value, value)))
        if not found and name in self.mapping.constants and name != "kind":
            found.append(("", self.mapping.constants[name]))
        return found

    def short(self, name: str) -> str:
        found = self.cells(name)
        if not found:
            return ""
        header, value = found[0]
        if len(value) > MAX_SHORT:
            self.notices.append(self.fault(header, sentences.cut(len(value), MAX_SHORT)))
        return storable(" ".join(value[:MAX_SHORT].split()))

    def text(self, *, optional: bool) -> str:
        found = self.cells("text")
        parts = [value if at == 0 else f"{header}: {value}" for at, (header, value) in enumerate(found)]
        parts += [f"{header}: {value}" for name in ("pros", "cons") for header, value in self.cells(name)]
        text = storable("\n\n".join(parts).replace("\r\n", "\n").replace("\r", "\n"))
        header = self.mapping.columns.get("text", ("",))[0]
        if len(text) > MAX_TEXT:
            raise _Stop(self.fault(header, sentences.too_long(len(text), MAX_TEXT)))
        if not text and header in self.row.formulas:
            raise _Stop(self.fault(header, sentences.NO_VALUE))
        if not text and not optional:
            raise _Stop(self.fault(header, sentences.EMPTY_TEXT))
        return text

    def when(self) -> When | None:
        found = self.cells("date")
        if not found:
            return None
        header, value = found[0]
        clock = self.cells("time")
        when = parse_date(value, zone=self.zone, order=self.mapping.date_order)
        if when and not when.has_time and clock:
            # Excel stores a bare time as a day fraction or as a moment of the year 1899.
            joined = f"{when.moment:%Y-%m-%d} {clock[0][1].split()[-1]}"
            when = parse_date(joined, zone=self.zone) or when
        if when is None:
            raise _Stop(self.fault(header, sentences.bad_date(value)))
        return when

    def rating(self) -> float | None:
        """1–5, 0.0 when the file says "none", None when it says nothing."""
        found = self.cells("rating")
        if not found:
            return None
        header, value = found[0]
        try:
            rating = values.parse_rating(value, scale=self.mapping.rating_max)
        except ValueError:
            raise _Stop(
                self.fault(header, sentences.rating_out_of_range(value, self.mapping.rating_max))
            ) from None
        if rating is None:
            raise _Stop(self.fault(header, sentences.bad_rating(value)))
        return rating

    def count(self, value: str) -> int | None:
        return values.parse_count(value, decimal=self.mapping.decimal)

    def read(self, name: str, parse: Callable[[str], T | None], sentence: Callable[[str], Fault]) -> T | None:
        found = self.cells(name)
        if not found:
            return None
        header, value = found[0]
        result = parse(value)
        if result is None:
            self.notices.append(self.fault(header, sentence(value)))
        return result

    def url(self, name: str) -> str:
        found = self.cells(name)
        if not found:
            return ""
        header, value = found[0]
        link = f"https://{value}" if value.lower().startswith("www.") else value
        # Anything but http is dropped: a javascript: link would wait for the first click of an operator.
        if (
            link.lower().startswith(("http://", "https://"))
            and len(link) <= MAX_URL
            and not set(link) & set(' <>"\n')
        ):
            return storable(link)
        self.notices.append(self.fault(header, sentences.bad_url(value)))
        return ""

    def tags(self) -> tuple[str, ...]:
        pieces = [
            piece.strip() for _, value in self.cells("tags") for piece in value.replace(";", ",").split(",")
        ]
        return tuple(dict.fromkeys(storable(piece[:100]) for piece in pieces if piece))

    def word(self, name: str, table: dict[str, tuple[str, ...]]) -> str:
        """The meaning of a word by its beginning; "" when it is unknown, with a notice."""
        for header, value in self.cells(name):
            lowered = value.lower()
            for meaning, starts in table.items():
                if lowered == meaning or lowered.startswith(starts):
                    return meaning
            self.notices.append(self.fault(header, sentences.unknown_word(value)))
        return ""

    def fault(self, header: str, what: Fault) -> RowError:
        return sentences.located(self.row.number, header, what, self.row.values)


def _unguard(value: str) -> str:
    """Undoes `export_guard`: an error file of ours comes back with apostrophes before = + - @."""
    return value[1:] if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@") else value


def _digest(*parts: str) -> str:
    joined = json.dumps(parts, ensure_ascii=False)
    return hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()


def key_of(item: ImportItem) -> str:
    """Identity of a row across imports.

    With an external id: source and id, so that everything else may change. Without: source, url, author,
    moment and text, because nothing less tells two short reviews of one page apart.
    """
    if item.external_id:
        return _digest("id", item.source, item.kind, item.external_id)
    moment = item.occurred_at.astimezone(UTC).isoformat() if item.occurred_at else ""
    text = " ".join(unicodedata.normalize("NFC", f"{item.title}\n{item.text}").split())
    author = item.author_id or item.author_name or item.email
    return _digest("row", item.source, item.url, author, item.thread_id, item.direction, moment, text)


_OWN = frozenset(("key", "content_hash", "row", "notices", "raw"))
_CONTENT = tuple(name for name in ImportItem.__dataclass_fields__ if name not in _OWN)


def content_hash(item: ImportItem) -> str:
    """Changes when any mapped field changes; not with the place in the file or with unmapped columns."""
    return _digest(*(str(getattr(item, name)) for name in _CONTENT))
