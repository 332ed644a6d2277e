"""Live updates."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def stream(request: HttpRequest) -> HttpResponse:
    return HttpResponse("soon")
