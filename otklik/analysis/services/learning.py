"""Retraining an organisation's fields from what its people said, in the background; versions, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.accounts.principals import User
from otklik.analysis import labels
from otklik.analysis.engine.own import FIELDS
from otklik.analysis.models import LearningPlan, ModelVersion, Training
from otklik.analysis.services import learnt, lessons, reader
from otklik.audit import services as audit
from otklik.kernel import clock, outbox
from otklik.kernel.errors import Conflict, Invalid, NotFound

TOPIC = "analysis.learn"
LARGEST = 4 * 1024 * 1024  # bytes of a version
MOST_FOR_ALL = 100_000  # labels between two trainings
NIGHT = 20 * 3600.0  # seconds after which a few new labels are enough
FEW = 10

State = ModelVersion.State


@transaction.atomic
def start(*, by: User, fields: Sequence[str] | None = None) -> Training:
    """Retrain these fields, or all that have enough labels; one training of an organisation at a time.

    Raises Forbidden, Invalid (no such field, or too few labels).
    """
    policy.require(by, "analysis.train")
    unknown = [name for name in fields or () if name not in FIELDS]
    if unknown:
        raise Invalid(_("There is no field “%(value)s”."), field="fields", value=unknown[0])
    ready = [name for name, number in labels.counts(by.organisation_id).items() if number >= lessons.FEWEST]
    wanted = [name for name in ready if fields is None or name in fields]
    if not wanted:
        raise Invalid(
            _("There is nothing to learn from yet: a field needs %(number)s corrected or confirmed texts."),
            number=lessons.FEWEST,
        )
    return _begin(by.organisation_id, wanted, by)


def _begin(organisation_id: int, fields: list[str], by: User | None) -> Training:
    accounts.organisation(organisation_id)
    running = (
        Training.objects.select_for_update().filter(organisation_id=organisation_id, done_at=None).first()
    )
    if running is not None:
        return running
    job = Training.objects.create(
        organisation_id=organisation_id,
        fields=fields,
        by_id=by.pk if by else None,
        started_at=clock.now(),
    )
    audit.record(
        "analysis.retrain", organisation_id=organisation_id, by=by or audit.SYSTEM, kind="training",
        object_id=job.pk, fields=fields,
    )  # fmt: skip
    _turn(job)
    return job


def _turn(job: Training) -> None:
    key = f"{TOPIC}:{job.pk}:{job.done}"
    outbox.put(TOPIC, key, {"job": job.pk, "turn": job.done}, organisation_id=job.organisation_id)


def run(payload: dict[str, Any]) -> None:
    """Outbox handler: one field of a training. Learning stands outside of the transaction that stores and activates."""
    job = Training.objects.filter(pk=payload["job"], done=payload["turn"], done_at=None).first()
    if job is None:
        return  # another process has done it
    field = job.fields[job.done]
    before = learnt.in_use(job.organisation_id, reader.shipped()).get(field)
    outcome = lessons.teach(job.organisation_id, field, learnt.model(before) if before else None)
    with transaction.atomic():
        if not _advance(job, outcome, before):
            raise outbox.Later(1.0)  # somebody changed what is in use while it was learnt: judged anew


def _advance(job: Training, outcome: lessons.Outcome, before: int | None) -> bool:
    """Store the outcome of a field and go on; False when what it was judged against is not in use any more."""
    held = Training.objects.select_for_update().filter(pk=job.pk, done=job.done, done_at=None).first()
    if held is None:
        return True
    active = list(
        ModelVersion.objects.select_for_update()
        .filter(organisation_id=job.organisation_id, field=outcome.field, state=State.ACTIVE)
        .order_by("pk")
    )
    if before is not None and [one.pk for one in active] != [before]:
        return False
    if before is None and any(one.base == reader.shipped() for one in active):
        return False
    held.outcomes = [*held.outcomes, _stored(held, outcome)]
    held.done += 1
    if held.done >= len(held.fields):
        held.done_at = clock.now()
    held.save(update_fields=["outcomes", "done", "done_at"])
    if held.done_at is None:
        _turn(held)
    return True


def _stored(job: Training, outcome: lessons.Outcome) -> dict[str, Any]:
    """Keep what was learnt as a version, put to use unless it is worse; returns what the training remembers."""
    if outcome.adapted is None:
        return {"field": outcome.field, "why": outcome.why}
    found, blob = outcome.adapted, outcome.adapted.model.dumps()
    better = found.better and len(blob) <= LARGEST
    mine = ModelVersion.objects.filter(organisation_id=job.organisation_id, field=outcome.field)
    if better:
        mine.filter(state=State.ACTIVE).update(state=State.RETIRED)
    made = ModelVersion.objects.create(
        organisation_id=job.organisation_id,
        field=outcome.field,
        number=(mine.aggregate(last=Max("number"))["last"] or 0) + 1,
        state=State.ACTIVE if better else State.REJECTED,
        blob=blob if better else b"",  # what was never used needs no bytes
        base=reader.shipped(),
        labels=found.learnt,
        held=found.held,
        old=found.old,
        new=found.new,
        card={**found.card, "sources": outcome.sources},
        seconds=outcome.seconds,
        by_id=job.by_id,
        at=clock.now(),
    )
    by = accounts.anybody(job.organisation_id, job.by_id) if job.by_id else audit.SYSTEM
    audit.record(
        "analysis.learnt", organisation_id=job.organisation_id, by=by, kind="model_version", object_id=made.pk,
        field=made.field, version=made.number, learnt=made.labels, held=made.held, used=better,
        before=found.old["agreement"], after=found.new["agreement"],
    )  # fmt: skip
    return {"field": outcome.field, "version": made.pk, "used": better}


@transaction.atomic
def activate(version_id: int, *, by: User) -> ModelVersion:
    """Put an earlier version to use. Raises NotFound, Forbidden, Conflict (it was never good enough, or is too old)."""
    policy.require(by, "analysis.train")
    one = (
        ModelVersion.objects.select_for_update()
        .filter(pk=version_id, organisation_id=by.organisation_id)
        .defer("blob")
        .first()
    )
    if one is None:
        raise NotFound
    if one.state == State.REJECTED or one.base != reader.shipped():
        raise Conflict(
            _("This version cannot be used: it was no better, or stands upon other shipped models.")
        )
    if one.state != State.ACTIVE:
        _retire(one.organisation_id, one.field)
        one.state = State.ACTIVE
        one.save(update_fields=["state"])
        audit.record(
            "analysis.activated", organisation_id=one.organisation_id, by=by, kind="model_version",
            object_id=one.pk, field=one.field, version=one.number,
        )  # fmt: skip
    return one


@transaction.atomic
def use_shipped(field: str, *, by: User) -> None:
    """A field is answered by the shipped models alone again. Raises NotFound, Forbidden."""
    policy.require(by, "analysis.train")
    if field not in FIELDS:
        raise NotFound
    if _retire(by.organisation_id, field):
        audit.record(
            "analysis.shipped", organisation_id=by.organisation_id, by=by, kind="organisation",
            object_id=by.organisation_id, field=field,
        )  # fmt: skip


def _retire(organisation_id: int, field: str) -> int:
    return ModelVersion.objects.filter(
        organisation_id=organisation_id, field=field, state=State.ACTIVE
    ).update(state=State.RETIRED)


@transaction.atomic
def plan(every: int, *, by: User) -> LearningPlan:
    """Retrain by itself after so many new labels of a field; 0: never. Raises Forbidden, Invalid."""
    policy.require(by, "analysis.train")
    if not 0 <= every <= MOST_FOR_ALL or 0 < every < FEW:
        raise Invalid(
            _("A number from %(least)s on is needed, or 0: never by itself."), field="every", least=FEW
        )
    found, _made = LearningPlan.objects.update_or_create(
        organisation_id=by.organisation_id, defaults={"every": every}
    )
    audit.record(
        "analysis.planned", organisation_id=by.organisation_id, by=by, kind="organisation",
        object_id=by.organisation_id, every=every,
    )  # fmt: skip
    return found


def retrain_due() -> int:
    """Periodic: begin a training wherever enough was said since the last one; returns how many were begun.

    Enough: as many new labels as planned; a few once a night; any, when the shipped models are others than those
    that a version in use stands upon.
    """
    begun = 0
    for organisation_id, fields in labels.due(lessons.FEWEST, FEW, NIGHT, reader.shipped()).items():
        with transaction.atomic():
            if not Training.objects.filter(organisation_id=organisation_id, done_at=None).exists():
                _begin(organisation_id, fields, None)
                begun += 1
    return begun


def now(organisation_id: int, field: str) -> tuple[lessons.Outcome, bool]:
    """Retrain one field here and at once, for the command line; what was learnt, and whether it is used.

    Raises Conflict when a training of the organisation is running.
    """
    with transaction.atomic():
        job = _begin(organisation_id, [field], None)
    before = learnt.in_use(organisation_id, reader.shipped()).get(field)
    outcome = lessons.teach(organisation_id, field, learnt.model(before) if before else None)
    with transaction.atomic():
        if job.fields != [field] or not _advance(job, outcome, before):
            raise Conflict
    job.refresh_from_db()
    return outcome, bool(job.outcomes and job.outcomes[-1].get("used"))
