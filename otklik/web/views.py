"""Pages of the shell itself."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from otklik.kernel import clock
from otklik.kernel.models import Outbox, OutboxState


def healthz(request: HttpRequest) -> JsonResponse:
    """Database and outbox: 200 when both answer; `outbox_age` in seconds of the oldest due row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    oldest = (
        Outbox.objects.filter(state=OutboxState.READY, run_after__lte=clock.now())
        .order_by("run_after")
        .values_list("run_after", flat=True)
        .first()
    )
    age = (clock.now() - oldest).total_seconds() if oldest else 0.0
    return JsonResponse({"ok": True, "outbox_age": round(age, 1)})


def operations(request: HttpRequest) -> HttpResponse:
    return HttpResponse("soon")
