"""What people and the system did. Entries are only ever added; a chain over them shows any change."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q


class Entry(models.Model):
    """One business action. Written unsealed inside the action's transaction; the sealer chains it a second later."""

    organisation_id = models.BigIntegerField()
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16)  # staff, customer, system, api
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=64)  # stable dotted code; worded at display time
    object_kind = models.CharField(max_length=32)
    object_id = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict)
    seq = models.BigIntegerField(null=True)
    prev_hash = models.CharField(max_length=64, blank=True, default="")
    hash = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation_id", "seq"], name="audit_seq_once")]
        indexes = [
            models.Index(fields=["organisation_id", "object_kind", "object_id", "id"], name="audit_object"),
            models.Index(
                fields=["organisation_id", "id"], name="audit_unsealed", condition=Q(seq__isnull=True)
            ),
            models.Index(fields=["organisation_id", "at"], name="audit_at"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise RuntimeError("audit entries are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise RuntimeError("audit entries are never deleted")


class Head(models.Model):
    """End of an organisation's chain: the sealer's lock, and proof that nothing was cut off at the end."""

    organisation_id = models.BigIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True, default="")
