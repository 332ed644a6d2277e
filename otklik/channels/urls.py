"""Addresses of channels."""

from __future__ import annotations

from django.urls import path

from otklik.channels.views import connect, hooks, importing, pages

urlpatterns = [
    path("channels/", pages.channels, name="channels"),
    path("channels/connect/", connect.choose, name="channel_choose"),
    path("channels/connect/<slug:kind>/", connect.connect, name="channel_connect"),
    path("channels/import/", importing.imports, name="imports"),
    path("channels/import/<int:job_id>/", importing.job_page, name="import"),
    path("channels/import/<int:job_id>/preview", importing.preview, name="import_preview"),
    path("channels/import/<int:job_id>/adjust", importing.adjust, name="import_adjust"),
    path("channels/import/<int:job_id>/start", importing.start, name="import_start"),
    path("channels/import/<int:job_id>/cancel", importing.cancel, name="import_cancel"),
    path("channels/import/<int:job_id>/proceed", importing.proceed, name="import_proceed"),
    path("channels/import/<int:job_id>/errors.csv", importing.errors, name="import_errors"),
    path("channels/<int:account_id>/", pages.channel, name="channel"),
    path("channels/<int:account_id>/edit/", connect.edit, name="channel_edit"),
    path("channels/<int:account_id>/test", pages.test, name="channel_test"),
    path("channels/<int:account_id>/secret", connect.new_secret, name="channel_secret"),
    path("channels/<int:account_id>/<slug:action>", pages.act, name="channel_act"),
    path("hooks/<slug:kind>/<uuid:public_id>/<str:secret>", hooks.webhook, name="webhook"),
]
