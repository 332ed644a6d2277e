"""Rules: what the company wants done with a conversation because of what its newest message says."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from otklik.inbox.models.conversation import Conversation


class Rule(models.Model):
    """The name and place of a rule; what it says stands in its newest version."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    active = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    number = models.PositiveIntegerField(default=0)  # of the version in force
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation", "position", "id"], name="rule_order", condition=Q(archived_at=None)
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"], name="rule_name_once", condition=Q(archived_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """What a rule said from one saving to the next; never changed (`routing/definition.py` reads `definition`)."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    definition = models.JSONField()
    back_to = models.PositiveIntegerField(default=0)  # the number it repeats, when somebody went back
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="rule_version_once")]


class RuleRun(models.Model):
    """History against a rule, in windows of conversations from the newest down: counted only, or acted on.

    `cursor` is the number above which all is done, so that a kill costs one window. `numbers`: how many
    conversations would get each label, team, person. `examples`: the first that met it.
    """

    class Kind(models.TextChoices):
        DRY = "dry"
        APPLY = "apply"

    class State(models.TextChoices):
        RUNNING = "running", _("Runs")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")
        UNDOING = "undoing", _("Is being taken back")
        UNDONE = "undone", _("Taken back")

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=5, choices=Kind)
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, null=True, related_name="runs")
    version = models.ForeignKey(RuleVersion, on_delete=models.CASCADE, null=True, related_name="+")
    definition = models.JSONField()
    days = models.PositiveSmallIntegerField()
    since = models.DateTimeField()
    top = models.BigIntegerField()  # the newest conversation when it began
    cursor = models.BigIntegerField()
    looked = models.PositiveIntegerField(default=0)  # conversations with a text of the customer in the time
    met = models.PositiveIntegerField(default=0)
    acted = models.PositiveIntegerField(default=0)
    numbers = models.JSONField(default=dict)
    examples = models.JSONField(default=list)  # [conversation id, message id]
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule"], name="rule_applies_once", condition=Q(kind="apply", state="running")
            )
        ]
        indexes = [models.Index(fields=["kind", "started_at"], name="rule_run_old")]

    @property
    def percent(self) -> int:
        """Of the numbers of conversations gone through, 0–100."""
        return 100 if not self.top or not self.cursor else round(100 * (1 - self.cursor / self.top))


class RuleEffect(models.Model):
    """A rule acted on a conversation because of a message: once for a message, whatever comes twice.

    `done`: {"labels": [ids put on], "team": [before, after], "assignee": [before, after], "note": message id}.
    """

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="effects")
    version = models.ForeignKey(RuleVersion, on_delete=models.CASCADE, related_name="effects")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    message_id = models.BigIntegerField()
    run = models.ForeignKey(RuleRun, on_delete=models.SET_NULL, null=True, related_name="effects")
    done = models.JSONField(default=dict)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "message_id"], name="rule_acts_once_for_a_message")
        ]
        indexes = [
            models.Index(fields=["version", "conversation"], name="rule_effect_of_version"),
            models.Index(fields=["rule", "at"], name="rule_effect_lately"),
            models.Index(fields=["conversation", "message_id"], name="rule_effect_of_conversation"),
            models.Index(fields=["run", "id"], name="rule_effect_of_run", condition=Q(undone_at=None)),
        ]
