"""Traces of people at work: drafts, what was read, who is writing, reminders, templates."""

from __future__ import annotations

from django.db import models

from otklik.inbox.models.conversation import Conversation


class Draft(models.Model):
    """An answer being written; survives everything. One per person, conversation and mode."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    mode = models.CharField(max_length=8, default="private")  # public, private, note
    text = models.TextField(blank=True, default="")
    recipients = models.JSONField(default=dict)
    based_on_message_id = models.BigIntegerField(default=0)  # newest message seen: a newer one makes it stale
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "user", "mode"], name="draft_once")]
        indexes = [models.Index(fields=["user", "-updated_at"], name="draft_mine")]


class Seen(models.Model):
    """Up to which message a person has read a conversation."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    message_id = models.BigIntegerField(default=0)
    unread = models.BooleanField(default=False)  # marked unread by hand, whatever was read
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "conversation"], name="seen_once")]


class SoftLock(models.Model):
    """Who is looking at or writing in a conversation now: a warning against double answers, not a barrier."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="locks")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    typing = models.BooleanField(default=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "user"], name="soft_lock_once")]


class Mention(models.Model):
    """A colleague named in a note."""

    message = models.ForeignKey("inbox.Message", on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="mention_once")]
        indexes = [models.Index(fields=["user"], name="mention_unread", condition=models.Q(read_at=None))]


class Reminder(models.Model):
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="reminders")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    text = models.CharField(max_length=300, blank=True, default="")
    done_at = models.DateTimeField(null=True)
    fired_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], name="reminder_due", condition=models.Q(fired_at=None, done_at=None)
            )
        ]


class Template(models.Model):
    """A ready text with variables like {{customer.first_name}}."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    text = models.TextField()
    channel_kinds = models.JSONField(default=list)  # empty: everywhere
    uses = models.PositiveIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="template_name_once")]
