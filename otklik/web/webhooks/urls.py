"""Addresses of the screen of webhooks."""

from __future__ import annotations

from django.urls import path

from otklik.web.webhooks import views

urlpatterns = [
    path("webhooks/", views.listed, name="webhooks"),
    path("webhooks/new/", views.new, name="webhook_new"),
    path("webhooks/<int:webhook_id>/", views.one, name="webhook_one"),
    path("webhooks/<int:webhook_id>/log/", views.log, name="webhook_log"),
    path("webhooks/<int:webhook_id>/<slug:action>/", views.act, name="webhook_act"),
    path("webhooks/deliveries/<int:delivery_id>/replay/", views.replay, name="webhook_replay"),
]
