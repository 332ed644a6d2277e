"""The reader of an organisation: the models of this installation, its causes, and the names it knows."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from otklik.accounts import queries as accounts
from otklik.analysis import queries
from otklik.analysis.engine import content, vectors
from otklik.analysis.engine.cause import Taxonomy
from otklik.analysis.engine.entities import Gazetteer
from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.services import learnt

log = logging.getLogger(__name__)

KEPT = 60.0  # seconds in which a change of the directory is noticed
MOST_NAMES = 5_000  # of one kind
_readers: dict[int, tuple[float, str, Reader]] = {}  # until when, which causes and learnt versions


def read(organisation_id: int, texts: Sequence[str]) -> list[dict[str, Any]]:
    """What the engine says of texts, in order. Slow (milliseconds a batch): never inside a transaction."""
    mine = reader(organisation_id)
    try:
        return mine.read([Item(one) for one in texts])
    except Exception:  # one text must not keep all others unread for ever
        log.exception("a batch of %s texts is read one by one", len(texts))
        return [_alone(mine, one) for one in texts]


def _alone(mine: Reader, text: str) -> dict[str, Any]:
    """The reading of one text; one that cannot be read is read as an empty one: unsure of everything."""
    try:
        return mine.read([Item(text)])[0]
    except Exception:
        log.exception("a text of %s characters cannot be read", len(text))
        return mine.read([Item("")])[0]


def reader(organisation_id: int) -> Reader:
    """Built from the directory and the settings, kept for a minute.

    A change of the causes, and a version put to use or rolled back, count at once in every process: that costs two
    small queries a batch.
    """
    causes = queries.causes(organisation_id)
    versions = learnt.in_use(organisation_id, shipped())
    made_of = f"{causes!r} {learnt.signed('', versions)}"
    known = _readers.get(organisation_id)
    if known is not None and known[0] > time.monotonic() and known[1] == made_of:
        return known[2]
    made = Reader(taxonomy=causes.engine(), names=_names(organisation_id), learnt=learnt.models(versions))
    if not _readers:
        Reader().settle()
    _readers[organisation_id] = (time.monotonic() + KEPT, made_of, made)
    return made


def with_taxonomy(organisation_id: int, taxonomy: Taxonomy) -> Reader:
    """The organisation's reader with other causes, to try them; nothing is kept."""
    return replace(reader(organisation_id), taxonomy=taxonomy)


def _names(organisation_id: int) -> Gazetteer:
    def of(kind: str) -> dict[str, Sequence[str]]:
        rows = accounts.entries(organisation_id, kind).values_list("name", "spellings")[:MOST_NAMES]
        return {name: list(spellings) for name, spellings in rows}

    return Gazetteer(outlet=of("outlet"), product=of("product"), employee=of("employee"), brand=of("brand"))


def version(organisation_id: int) -> str:
    """Which models read its texts: the shipped ones, and what was learnt upon them; another one can read anew."""
    return learnt.signed(shipped(), learnt.in_use(organisation_id, shipped()))


@cache
def shipped() -> str:
    """Version of the shipped models: twelve digits over their files."""
    digest = hashlib.sha256()
    folders = (content.MODEL.parent, vectors.DATA)
    for path in sorted({path for folder in folders for path in folder.iterdir() if path.is_file()}):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
