"""Every address of the product."""

from __future__ import annotations

from django.urls import include, path

from otklik.web import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("accounts/", include("allauth.urls")),
]
