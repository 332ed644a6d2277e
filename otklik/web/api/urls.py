"""Addresses of the API and its reference."""

from __future__ import annotations

from django.urls import path, re_path

from otklik.web.api import api, views

urlpatterns = [
    path("api/", views.reference, name="api_reference"),
    path("api/v1/openapi.json", views.openapi, name="api_openapi"),
    path("api/v1/", api.urls),
    re_path(r"^api/v1/(?P<rest>.*)$", views.nothing),
]
