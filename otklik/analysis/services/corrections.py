"""What people say of a reading: the last word, and the label that later models learn from (S1-51)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.analysis import words
from otklik.analysis.events import TextsRead
from otklik.analysis.models import Correction, Reading
from otklik.analysis.services.readings import DERIVED, settle, typed
from otklik.audit import services as audit
from otklik.kernel import clock, events
from otklik.kernel.errors import Invalid, NotFound

CORRECTABLE = ("tone", "intent", "cause", "expects_reply", "severity", "abuse", "rumour")


@transaction.atomic
def correct(kind: str, object_id: int, field: str, right: str, *, by: User) -> Reading:
    """A person says what is right, or agrees with what stands there. The machine's word stays in `data`.

    Raises NotFound, Forbidden, Invalid (no such field or label).
    """
    policy.require(by, "analysis.correct")
    found = (
        Reading.objects.select_for_update()
        .filter(organisation_id=by.organisation_id, kind=kind, object_id=object_id)
        .first()
    )
    if found is None:
        raise NotFound
    if field not in CORRECTABLE:
        raise Invalid(_("This field is not corrected by hand."), field="field", value=field)
    was = str(getattr(found, field))
    if right not in words.VALUES[field]:
        raise Invalid(_("There is no label “%(value)s”."), field=field, value=right)
    Correction.objects.create(
        reading=found,
        organisation_id=found.organisation_id,
        field=field,
        said=was,
        right=right,
        by_id=by.pk,
        at=clock.now(),
    )
    setattr(found, field, typed(field, right))
    found.corrected = sorted({*found.corrected, field})
    settle(found)
    found.save(update_fields=[field, "corrected", *DERIVED])
    audit.record(
        "reading.corrected",
        organisation_id=found.organisation_id,
        by=by,
        kind=kind,
        object_id=object_id,
        field=field,
        was=was,
        now=right,
    )
    events.announce(TextsRead(found.organisation_id, kind, (object_id,), corrected=True))
    return found
