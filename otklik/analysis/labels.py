"""Reads of what people said: labels of a field, how many, agreement by week, confusion."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import TruncWeek

from otklik.analysis.models import Correction, LearningPlan, ModelVersion, Training
from otklik.kernel import clock

WEEKS = 26  # shown
HONEST = Correction.Source.SAMPLED


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said last of a field of one text."""

    kind: str
    object_id: int
    said: str
    right: str
    source: str


def current(organisation_id: int) -> QuerySet[Correction]:
    """Words that no later word on the same field of the same text has replaced."""
    later = Correction.objects.filter(
        reading_id=OuterRef("reading_id"), field=OuterRef("field"), pk__gt=OuterRef("pk")
    )
    return Correction.objects.filter(~Exists(later), organisation_id=organisation_id)


def last_words(organisation_id: int, field: str) -> Any:
    """The newest first; slice it."""
    return _Words(
        current(organisation_id)
        .filter(field=field)
        .order_by("-at", "-id")
        .values_list("reading__kind", "reading__object_id", "said", "right", "source")
    )


class _Words:
    """Rows as words, so that a slice is a query."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __getitem__(self, part: slice) -> list[Word]:
        return [Word(*row) for row in self._rows[part]]


def counts(organisation_id: int) -> dict[str, int]:
    """Labelled texts of every field that has some."""
    rows = current(organisation_id).values("field").annotate(number=Count("id")).order_by("field")
    return dict(rows.values_list("field", "number"))


def for_models(field: str, label: str) -> str:
    """A label as the models name it."""
    return {"yes": "True", "no": "False"}.get(label, label) if field == "safety" else label


def of_models(field: str, label: str) -> str:
    """A label of the models as people see it."""
    return {"True": "yes", "False": "no"}.get(label, label) if field == "safety" else label


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the machine was right: on texts drawn at random, and on those people spoke of while working."""

    drawn: int
    drawn_right: int
    worked: int
    worked_right: int


_AGREED = Q(said=F("right"))
_SUMS = {
    "drawn": Count("id", filter=Q(source=HONEST)),
    "drawn_right": Count("id", filter=Q(source=HONEST) & _AGREED),
    "worked": Count("id", filter=~Q(source=HONEST)),
    "worked_right": Count("id", filter=~Q(source=HONEST) & _AGREED),
}


def agreement(organisation_id: int) -> dict[str, Agreement]:
    """Of every field that has labels, over all time."""
    rows = current(organisation_id).values("field").order_by("field").annotate(**_SUMS)
    return {field: Agreement(*sums) for field, *sums in rows.values_list("field", *_SUMS)}


def by_week(organisation_id: int, field: str) -> list[tuple[datetime, Agreement]]:
    """The last WEEKS weeks that have labels, oldest first; weeks begin on Monday."""
    since = clock.ago(WEEKS * 7 * 86400.0)
    rows = (
        current(organisation_id)
        .filter(field=field, at__gte=since)
        .annotate(week=TruncWeek("at"))
        .values("week")
        .order_by("week")
        .annotate(**_SUMS)
    )
    return [(week, Agreement(*sums)) for week, *sums in rows.values_list("week", *_SUMS)]


def confusion(organisation_id: int, field: str) -> dict[tuple[str, str], int]:
    """(machine said, person said) → texts."""
    rows = (
        current(organisation_id)
        .filter(field=field)
        .values("said", "right")
        .annotate(number=Count("id"))
        .order_by()
    )
    return {(row["said"], row["right"]): row["number"] for row in rows}


def versions(organisation_id: int, field: str = "") -> QuerySet[ModelVersion]:
    """Without their bytes, the newest first."""
    rows = ModelVersion.objects.filter(organisation_id=organisation_id)
    return (rows.filter(field=field) if field else rows).defer("blob").order_by("-at", "-id")


def trainings(organisation_id: int) -> QuerySet[Training]:
    return Training.objects.filter(organisation_id=organisation_id).order_by("-started_at", "-id")


def fresh(organisation_id: int) -> dict[str, int]:
    """Labels of each field since it was last learnt."""
    last = _last(organisation_id)
    unlearnt = ~Q(field__in=list(last))
    for field, at in last.items():
        unlearnt |= Q(field=field, at__gt=at)
    rows = current(organisation_id).filter(unlearnt).values("field").annotate(number=Count("id")).order_by()
    return dict.fromkeys(counts(organisation_id), 0) | dict(rows.values_list("field", "number"))


def _last(organisation_id: int) -> dict[str, datetime]:
    rows = ModelVersion.objects.filter(organisation_id=organisation_id)
    return dict(rows.values("field").annotate(last=Max("at")).order_by().values_list("field", "last"))


def every(organisation_id: int) -> int:
    """After how many new labels a field is retrained by itself; 0: never."""
    found = LearningPlan.objects.filter(organisation_id=organisation_id).first()
    return found.every if found else LearningPlan.USUAL


def due(fewest: int, few: int, night: float, base: str) -> dict[int, list[str]]:
    """Organisations and fields that are to be retrained by themselves now.

    A field needs `fewest` labels; then `every` new ones, or `few` when it was last learnt `night` seconds ago, or a
    version in use that stands upon other models than `base`.
    """
    found: dict[int, list[str]] = defaultdict(list)
    recent = Correction.objects.filter(at__gte=clock.ago(2 * night)).values("organisation_id").distinct()
    stale = set(
        ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE)
        .exclude(base=base)
        .values_list("organisation_id", "field")
    )
    organisations = {row["organisation_id"] for row in recent} | {one for one, _ in stale}
    for organisation_id in sorted(organisations):
        planned = every(organisation_id)
        if not planned:
            continue
        last, new = _last(organisation_id), fresh(organisation_id)
        for field, number in counts(organisation_id).items():
            rested = field not in last or last[field] < clock.ago(night)
            wanted = new[field] >= planned or (rested and new[field] >= few)
            if number >= fewest and (wanted or (organisation_id, field) in stale):
                found[organisation_id].append(field)
    return dict(found)
