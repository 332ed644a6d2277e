"""How conversations are grouped: labels, links, merges, splits, saved views."""

from __future__ import annotations

from django.db import models

from otklik.inbox.models.conversation import Conversation


class Label(models.Model):
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    colour = models.CharField(max_length=8, default="grey")  # a class name, never a hex value
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="label_name_once")]

    def __str__(self) -> str:
        return self.name


class ConversationLabel(models.Model):
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="labelled")
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "label"], name="conversation_label_once")
        ]
        indexes = [models.Index(fields=["label", "conversation"], name="label_conversations")]


class ConversationLink(models.Model):
    """Looks related (the machine) or is related (a person said so). Stored once per pair, smaller id first."""

    first = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=32)  # references, subject, person
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="link_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="link_ordered"),
        ]
        indexes = [models.Index(fields=["second"], name="link_second")]


class ConversationMerge(models.Model):
    """What a merge moved, so that it can be taken back message by message."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    survivor = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="merges")
    merged = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    message_ids = models.JSONField(default=list)
    before = models.JSONField(default=dict)  # state of both before
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)


class ConversationSplit(models.Model):
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="splits")
    created = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    message_ids = models.JSONField(default=list)
    before = models.JSONField(default=dict)  # the source before and after, thread keys that moved
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)


class SavedView(models.Model):
    """A set of filters with a name; `owner` empty: shared with everybody."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=100)
    filters = models.JSONField(default=dict)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()


class BulkAction(models.Model):
    """One action on many conversations, so that it can be taken back as one."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    token = models.CharField(max_length=43, unique=True)
    action = models.CharField(max_length=16)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="bulk_at")]


class BulkStep(models.Model):
    """What an action changed in one conversation; written in the transaction of the change."""

    action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="steps")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    extra = models.JSONField(default=dict)  # {"label": id} or {"merge": id}
