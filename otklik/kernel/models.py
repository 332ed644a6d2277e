"""Tables of the machinery. They know organisations only by number."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from otklik.kernel.database import CurrentTransaction


class OutboxState(models.TextChoices):
    READY = "ready"
    DONE = "done"
    DEAD = "dead"


class Outbox(models.Model):
    """An intent committed together with the change that caused it; survives every process."""

    topic = models.CharField(max_length=64)
    key = models.CharField(max_length=200, unique=True)
    organisation_id = models.BigIntegerField(null=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=OutboxState, default=OutboxState.READY)
    run_after = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["run_after"], name="outbox_due", condition=Q(state="ready")),
            models.Index(fields=["organisation_id", "id"], name="outbox_dead", condition=Q(state="dead")),
            models.Index(fields=["done_at"], name="outbox_done", condition=Q(state="done")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=OutboxState.values), name="outbox_state_known")
        ]


class Event(models.Model):
    """What happened, for screens, API cursors and webhooks. Read with `kernel.events.after`, never by id alone."""

    txid = models.BigIntegerField(db_default=CurrentTransaction())
    organisation_id = models.BigIntegerField()
    topic = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["txid", "id"], name="event_order"),
            models.Index(fields=["organisation_id", "txid", "id"], name="event_org_order"),
            models.Index(fields=["at"], name="event_at"),
        ]


class PeriodicJob(models.Model):
    """One row a job; the process that moves `next_at` forward runs it."""

    name = models.CharField(max_length=64, primary_key=True)
    next_at = models.DateTimeField()
    last_run_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")


class IndexedText(models.Model):
    """Search tokens of one object. The full-text table beside it is kept by `kernel.textindex`."""

    organisation_id = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    object_id = models.BigIntegerField()
    group_id = models.BigIntegerField()  # what a hit opens, e.g. the conversation of a message
    tokens = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="indexed_text_once")]
        indexes = [models.Index(fields=["kind", "group_id"], name="indexed_text_group")]


class Idempotency(models.Model):
    """Answer given to a request that carried an idempotency key, kept for a day."""

    organisation_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "key"], name="idempotency_once")]
