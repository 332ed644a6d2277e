"""Every address of the product: each domain brings its own."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

from otklik.web import audit_page, live, operations, operations_acts, views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="inbox"), name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("live", live.stream, name="live"),
    path("palette", views.palette, name="palette"),
    path("more/", views.more, name="more"),
    path("audit/", audit_page.audit, name="audit"),
    path("audit/export.csv", audit_page.export, name="audit_export"),
    path("operations/", operations.operations, name="operations"),
    path(
        "operations/answers/<int:delivery_id>/<slug:answer>", operations_acts.decide, name="operations_decide"
    ),
    path("operations/raw/<int:raw_id>", operations_acts.raw, name="operations_raw"),
    path("operations/replay/<int:raw_id>", operations_acts.replay, name="operations_replay"),
    path("operations/work/<int:row_id>/revive", operations_acts.revive, name="operations_revive"),
    path("", include("otklik.web.api.urls")),
    path("", include("otklik.web.webhooks.urls")),
    # an address is given by whoever invites and never changed on the quiet: allauth's own page for it is closed
    path("accounts/email/", views.closed),
    path("accounts/confirm-email/", views.closed),
    path("accounts/confirm-email/<path:rest>", views.closed),
    path("accounts/signup/", views.closed),
    path("accounts/login/code/confirm/", views.closed),
    path("accounts/", include("allauth.urls")),
    path("", include("otklik.inbox.urls")),
    path("", include("otklik.analysis.urls")),
    path("", include("otklik.people.urls")),
    path("", include("otklik.channels.urls")),
    path("", include("otklik.accounts.urls")),
]

handler404 = "otklik.web.views.not_found"
handler500 = "otklik.web.views.server_error"
