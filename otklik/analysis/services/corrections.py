"""What people say of a reading: the last word, and the label that later models learn from (S1-51)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.analysis import queries, words
from otklik.analysis.engine import own
from otklik.analysis.events import TextsRead
from otklik.analysis.models import Correction, Reading
from otklik.analysis.services.readings import DERIVED, settle, speak, speak_again
from otklik.audit import services as audit
from otklik.kernel import clock, events
from otklik.kernel.errors import Conflict, Invalid, NotFound

CORRECTABLE = own.FIELDS  # the priority follows from them by rules; personal data and entities are no labels
UNDONE_WITHIN = 3600.0  # seconds in which a person takes back what they said


@transaction.atomic
def correct(
    kind: str, object_id: int, field: str, right: str, *, by: User, source: str = Correction.Source.SPOKEN
) -> Reading:
    """A person says what is right, or agrees with what stands there. The machine's word stays in `data`.

    Several labels (emotions, signals) are joined by `|`; none is empty. Raises NotFound, Forbidden, Invalid (no such
    field or label).
    """
    policy.require(by, "analysis.correct")
    found = _locked(by.organisation_id, kind=kind, object_id=object_id)
    if field not in CORRECTABLE:
        raise Invalid(_("This field is not corrected by hand."), field="field", value=field)
    label = checked(by.organisation_id, field, right)
    was = str(found.spoken.get(field, machine_said(found, field)))
    Correction.objects.create(
        reading=found,
        organisation_id=found.organisation_id,
        field=field,
        said=machine_said(found, field),
        right=label,
        source=source,
        by_id=by.pk,
        at=clock.now(),
    )
    speak(found, field, label)
    _changed(found, "reading.corrected", by, field=field, was=was, now=label)
    return found


@transaction.atomic
def take_back(correction_id: int, *, by: User) -> Reading:
    """The person's own last word on a field is unsaid; what was said before it counts again.

    Raises NotFound, Forbidden, Conflict (somebody has spoken since, or it is too long ago).
    """
    policy.require(by, "analysis.correct")
    one = Correction.objects.filter(pk=correction_id, organisation_id=by.organisation_id, by_id=by.pk).first()
    if one is None:
        raise NotFound
    found = _locked(by.organisation_id, pk=one.reading_id)
    later = Correction.objects.filter(reading_id=found.pk, field=one.field, pk__gt=one.pk)
    if later.exists() or one.at < clock.ago(UNDONE_WITHIN):
        raise Conflict
    one.delete()
    before = Correction.objects.filter(reading_id=found.pk, field=one.field).order_by("-pk").first()
    speak_again(found, one.field, before.right if before else None)
    now = before.right if before else machine_said(found, one.field)
    _changed(found, "reading.correction_undone", by, field=one.field, was=one.right, now=now)
    return found


def checked(organisation_id: int, field: str, right: str) -> str:
    """A label as it is stored. Raises Invalid."""
    parts = sorted(own.parts(right)) if field in own.SEVERAL else [right]
    known = queries.causes(organisation_id).titles if field == "cause" else words.VALUES[field]
    for one in parts:
        if one not in known:
            raise Invalid(_("There is no label “%(value)s”."), field=field, value=one)
    return own.BETWEEN.join(parts)


def labels_of(organisation_id: int, field: str) -> dict[str, str]:
    """The labels a person may choose from, in words; of causes those of the organisation."""
    if field == "cause":
        return {"": words.value("cause", ""), **queries.causes(organisation_id).offered}
    return {key: str(title) for key, title in words.VALUES[field].items()}


def machine_said(reading: Reading, field: str) -> str:
    """What the models said, as one label of this field."""
    label = own.said(reading.data, field)
    return {"True": "yes", "False": "no"}[label] if field == "safety" else label


def _locked(organisation_id: int, **which: object) -> Reading:
    found = Reading.objects.select_for_update().filter(organisation_id=organisation_id, **which).first()
    if found is None:
        raise NotFound
    return found


def _changed(found: Reading, action: str, by: User, *, field: str, was: str, now: str) -> None:
    settle(found)
    columns = [field] if hasattr(found, field) else []
    found.save(update_fields=[*dict.fromkeys([*columns, "corrected", "spoken", *DERIVED])])
    audit.record(
        action,
        organisation_id=found.organisation_id,
        by=by,
        kind=found.kind,
        object_id=found.object_id,
        field=field,
        was=was,
        now=now,
    )
    events.announce(TextsRead(found.organisation_id, found.kind, (found.object_id,), corrected=True))
