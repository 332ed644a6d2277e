"""Customers' messages as texts for whoever reads them (ports of analysis, filled in `web/wiring.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse

from otklik.inbox.models import Direction, Message

KIND = "message"


def texts(message_ids: Sequence[int]) -> dict[int, str]:
    """Subject line and text of customers' messages; what the author took back is read by nobody."""
    return _by_id(_of_customers().filter(pk__in=list(message_ids)))


def names(message_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Who wrote these messages, by every name we have of them: what is masked before a text leaves the house."""
    rows = Message.objects.filter(pk__in=list(message_ids)).values_list(
        "pk", "author_name", "author_address", "conversation__customer_name", "conversation__customer__name"
    )
    return {pk: tuple(name.split("@")[0] for name in given if name) for pk, *given in rows}


def pages(message_ids: Sequence[int]) -> dict[int, str]:
    """The addresses of their conversations."""
    rows = Message.objects.filter(pk__in=list(message_ids)).values_list("pk", "conversation_id")
    return {pk: reverse("inbox-thread", args=[talk]) for pk, talk in rows}


def count(organisation_id: int) -> int:
    return _of_customers().filter(organisation_id=organisation_id).count()


def page(organisation_id: int, after_id: int, size: int) -> dict[int, str]:
    """The next messages behind an id, in order of ids."""
    rows = _of_customers().filter(organisation_id=organisation_id, pk__gt=after_id)
    return _by_id(rows.order_by("pk")[:size])


def _of_customers() -> QuerySet[Message]:
    return Message.objects.filter(direction=Direction.IN, deleted_at=None)


def _by_id(rows: QuerySet[Message]) -> dict[int, str]:
    return {pk: text_of(subject, text) for pk, subject, text in rows.values_list("pk", "subject", "text")}


def text_of(subject: str, text: str) -> str:
    """Subject line and text; a subject that only repeats the beginning, or an answer's, says nothing new."""
    repeated = not subject or text.startswith(subject.rstrip("….")) or subject.lower().startswith("re:")
    return text if repeated else f"{subject}\n{text}"
