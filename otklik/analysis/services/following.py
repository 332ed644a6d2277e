"""From the stream of events to readings: what arrives is read in batches; the place moves together with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from otklik.analysis import ports
from otklik.analysis.models import Place
from otklik.analysis.services import reader
from otklik.analysis.services.readings import keep
from otklik.kernel import events
from otklik.kernel.events import Cursor

BATCH = 256
READ = "read"  # a change of a subject that is only its reading
MAX_BATCHES = 20  # of one run, so that it ends


def follow() -> int:
    """Periodic: read every new or changed text; returns how many."""
    done = 0
    for _round in range(MAX_BATCHES):
        here = _place()
        found = events.after(here, limit=BATCH)
        if not found:
            break
        done += _read(here, found)
    return done


def _place() -> Cursor:
    place, _made = Place.objects.get_or_create(pk=1)  # begins with the oldest event that is kept
    return Cursor(place.txid, place.event_id)


def _read(here: Cursor, found: Sequence[Any]) -> int:
    """Read outside the transaction; keep and move on in one. Another process that was faster has done it."""
    wanted: dict[tuple[int, str], set[int]] = defaultdict(set)
    for event in found:
        for kind, object_id in _subjects(event):
            wanted[event.organisation_id, kind].add(object_id)
    results = []
    for (organisation_id, kind), ids in wanted.items():
        texts = ports.text_sources[kind](sorted(ids))
        version = reader.version(organisation_id)
        results.append(
            (
                organisation_id,
                kind,
                version,
                dict(zip(texts, reader.read(organisation_id, list(texts.values())), strict=True)),
            )
        )
    there = events.position(found[-1])
    with transaction.atomic():
        moved = Place.objects.filter(pk=1, txid=here.txid, event_id=here.id).update(
            txid=there.txid, event_id=there.id
        )
        if not moved:
            return 0
        for organisation_id, kind, version, rows in results:
            if rows:
                keep(organisation_id, kind, rows, version)
    return sum(len(rows) for _organisation, _kind, _version, rows in results)


def _subjects(event: Any) -> Iterable[tuple[str, int]]:
    """Which text an event is about: `ports.followed` names the topics and where the number stands."""
    followed = ports.followed.get(event.topic)
    if event.payload.get("change") == READ:  # our own news come back by the stream
        return
    if followed and event.payload.get(followed.number):
        yield followed.kind, int(event.payload[followed.number])
