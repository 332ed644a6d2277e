"""Addresses of analysis: its part of the settings."""

from __future__ import annotations

from django.urls import path

from otklik.analysis.views import learning, opinion, taxonomy

urlpatterns = [
    path("settings/learning/", learning.overview, name="learning"),
    path("settings/learning/progress/", learning.progress, name="learning_progress"),
    path("settings/learning/start/", learning.start, name="learning_start"),
    path("settings/learning/plan/", learning.plan, name="learning_plan"),
    path("settings/learning/history/", learning.history, name="learning_history"),
    path("settings/learning/ask/", learning.ask, name="learning_ask"),
    path("settings/learning/ask/answer/", learning.answer, name="learning_answer"),
    path("settings/learning/ask/skip/", learning.skip, name="learning_skip"),
    path("settings/learning/ask/undo/", learning.undo, name="learning_undo"),
    path("settings/learning/versions/<int:version_id>/use/", learning.activate, name="learning_activate"),
    path("settings/learning/<slug:name>/", learning.field, name="learning_field"),
    path("settings/learning/<slug:name>/shipped/", learning.shipped, name="learning_shipped"),
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
