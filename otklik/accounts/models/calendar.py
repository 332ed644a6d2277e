"""When the company works, and what happens in it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from otklik.accounts.models.staff import Organisation


class WorkingCalendar(models.Model):
    """Hours of the week in the organisation's zone, and days that differ.

    `week`: {"0": [["09:00", "18:00"], …], …} (Monday is 0). `exceptions`: {"2026-12-31": [["09:00", "15:00"]]}.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="calendars")
    name = models.CharField(max_length=100)
    week = models.JSONField(default=dict)
    exceptions = models.JSONField(default=dict)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="calendar_name_once")]


class CalendarEvent(models.Model):
    class Kind(models.TextChoices):
        LAUNCH = "launch", _("Launch")
        PROMOTION = "promotion", _("Promotion")
        PRICE = "price", _("Price change")
        OUTAGE = "outage", _("Outage")
        OTHER = "other", _("Other")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="calendar_events")
    kind = models.CharField(max_length=16, choices=Kind)
    title = models.CharField(max_length=300)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    outlet_keys = models.JSONField(default=list)
    note = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["organisation", "starts_at"], name="calendar_event_time")]
