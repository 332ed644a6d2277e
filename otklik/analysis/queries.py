"""Reads of readings: of given subjects, and as conditions for the lists and the rules of other domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from otklik.analysis import marks, words
from otklik.analysis.models import Reading, Rereading, TaxonomyVersion
from otklik.analysis.taxonomy import Causes


def of(kind: str, object_ids: Sequence[int]) -> dict[int, Reading]:
    """Readings by the number of their subject; texts not read yet are missing."""
    return {row.object_id: row for row in Reading.objects.filter(kind=kind, object_id__in=list(object_ids))}


@dataclass(frozen=True, slots=True)
class Brief:
    """What a list shows of a reading and sorts by. `certainty`: per mille, of the field it is least sure of."""

    tone: str
    intent: str
    cause: str
    priority: str
    safety: bool
    unsure: bool
    certainty: int
    marks: frozenset[str]

    def sure_of(self, field: str) -> bool:
        return marks.mark("unsure", field) not in self.marks


_BRIEF = ("tone", "intent", "cause", "priority", "safety", "unsure", "certainty")


def briefs(kind: str, object_ids: Sequence[int]) -> dict[int, Brief]:
    """The same without the whole answers, for lists of many."""
    rows = Reading.objects.filter(kind=kind, object_id__in=list(object_ids)).only(
        "object_id", "marks", *_BRIEF
    )
    return {
        row.object_id: Brief(
            **{name: getattr(row, name) for name in _BRIEF}, marks=frozenset(row.marks.split())
        )
        for row in rows
    }


def has(kind: str, reference: str, *, sure: bool = False, **wanted: Any) -> Exists:
    """A condition for a list: the subject named by its column `reference` was read so.

    `wanted`: any field of `marks.FIELDS` with a label or several of them (one is enough; of intent, cause, emotions
    and signals every label of the text counts), `min_severity`, `min_complexity`, `min_urgency`, and `unsure`: True
    for the queue, or names of fields that abstained. `sure`: no field asked for may have abstained. Each subject
    costs one look into the unique index of readings. Raises ValueError for a field that is not there.
    """
    return Exists(
        Reading.objects.filter(condition(sure=sure, **wanted), kind=kind, object_id=OuterRef(reference))
    )


def condition(*, sure: bool = False, **wanted: Any) -> Q:
    """The same as a condition on readings themselves."""
    found = Q()
    if wanted.get("unsure") is True:
        found &= Q(unsure=True)
        del wanted["unsure"]
    for group in marks.groups(wanted):
        one_of = Q()
        for one in group:
            one_of |= Q(marks__contains=f" {one} ")
        found &= one_of
    for doubt in marks.doubts(wanted) if sure else ():
        found &= ~Q(marks__contains=f" {doubt} ")
    return found


def fits(reading: Reading, *, sure: bool = False, **wanted: Any) -> bool:
    """Whether one reading satisfies the conditions of `has`."""
    if wanted.get("unsure") is True:
        del wanted["unsure"]
        if not reading.unsure:
            return False
    return marks.fits(frozenset(reading.marks.split()), wanted, sure=sure)


def causes(organisation_id: int) -> Causes:
    """The causes of an organisation as they are in force now."""
    newest = TaxonomyVersion.objects.filter(organisation_id=organisation_id).order_by("-number").first()
    return Causes() if newest is None else Causes.stored(newest.preset, newest.number, newest.causes)


def taxonomy_versions(organisation_id: int) -> QuerySet[TaxonomyVersion]:
    """All of them, the newest first."""
    return TaxonomyVersion.objects.filter(organisation_id=organisation_id).order_by("-number")


def labels(organisation_id: int, field: str) -> dict[str, Any]:
    """Every label a field may have, in words; causes under the organisation's names."""
    return causes(organisation_id).titles if field == "cause" else words.VALUES[field]


def read_before_taxonomy(organisation_id: int) -> bool:
    """Whether texts were read with other causes than those in force: history is worth reading again."""
    newest = taxonomy_versions(organisation_id).first()
    if newest is None or not Reading.objects.filter(organisation_id=organisation_id).exists():
        return False
    return not Rereading.objects.filter(organisation_id=organisation_id, started_at__gte=newest.at).exists()


def rereading(organisation_id: int, kind: str) -> Rereading | None:
    """The history that is being read again now."""
    return Rereading.objects.filter(organisation_id=organisation_id, kind=kind, done_at=None).first()
