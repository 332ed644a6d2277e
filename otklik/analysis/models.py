"""What was read in a text, and what people said of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Reading(models.Model):
    """The reading of one subject (a message, a mention). Columns are what lists filter by; `data` is the whole.

    A corrected field holds what the person said; `data` keeps what the machine said.
    """

    organisation_id = models.BigIntegerField()
    kind = models.CharField(max_length=16)  # of the subject
    object_id = models.BigIntegerField()
    lang = models.CharField(max_length=8)
    tone = models.CharField(max_length=8)
    intent = models.CharField(max_length=24)  # the main one
    cause = models.CharField(max_length=32, blank=True, default="")  # the main one
    expects_reply = models.CharField(max_length=8)
    severity = models.PositiveSmallIntegerField()
    priority = models.CharField(max_length=2)
    safety = models.BooleanField(default=False)
    abuse = models.CharField(max_length=16)
    rumour = models.CharField(max_length=8)
    unsure = models.BooleanField(default=False)  # a shown field abstained, and nobody has looked since
    data = models.JSONField()
    corrected = models.JSONField(default=list)  # names of fields a person has spoken of
    version = models.CharField(max_length=40)  # of the engine and its models
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="reading_once")]
        indexes = [
            models.Index(
                fields=["organisation_id", "kind", "object_id"],
                name="reading_unsure",
                condition=Q(unsure=True),
            ),
            models.Index(fields=["organisation_id", "version", "id"], name="reading_version"),
        ]


class Correction(models.Model):
    """A person says what is right: the label that later models learn from and are measured with (S1-51)."""

    reading = models.ForeignKey(Reading, models.CASCADE, related_name="corrections")
    organisation_id = models.BigIntegerField()
    field = models.CharField(max_length=16)
    said = models.CharField(max_length=32)  # by the machine
    right = models.CharField(max_length=32)  # by the person; the same when they agreed
    by_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organisation_id", "field", "at"], name="correction_field")]


class Place(models.Model):
    """Where in the stream of events the follower stands; one row."""

    txid = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)


class Rereading(models.Model):
    """Reading the history of a kind again: `after_id` is the last subject done, so a kill costs one batch."""

    organisation_id = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    after_id = models.BigIntegerField(default=0)
    version = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "kind"], name="rereading_one", condition=Q(done_at=None)
            )
        ]
