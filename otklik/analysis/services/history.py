"""Reading history again in the background: with progress, and from where it stopped after a kill."""

from __future__ import annotations

import time
from typing import Any

from django.db import transaction
from django.db.models import F

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.analysis import ports
from otklik.analysis.models import Rereading
from otklik.analysis.services import reader
from otklik.analysis.services.readings import keep
from otklik.audit import services as audit
from otklik.kernel import clock, outbox

TOPIC = "analysis.history"
BATCH = 256
SECONDS = 20.0  # of one turn, well within the lease of the outbox


@transaction.atomic
def again(kind: str, *, by: User) -> Rereading:
    """Read every text of a kind anew with the present models; one at a time for each kind."""
    policy.require(by, "analysis.train")
    running = (
        Rereading.objects.select_for_update()
        .filter(organisation_id=by.organisation_id, kind=kind, done_at=None)
        .first()
    )
    if running is not None:
        return running
    job = Rereading.objects.create(
        organisation_id=by.organisation_id,
        kind=kind,
        total=ports.history[kind].count(by.organisation_id),
        version=reader.version(by.organisation_id),
        started_at=clock.now(),
    )
    audit.record("analysis.reread", organisation_id=by.organisation_id, by=by, kind=kind, total=job.total)
    outbox.put(TOPIC, f"{TOPIC}:{job.pk}:0", {"job": job.pk, "turn": 0}, organisation_id=by.organisation_id)
    return job


def run(payload: dict[str, Any]) -> None:
    """Outbox handler: one turn of a job; the last batch of a turn puts the next one."""
    job = Rereading.objects.filter(pk=payload["job"], done_at=None).first()
    ends = time.monotonic() + SECONDS
    while job is not None and time.monotonic() < ends:
        texts = ports.history[job.kind].page(job.organisation_id, job.after_id, BATCH)
        version = reader.version(job.organisation_id)
        read = dict(zip(texts, reader.read(job.organisation_id, list(texts.values())), strict=True))
        with transaction.atomic():
            moved = Rereading.objects.filter(pk=job.pk, after_id=job.after_id, done_at=None).update(
                after_id=max(read, default=job.after_id),
                done=F("done") + len(read),
                done_at=clock.now() if not read else None,
            )
            if not moved:
                return  # another process has this batch
            if read:
                keep(job.organisation_id, job.kind, read, version)
        job = Rereading.objects.filter(pk=job.pk, done_at=None).first()
    if job is not None:
        turn = payload["turn"] + 1
        with transaction.atomic():
            outbox.put(
                TOPIC,
                f"{TOPIC}:{job.pk}:{turn}",
                {"job": job.pk, "turn": turn},
                organisation_id=job.organisation_id,
            )
