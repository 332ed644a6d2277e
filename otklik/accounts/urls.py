"""Addresses of this domain."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path


def soon(request: HttpRequest) -> HttpResponse:
    return HttpResponse("soon")


urlpatterns = [
    path("company/", soon, name="company"),
    path("staff/", soon, name="staff"),
    path("me/", soon, name="me"),
]
