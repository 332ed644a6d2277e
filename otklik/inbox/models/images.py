"""Pictures of a mail that lie elsewhere: asked for once, kept, shown from here."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class RemoteImage(models.Model):
    """One address in one message. `told`: the far end may have learned that somebody asked."""

    class State(models.TextChoices):
        FETCHING = "fetching"
        READY = "ready"
        FAILED = "failed"

    message = models.ForeignKey("inbox.Message", on_delete=models.CASCADE, related_name="remote_images")
    key = models.CharField(max_length=64)  # sha256 of the address
    state = models.CharField(max_length=8, choices=State, default=State.FETCHING)
    since = models.DateTimeField()
    told = models.BooleanField(default=False)
    code = models.CharField(max_length=64, blank=True, default="")  # why it failed
    content_type = models.CharField(max_length=32, blank=True, default="")
    digest = models.CharField(max_length=64, blank=True, default="")  # of the content, in media
    size = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "key"], name="remote_image_once"),
            models.CheckConstraint(
                condition=Q(state__in=["fetching", "ready", "failed"]), name="remote_image_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | ~Q(digest=""), name="remote_image_ready_has_content"
            ),
        ]
