"""What was read in a text, and what people said of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from otklik.analysis.opinion_models import Opinion, OpinionEndpoint, OpinionSpent  # noqa: F401 Django looks here


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
    complexity = models.PositiveSmallIntegerField(default=1)
    impact = models.CharField(max_length=8, default="one")
    urgency = models.PositiveSmallIntegerField(default=1)
    priority = models.CharField(max_length=2)
    safety = models.BooleanField(default=False)
    abuse = models.CharField(max_length=16)
    rumour = models.CharField(max_length=8)
    unsure = models.BooleanField(default=False)  # a shown field abstained, and nobody has looked since
    certainty = models.PositiveSmallIntegerField(default=1000)  # ‰, of the shown field it is least sure of
    marks = models.TextField(default="")  # every label of every field: see `marks.py`
    data = models.JSONField()
    corrected = models.JSONField(default=list)  # names of fields a person has spoken of
    spoken = models.JSONField(default=dict)  # field → the label that person gave
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

    class Source(models.TextChoices):
        SPOKEN = "spoken", _("corrected while working")  # mostly where the machine was wrong
        ASKED = "asked", _("asked about")  # chosen by the machine because it was not sure
        SAMPLED = "sampled", _("drawn at random")  # what the agreement of all texts is estimated from

    reading = models.ForeignKey(Reading, models.CASCADE, related_name="corrections")
    organisation_id = models.BigIntegerField()
    field = models.CharField(max_length=16)
    said = models.CharField(max_length=200)  # by the machine; several labels are joined by commas
    right = models.CharField(max_length=200)  # by the person; the same when they agreed
    source = models.CharField(max_length=8, choices=Source, default=Source.SPOKEN)
    by_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organisation_id", "field", "at"], name="correction_field")]


class ModelVersion(models.Model):
    """What an organisation's own labels of one field taught, judged beside what was in use then."""

    class State(models.TextChoices):
        ACTIVE = "active", _("in use")
        RETIRED = "retired", _("not in use")
        REJECTED = "rejected", _("no better, never used")

    organisation_id = models.BigIntegerField()
    field = models.CharField(max_length=16)
    number = models.PositiveIntegerField()  # within the field
    state = models.CharField(max_length=8, choices=State)
    blob = models.BinaryField()
    base = models.CharField(max_length=40)  # version of the shipped models it stands upon
    labels = models.PositiveIntegerField()  # learnt from
    held = models.PositiveIntegerField()  # judged on
    old = models.JSONField()  # scores of what was in use, on the held labels: agreement, macro_f1
    new = models.JSONField()  # scores of this one
    card = models.JSONField(default=dict)  # how it was learnt, words that gained weight, labels by source
    seconds = models.FloatField()
    by_id = models.BigIntegerField(null=True)  # null: retrained by itself
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "field", "number"], name="version_number"),
            models.UniqueConstraint(
                fields=["organisation_id", "field"], name="version_one_active", condition=Q(state="active")
            ),
        ]


class Training(models.Model):
    """One retraining: the fields in turn. `done` counts those that are through, so a kill costs one field."""

    organisation_id = models.BigIntegerField()
    fields = models.JSONField()
    done = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(default=list)  # of each field: what became of it
    by_id = models.BigIntegerField(null=True)  # null: by itself
    started_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id"], name="training_one", condition=Q(done_at=None)
            )
        ]
        indexes = [models.Index(fields=["organisation_id", "-started_at"], name="training_newest")]


class TaxonomyVersion(models.Model):
    """The causes of an organisation at one time; never changed, the greatest number is in force."""

    organisation_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    preset = models.CharField(max_length=16, blank=True, default="")  # an industry; empty: every cause
    causes = models.JSONField(default=list)  # those that differ from ours, and its own: see `taxonomy.py`
    by_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "number"], name="taxonomy_number")]


class LearningPlan(models.Model):
    """When an organisation's fields are retrained by themselves; no row: the usual."""

    USUAL = 50

    organisation_id = models.BigIntegerField(unique=True)
    every = models.PositiveIntegerField(default=USUAL)  # new labels of a field; 0: never by itself


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
