"""Addresses of analysis: its part of the settings."""

from __future__ import annotations

from django.urls import path

from otklik.analysis.views import opinion, taxonomy

urlpatterns = [
    path("settings/opinion/", opinion.settings, name="opinion"),
    path("settings/opinion/try/", opinion.attempt, name="opinion_try"),
    path("settings/opinion/<slug:action>/", opinion.act, name="opinion_act"),
    path("settings/causes/", taxonomy.causes, name="causes"),
    path("settings/causes/industry/", taxonomy.preset, name="causes_preset"),
    path("settings/causes/try/", taxonomy.attempt, name="causes_try"),
    path("settings/causes/history/", taxonomy.history, name="causes_history"),
    path("settings/causes/versions/<int:number>/", taxonomy.back, name="causes_back"),
    path("settings/causes/<slug:key>/", taxonomy.cause, name="cause"),
    path("settings/causes/<slug:key>/merge/", taxonomy.merge, name="cause_merge"),
    path("settings/causes/<slug:key>/<slug:state>/", taxonomy.switch, name="cause_switch"),
]
