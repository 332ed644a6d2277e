"""The sealed chain: whatever is done to the table behind Otklik's back is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from otklik.audit import services as audit
from otklik.audit.models import Entry, Head
from otklik.kernel import clock
from otklik.web.cli import main

pytestmark = pytest.mark.django_db
ORGANISATION, OTHER = 71, 72
COUNT = 9


@pytest.fixture
def chain() -> list[Entry]:
    """Nine sealed entries of one organisation, one of another, sealed in two passes."""
    for number in range(COUNT):
        if number == 5:
            audit.seal()
        audit.record(
            "conversation.closed", organisation_id=ORGANISATION, by=audit.SYSTEM, kind="conversation",
            object_id=number, reason=f"Причина {number}", from_state="open", sum=1.50,
        )  # fmt: skip
    audit.record("label.added", organisation_id=OTHER, by=audit.SYSTEM, kind="label")
    assert audit.seal() == COUNT - 5 + 1
    return list(Entry.objects.filter(organisation_id=ORGANISATION).order_by("id"))


def rows(entry: Entry) -> Any:
    return Entry.objects.filter(pk=entry.pk)


def swap(chain: list[Entry]) -> None:
    first, second = chain[3].seq, chain[4].seq
    rows(chain[3]).update(seq=1000)
    rows(chain[4]).update(seq=first)
    rows(chain[3]).update(seq=second)


def insert(chain: list[Entry]) -> None:
    """A forged entry with a right hash after the end."""
    last = chain[-1]
    forged = Entry(
        organisation_id=ORGANISATION, at=clock.now(), actor_kind="staff", actor_name="x", action="x.y",
        object_kind="x", seq=COUNT + 1, prev_hash=last.hash,
    )  # fmt: skip
    forged.hash = audit.fingerprint(forged, COUNT + 1, last.hash)
    forged.save()


TAMPERINGS: dict[str, tuple[Callable[[list[Entry]], object], int]] = {
    **{
        f"{name} changed": (lambda c, name=name, value=value: rows(c[4]).update(**{name: value}), 4)  # type: ignore[misc]  # a default binds the loop
        for name, value in {
            "actor_kind": "staff", "actor_id": 5, "actor_name": "Олег", "action": "conversation.opened",
            "object_kind": "message", "object_id": 99, "reason": "", "data": {"from_state": "open"},
            "hash": "0" * 64, "prev_hash": "0" * 64,
        }.items()
    },
    "time changed": (lambda c: rows(c[4]).update(at=F("at") + timedelta(microseconds=1)), 4),
    "first removed": (lambda c: rows(c[0]).delete(), 1),
    "one removed": (lambda c: rows(c[4]).delete(), 5),
    "last removed": (lambda c: rows(c[8]).delete(), 7),
    "last three removed": (lambda c: Entry.objects.filter(pk__in=[e.pk for e in c[6:]]).delete(), 5),
    "one unsealed": (lambda c: rows(c[4]).update(seq=None), 5),
    "last unsealed and wiped": (lambda c: rows(c[8]).update(seq=None, prev_hash="", hash=""), 7),
    "two swapped": (swap, 4),
    "moved to another organisation": (lambda c: rows(c[4]).update(organisation_id=OTHER), 5),
    "head moved back": (lambda c: Head.objects.filter(pk=ORGANISATION).update(seq=5, hash=c[4].hash), 8),
    "head lost": (lambda c: Head.objects.filter(pk=ORGANISATION).delete(), 0),
}  # fmt: skip


@pytest.mark.parametrize("way", TAMPERINGS)
def test_tampering_is_found_at_its_place(
    chain: list[Entry], way: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert audit.verify() == audit.Verdict(ok=True, entries=COUNT + 1, unsealed=0, first_bad=None)
    tamper, place = TAMPERINGS[way]
    tamper(chain)
    assert main(["audit", "verify"]) == 1
    record = json.loads(capsysbinary.readouterr().out)
    assert list(record) == ["ok", "entries", "unsealed", "first_bad"]
    assert (record["ok"], record["first_bad"]) == (False, chain[place].pk)


def test_an_entry_put_behind_the_end_is_found(chain: list[Entry]) -> None:
    insert(chain)
    verdict = audit.verify()
    assert (verdict.ok, verdict.first_bad) == (False, Entry.objects.latest("id").pk)


def test_an_emptied_chain_is_broken_too(chain: list[Entry]) -> None:
    Entry.objects.filter(organisation_id=ORGANISATION).delete()
    assert audit.verify() == audit.Verdict(ok=False, entries=1, unsealed=0, first_bad=0)


def test_entries_that_wait_for_the_seal_are_counted_and_are_no_fault(
    chain: list[Entry], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    audit.record("x.y", organisation_id=ORGANISATION, by=audit.SYSTEM, kind="x")
    assert main(["audit", "verify"]) == 0
    record = json.loads(capsysbinary.readouterr().out)
    assert record == {"ok": True, "entries": COUNT + 2, "unsealed": 1, "first_bad": None}


def test_entries_are_neither_changed_nor_deleted_through_the_model(chain: list[Entry]) -> None:
    with pytest.raises(RuntimeError):
        chain[0].save()
    with pytest.raises(RuntimeError):
        chain[0].delete()


def test_a_lone_surrogate_does_not_stop_the_sealer() -> None:
    entry = Entry(organisation_id=1, at=clock.now(), action="x.y", reason="\ud800", data={"a": "\udfff"})
    assert len(audit.fingerprint(entry, 1, "")) == 64
