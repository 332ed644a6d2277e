"""Record, seal, verify. Sealing is apart from recording: a chain written inside each action would queue all writers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import transaction

from otklik.audit.models import Entry, Head
from otklik.kernel import clock


class Actor(Protocol):
    """Who acted; staff users and the values below satisfy it."""

    @property
    def audit_kind(self) -> str: ...

    @property
    def audit_id(self) -> int | None: ...

    @property
    def audit_name(self) -> str: ...


@dataclass(frozen=True)
class Named:
    """An actor that is not a staff user."""

    audit_kind: str
    audit_name: str
    audit_id: int | None = None


SYSTEM = Named("system", "Отклик")


def record(  # noqa: PLR0913 an entry has these parts
    action: str,
    *,
    organisation_id: int,
    by: Actor,
    kind: str,
    object_id: int | None = None,
    reason: str = "",
    **data: Any,
) -> None:
    """Write one entry in the caller's transaction. `action` is a stable dotted code, `data` plain JSON values."""
    Entry.objects.bulk_create(
        [
            Entry(
                organisation_id=organisation_id,
                at=clock.now(),
                actor_kind=by.audit_kind,
                actor_id=by.audit_id,
                actor_name=by.audit_name[:200],
                action=action,
                object_kind=kind,
                object_id=object_id,
                reason=reason,
                data=data,
            )
        ]
    )


def fingerprint(entry: Entry, seq: int, prev_hash: str) -> str:
    """sha256 over every field of the entry, its place and the hash before it."""
    body = json.dumps(
        [
            seq,
            prev_hash,
            entry.organisation_id,
            entry.at.isoformat(),
            entry.actor_kind,
            entry.actor_id,
            entry.actor_name,
            entry.action,
            entry.object_kind,
            entry.object_id,
            entry.reason,
            entry.data,
        ],
        ensure_ascii=False,
        sort_keys=True,
    )
    # a lone surrogate from an API call must not stop the sealer for good
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def seal(limit: int = 2000) -> int:
    """Chain what is not chained yet, organisation by organisation; returns how many entries."""
    waiting = (
        Entry.objects.filter(seq__isnull=True).values_list("organisation_id", flat=True).order_by().distinct()
    )
    return sum(_seal_one(organisation_id, limit) for organisation_id in list(waiting))


@transaction.atomic
def _seal_one(organisation_id: int, limit: int) -> int:
    Head.objects.get_or_create(organisation_id=organisation_id)
    head = Head.objects.select_for_update().get(organisation_id=organisation_id)
    entries = list(
        Entry.objects.filter(organisation_id=organisation_id, seq__isnull=True).order_by("id")[:limit]
    )
    for entry in entries:
        entry.seq = head.seq + 1
        entry.prev_hash = head.hash
        entry.hash = fingerprint(entry, entry.seq, entry.prev_hash)
        head.seq, head.hash = entry.seq, entry.hash
    Entry.objects.bulk_update(entries, ["seq", "prev_hash", "hash"], batch_size=200)
    head.save(update_fields=["seq", "hash"])
    return len(entries)


@dataclass(frozen=True)
class Verdict:
    """Outcome of a check: `first_bad` is the id of the first entry that does not fit, or None."""

    ok: bool
    entries: int
    unsealed: int
    first_bad: int | None


def verify() -> Verdict:
    """Walk every chain. A changed, inserted or removed entry, also at the end, is found."""
    first_bad: int | None = None
    for head in Head.objects.order_by("organisation_id"):
        first_bad = first_bad if first_bad is not None else _first_bad(head)
    headless = Entry.objects.filter(seq__isnull=False).exclude(
        organisation_id__in=Head.objects.values("organisation_id")
    )
    if first_bad is None:
        first_bad = headless.order_by("id").values_list("id", flat=True).first()
    total = Entry.objects.count()
    unsealed = Entry.objects.filter(seq__isnull=True).count()
    return Verdict(ok=first_bad is None, entries=total, unsealed=unsealed, first_bad=first_bad)


END = 20_000  # entries that a person can wait for: under a second


def verify_end(organisation_id: int, limit: int = END) -> Verdict:
    """The last `limit` entries of one organisation's chain, while somebody waits. `entries`: how many were calculated.

    The whole chain is the work of `verify`: with a million entries it takes half a minute.
    """
    own = Entry.objects.filter(organisation_id=organisation_id)
    head = Head.objects.filter(organisation_id=organisation_id).first() or Head(
        organisation_id=organisation_id, seq=0, hash=""
    )
    skipped = max(head.seq - limit, 0)
    first_bad = _first_bad(head, skipped)
    return Verdict(
        ok=first_bad is None,
        entries=head.seq - skipped,
        unsealed=own.filter(seq__isnull=True).count(),
        first_bad=first_bad,
    )


def _first_bad(head: Head, skipped: int = 0) -> int | None:
    """The first entry that does not fit; the first `skipped` places are taken for right."""
    rows = Entry.objects.filter(organisation_id=head.organisation_id, seq__isnull=False).order_by("seq")
    seq, prev = skipped, ""
    if skipped:
        prev = rows.filter(seq=skipped).values_list("hash", flat=True).first() or ""
    for entry in rows.filter(seq__gt=skipped).iterator(chunk_size=2000):
        seq += 1
        right_place = entry.seq == seq and entry.prev_hash == prev
        if not right_place or entry.hash != fingerprint(entry, seq, prev):
            return entry.pk
        prev = entry.hash
    # the sealer may have gone on meanwhile: the end lies between the head before and the head now
    now = Head.objects.filter(pk=head.pk).first() or head
    fits = head.seq <= seq <= now.seq and all(prev == one.hash for one in (head, now) if one.seq == seq)
    if not fits:
        last = rows.last()
        return last.pk if last else 0  # the end of the chain is missing
    return None
