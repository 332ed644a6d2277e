"""What was read as a column of other domains' queries: for figures that are counted by the database."""

from __future__ import annotations

from django.db.models import Case, CharField, F, OuterRef, Subquery, Value, When

from otklik.analysis import marks
from otklik.analysis.models import Reading

UNSURE = "unsure"  # stands for the label where the machine is not sure of it


def main(field: str, kind: str, reference: str) -> Subquery:
    """The main label of a field (intent, cause, tone, …) of the subject named by the column `reference`.

    UNSURE where the field abstained and nobody has spoken; NULL where the text is not read yet. Each subject costs one
    look into the unique index of readings.
    """
    doubt = marks.mark("unsure", field)
    said = Case(
        When(marks__contains=f" {doubt} ", then=Value(UNSURE)), default=F(field), output_field=CharField()
    )
    rows = Reading.objects.filter(kind=kind, object_id=OuterRef(reference)).order_by()
    return Subquery(rows.values(said=said)[:1], output_field=CharField())
