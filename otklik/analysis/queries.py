"""Reads of readings: of given subjects, and as conditions for the lists of other domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef

from otklik.analysis.models import Reading

FILTERS = ("tone", "intent", "cause", "priority", "lang", "abuse", "expects_reply")


def of(kind: str, object_ids: Sequence[int]) -> dict[int, Reading]:
    """Readings by the number of their subject; texts not read yet are missing."""
    return {row.object_id: row for row in Reading.objects.filter(kind=kind, object_id__in=list(object_ids))}


def has(kind: str, reference: str, **values: Any) -> Exists:
    """A condition for a list: the subject named by its column `reference` was read so.

    `values`: fields of FILTERS with tuples of values, or `unsure=True`.
    """
    conditions = {f"{name}__in": wanted for name, wanted in values.items() if name in FILTERS and wanted}
    if values.get("unsure"):
        conditions["unsure"] = True
    return Exists(Reading.objects.filter(kind=kind, object_id=OuterRef(reference), **conditions))
