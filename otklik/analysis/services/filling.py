"""An answer is put beside the reading: it fills the fields that abstained, and says that it did."""

from __future__ import annotations

from django.db import transaction

from otklik.analysis.events import TextsRead
from otklik.analysis.models import Reading
from otklik.analysis.opinion_models import Opinion
from otklik.analysis.second import filled
from otklik.analysis.services.readings import DERIVED, settle
from otklik.kernel import events

COLUMNS = ("tone", "intent", "cause", "expects_reply", "severity", "abuse", "rumour")


@transaction.atomic
def put(opinion: Opinion) -> bool:
    """Beside the reading of the same text; False when there is none, or it stands there already."""
    row = (
        Reading.objects.select_for_update()
        .filter(organisation_id=opinion.organisation_id, kind=opinion.kind, object_id=opinion.object_id)
        .first()
    )
    if row is None or row.data.get("second", {}).get("opinion") == opinion.pk:
        return False
    fields = {name: opinion.answer[name] for name in COLUMNS if name in opinion.answer}
    settled = [name for name in filled.fills(opinion.answer, row.data, row.corrected) if name in fields]
    row.data["second"] = {
        "opinion": opinion.pk,
        "model": opinion.model,
        "filled": settled,
        "fields": fields,
        "evidence": opinion.answer.get("evidence", {}),
        "confidence": opinion.answer.get("confidence", {}),
    }
    settle(row)
    row.save(update_fields=["data", *settled, *DERIVED])
    events.announce(TextsRead(row.organisation_id, row.kind, (row.object_id,), filled=bool(settled)))
    return True
