"""Addresses of channels."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from otklik.channels import views


def soon(request: HttpRequest) -> HttpResponse:
    return HttpResponse("soon")


urlpatterns = [
    path("channels/", soon, name="channels"),
    path("hooks/<slug:kind>/<uuid:public_id>/<str:secret>", views.webhook, name="webhook"),
]
