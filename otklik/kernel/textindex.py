"""Search in any word form, one path for both databases.

Text becomes tokens in Python (lower case, ё→е, lemma, stem of the lemma); the database only matches tokens,
so SQLite and PostgreSQL find the same. The full-text rows are written here, not by triggers: Django rebuilds
tables on SQLite and would drop those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import pymorphy3
import Stemmer
from django.db import connection
from django.db.models import Exists, OuterRef, TextField, Value
from django.db.models.functions import Concat

from otklik.kernel.models import IndexedText

_WORD = re.compile(r"[^\W_]+")
_CYRILLIC = re.compile(r"[а-я]")
MAX_TOKENS = 4000  # of one text; a longer one is found by its beginning
MAX_WORD = 60
NEWEST = 2000  # matching texts looked at, before other conditions of a list


@lru_cache(maxsize=1)
def _analyser() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")


_stem_ru = Stemmer.Stemmer("russian")
_stem_en = Stemmer.Stemmer("english")


@lru_cache(maxsize=200_000)
def token(word: str) -> str:
    """Search form of one lower-case word."""
    if _CYRILLIC.search(word):
        lemma = _analyser().parse(word)[0].normal_form.replace("ё", "е")
        return str(_stem_ru.stemWord(lemma))
    return str(_stem_en.stemWord(word))


def tokens(text: str) -> list[str]:
    """Distinct search tokens in order of appearance, at most MAX_TOKENS."""
    words = _WORD.findall(text.lower().replace("ё", "е"))
    return list(dict.fromkeys(token(word[:MAX_WORD]) for word in words[: MAX_TOKENS * 2]))[:MAX_TOKENS]


def ready(text: str) -> str:
    """The tokens of a text as they are stored: the slow part of indexing, to be done before a transaction."""
    return " ".join(tokens(text))


@dataclass(frozen=True)
class Entry:
    """One text to be found: a hit on `object_id` opens `group_id`."""

    organisation_id: int
    kind: str
    object_id: int
    group_id: int
    text: str
    words: str = ""  # of `ready(text)`, when it was worked out before the transaction


Row = tuple[int, str, int, int, str]
# plain SQL: on the path of every message, where the ORM would cost more than the search itself
_INSERT = (
    "INSERT INTO kernel_indexedtext (organisation_id, kind, object_id, group_id, tokens)"
    " VALUES (%s, %s, %s, %s, %s)"
)


class _Backend(Protocol):
    def insert(self, rows: Sequence[Row]) -> None: ...

    def erase(self, rows: Sequence[IndexedText]) -> None: ...

    def search(self, organisation_id: int, kind: str, words: list[str], limit: int) -> list[int]: ...


class _Sqlite:
    """FTS5 with external content: its rows name ours, so the text is stored once."""

    def insert(self, rows: Sequence[Row]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
            # one writer: what it has just inserted stands in a row
            cursor.execute(
                "INSERT INTO kernel_fts(rowid, tokens) SELECT id, tokens FROM kernel_indexedtext"
                " WHERE id > last_insert_rowid() - %s",
                [len(rows)],
            )

    def erase(self, rows: Sequence[IndexedText]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO kernel_fts(kernel_fts, rowid, tokens) VALUES ('delete', %s, %s)",
                [(row.pk, row.tokens) for row in rows],
            )

    def search(self, organisation_id: int, kind: str, words: list[str], limit: int) -> list[int]:
        query = " AND ".join(f'"{word}"' for word in [*_scope(organisation_id, kind), *words])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT t.group_id FROM kernel_fts JOIN kernel_indexedtext t ON t.id = kernel_fts.rowid"
                " WHERE kernel_fts MATCH %s AND t.organisation_id = %s"
                " ORDER BY kernel_fts.rowid DESC LIMIT %s",
                [query, organisation_id, limit],
            )
            return [row[0] for row in cursor.fetchall()]


class _PostgreSQL:
    """A generated tsvector column made of our tokens, with a GIN index: nothing to write beside the row."""

    def insert(self, rows: Sequence[Row]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)

    def erase(self, rows: Sequence[IndexedText]) -> None:
        return

    def search(self, organisation_id: int, kind: str, words: list[str], limit: int) -> list[int]:
        query = " & ".join(f"'{word}'" for word in [*_scope(organisation_id, kind), *words])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT group_id FROM kernel_indexedtext WHERE tsv @@ %s::tsquery AND organisation_id = %s"
                " ORDER BY id DESC LIMIT %s",
                [query, organisation_id, limit],
            )
            return [row[0] for row in cursor.fetchall()]


def _backend() -> _Backend:
    return _PostgreSQL() if connection.vendor == "postgresql" else _Sqlite()


def _scope(organisation_id: int, kind: str) -> tuple[str, str]:
    # inside the index, so that one organisation's search does not walk through the hits of another
    return f"xorg{organisation_id}", f"xkind{kind}"


def index(entries: Iterable[Entry]) -> None:
    """Make texts findable; an entry already known is replaced. Call inside the change's transaction."""
    entries = list(entries)
    known = {
        (row.kind, row.object_id): row
        for kind in {entry.kind for entry in entries}
        for row in IndexedText.objects.filter(
            kind=kind, object_id__in=[entry.object_id for entry in entries if entry.kind == kind]
        )
    }
    backend = _backend()
    if known:
        backend.erase(list(known.values()))
        IndexedText.objects.filter(pk__in=[row.pk for row in known.values()]).delete()
    add(entries)


def add(entries: Iterable[Entry]) -> None:
    """Like `index`, for texts known to be new: spares the look-up."""
    rows = [
        (
            entry.organisation_id,
            entry.kind,
            entry.object_id,
            entry.group_id,
            " ".join((*_scope(entry.organisation_id, entry.kind), entry.words or ready(entry.text))),
        )
        for entry in entries
    ]
    if rows:
        _backend().insert(rows)


def regroup(kind: str, object_ids: Sequence[int], group_id: int) -> None:
    """The texts now belong to another group (merge and split of conversations)."""
    IndexedText.objects.filter(kind=kind, object_id__in=object_ids).update(group_id=group_id)


def forget(kind: str, object_ids: Sequence[int]) -> None:
    """Texts that must not be found any more."""
    rows = list(IndexedText.objects.filter(kind=kind, object_id__in=object_ids))
    _backend().erase(rows)
    IndexedText.objects.filter(pk__in=[row.pk for row in rows]).delete()


@dataclass(frozen=True, slots=True)
class Hits:
    """Groups with a matching text, newest first. `cut`: there may be more, older ones."""

    groups: list[int]
    cut: bool


def hits(organisation_id: int, kind: str, query: str, *, limit: int = NEWEST) -> Hits | None:
    """The groups of the newest `limit` matching texts; None when the query holds no word."""
    words = tokens(query)
    if not words:
        return None
    found = _backend().search(organisation_id, kind, words, limit)
    return Hits(list(dict.fromkeys(found)), len(found) == limit)


def search(organisation_id: int, kind: str, query: str, *, limit: int = NEWEST) -> list[int] | None:
    """The same without the word whether there are more."""
    found = hits(organisation_id, kind, query, limit=limit)
    return None if found is None else found.groups


def rebuild() -> int:
    """Write the SQLite full-text table anew from the stored tokens; returns the number of texts."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO kernel_fts(kernel_fts) VALUES ('rebuild')")
    return IndexedText.objects.count()


def holds(kind: str, reference: str, query: str, *, of: Literal["object", "group"] = "object") -> Exists:
    """A condition for rows already narrowed: one text of the object or group that their column `reference` names has
    every word of the query.

    A look or a few into an index for each row, so cheap where most rows hold (a common word); without a word in the
    query nothing holds.
    """
    rows = IndexedText.objects.filter(kind=kind, **{f"{of}_id": OuterRef(reference)})
    rows = rows.annotate(padded=Concat(Value(" "), "tokens", Value(" "), output_field=TextField()))
    words = tokens(query)
    for word in words:
        rows = rows.filter(padded__contains=f" {word} ")
    return Exists(rows if words else rows.none())
