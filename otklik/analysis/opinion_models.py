"""The second opinion: where it is asked for, what was asked and answered, what it cost."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OpinionEndpoint(models.Model):
    """An OpenAI-compatible endpoint of an organisation; off until an administrator switches it on."""

    class Which(models.TextChoices):
        UNSURE = "unsure", _("only texts that our own reading is unsure of")
        ALL = "all", _("every text")

    organisation_id = models.BigIntegerField(unique=True)
    active = models.BooleanField(default=False)
    base_url = models.CharField(max_length=500)
    model = models.CharField(max_length=200)
    secret = models.TextField(blank=True, default="")  # sealed; empty: the endpoint wants no key
    which = models.CharField(max_length=8, choices=Which, default=Which.UNSURE)
    fields = models.JSONField(default=list)  # that may be asked about
    seconds = models.PositiveSmallIntegerField(default=30)  # until an answer is given up
    day_requests = models.PositiveIntegerField(default=0)  # limits; 0: nothing may be spent
    day_tokens = models.PositiveIntegerField(default=0)
    month_requests = models.PositiveIntegerField(default=0)
    month_tokens = models.PositiveIntegerField(default=0)
    quirks = models.JSONField(default=list)  # what the endpoint refused: see `second/protocol.py`
    failures = models.PositiveIntegerField(default=0)  # one after another
    paused_until = models.DateTimeField(null=True)  # nothing is asked before
    trouble = models.CharField(
        max_length=24, blank=True, default=""
    )  # code of the last one, "" after a success
    trouble_detail = models.CharField(max_length=300, blank=True, default="")
    trouble_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    changed_by_id = models.BigIntegerField()


class Opinion(models.Model):
    """What was asked about one version of one text: at most one paid call, or two when an answer was lost.

    No text is kept: the answer holds labels and places.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waits")
        ASKING = "asking", _("is being asked")
        ANSWERED = "answered", _("answered")
        FAILED = "failed", _("no answer")
        SKIPPED = "skipped", _("not asked")

    organisation_id = models.BigIntegerField()
    kind = models.CharField(max_length=16)  # of the subject
    object_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 of the text that was read
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lost = models.PositiveSmallIntegerField(default=0)  # calls whose answer never came
    asking_since = models.DateTimeField(null=True)
    day = models.DateField(null=True)  # whose budget the call is counted against
    reserved = models.PositiveIntegerField(default=0)  # tokens taken from the budget for the call
    tokens = models.PositiveIntegerField(default=0)  # spent, lost answers included
    model = models.CharField(max_length=200, blank=True, default="")
    answer = models.JSONField(default=dict)  # in the shape of `otklik analyse`
    trouble = models.CharField(max_length=24, blank=True, default="")
    trouble_detail = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id", "digest"], name="opinion_once"),
            models.CheckConstraint(
                condition=~Q(state="asking") | Q(asking_since__isnull=False), name="opinion_asking_since"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation_id", "asking_since"],
                name="opinion_open",
                condition=Q(state__in=("waiting", "asking")),
            ),
            models.Index(
                fields=["organisation_id", "-ended_at"], name="opinion_failed", condition=Q(state="failed")
            ),
        ]


class OpinionSpent(models.Model):
    """What an organisation spent on a day: calls that went out, and tokens, reserved ones included."""

    organisation_id = models.BigIntegerField()
    day = models.DateField()  # in the time zone of the organisation
    requests = models.PositiveIntegerField(default=0)
    tokens = models.BigIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "day"], name="opinion_spent_day")]
