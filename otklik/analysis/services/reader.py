"""The reader of an organisation: the models of this installation, its industry, and the names it knows."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

from otklik.accounts import queries as accounts
from otklik.analysis.engine import content, vectors
from otklik.analysis.engine.cause import Taxonomy, presets
from otklik.analysis.engine.entities import Gazetteer
from otklik.analysis.engine.reading import Item, Reader

log = logging.getLogger(__name__)

KEPT = 60.0  # seconds in which a change of the directory is noticed
MOST_NAMES = 5_000  # of one kind
_readers: dict[int, tuple[float, Reader]] = {}


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
    """Built from the directory and the settings, kept for a minute."""
    known = _readers.get(organisation_id)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    made = Reader(taxonomy=Taxonomy(_preset(organisation_id)), names=_names(organisation_id))
    _readers[organisation_id] = (time.monotonic() + KEPT, made)
    return made


def _preset(organisation_id: int) -> str | None:
    """The industry of the organisation; None: every cause is possible."""
    named = accounts.organisation(organisation_id).settings.get("industry")
    return named if named in presets() else None


def _names(organisation_id: int) -> Gazetteer:
    found: dict[str, dict[str, Sequence[str]]] = {}
    for kind in ("outlet", "product", "employee", "brand"):
        rows = accounts.entries(organisation_id, kind).values_list("name", "spellings")[:MOST_NAMES]
        found[kind] = {name: list(spellings) for name, spellings in rows}
    return Gazetteer(**found)


@cache
def version() -> str:
    """Which models read: twelve digits over the files; a text read with others can be read again."""
    digest = hashlib.sha256()
    folders = (content.MODEL.parent, vectors.DATA)
    for path in sorted({path for folder in folders for path in folder.iterdir() if path.is_file()}):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
