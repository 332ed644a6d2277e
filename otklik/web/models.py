"""Outgoing webhooks: who is told, what is on its way, how every attempt went. And how much callers of the API ask."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class WebhookSubscription(models.Model):
    """An address of another system. `topics` empty: every topic that is offered.

    `secret` and `old_secret` are sealed; the old one signs, too, until `old_secret_until`.
    """

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    topics = models.JSONField(default=list)
    secret = models.TextField()
    old_secret = models.TextField(blank=True, default="")
    old_secret_until = models.DateTimeField(null=True)
    active = models.BooleanField(default=True)
    off_reason = models.CharField(max_length=16, blank=True, default="")  # person, failing, gone
    failing_since = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    since_txid = models.BigIntegerField(default=0)  # events behind this position are its own
    since_id = models.BigIntegerField(default=0)
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "id"], name="webhook_live", condition=Q(deleted_at=None))
        ]

    def __str__(self) -> str:
        return self.name


class WebhookState(models.TextChoices):
    WAITING = "waiting", _("On its way")
    SENDING = "sending", _("Being sent")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Not delivered")


class WebhookDelivery(models.Model):
    """One event for one address. `message_id` and `body` never change, whatever number of attempts it takes."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    subscription = models.ForeignKey(WebhookSubscription, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=64)
    topic = models.CharField(max_length=64)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=WebhookState, default=WebhookState.WAITING)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)  # since it was put on its way the last time
    rounds = models.PositiveSmallIntegerField(default=0)  # how often it was put on its way again
    sending_since = models.DateTimeField(null=True)
    happened_at = models.DateTimeField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "message_id"], name="webhook_event_once"),
            models.CheckConstraint(condition=Q(state__in=WebhookState.values), name="webhook_state_known"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(sending_since__isnull=False),
                name="webhook_sending_has_start",
            ),
        ]
        indexes = [
            models.Index(fields=["subscription", "-id"], name="webhook_log"),
            models.Index(fields=["created_at"], name="webhook_age"),
        ]


class WebhookAttempt(models.Model):
    """Written before the call, completed after it; an open one is the trace of a crash."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    excerpt = models.TextField(blank=True, default="")  # beginning of the answer
    error = models.TextField(blank=True, default="")


class WebhookCursor(models.Model):
    """How far the stream of events was turned into deliveries: one row, the tailer's lock."""

    txid = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)


class RateLimit(models.Model):
    """The bucket of one caller of the API: it is full again at `full_at` (seconds since 1970)."""

    caller = models.CharField(max_length=100, primary_key=True)
    full_at = models.FloatField()
