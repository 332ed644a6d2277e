"""Reading the audit, always within one organisation."""

from __future__ import annotations

from django.db.models import QuerySet

from otklik.audit.models import Entry


def entries(organisation_id: int) -> QuerySet[Entry]:
    return Entry.objects.filter(organisation_id=organisation_id).order_by("-id")


def of_object(organisation_id: int, kind: str, object_id: int) -> QuerySet[Entry]:
    """History of one object, newest first."""
    return entries(organisation_id).filter(object_kind=kind, object_id=object_id)
