"""Several conversations at once, and saved views."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from otklik.accounts import policy
from otklik.accounts import queries as accounts
from otklik.inbox import forms, queries
from otklik.inbox.services import bulk, views
from otklik.inbox.views.common import StaffRequest, done, reads, speaks_json, undo_of, writes
from otklik.kernel.errors import Invalid, NotFound


@reads
def dialog(request: StaffRequest, action: str) -> HttpResponse:
    """Whom to give to, until when, which label: for the chosen conversations."""
    who = request.user
    context: dict[str, Any] = {
        "bulk_ids": forms.ids_of(request.GET.get("ids", "").split(",")),
        "action": action,
    }
    if action == "assign":
        context |= {
            "staff": accounts.staff(who.organisation_id),
            "teams": accounts.teams(who.organisation_id),
        }
    elif action == "snooze":
        context["presets"] = forms.presets()
    elif action == "label":
        context |= {"labels": queries.labels(who.organisation_id), "chosen": set(), "may_create": False}
    else:
        raise NotFound
    return render(request, f"inbox/dialogs/{action}.html", context)


def _params(request: StaffRequest, action: str) -> dict[str, Any]:
    data = request.POST
    if action == "assign":
        chosen = {}
        if "user" in data:
            chosen["user_id"] = forms.whole(data["user"]) or None
        if "team" in data:
            chosen["team_id"] = forms.whole(data["team"]) or None
        return chosen
    if action == "snooze":
        return {"until": forms.moment(data.get("until", ""))}
    if action == "label":
        return {"label_id": forms.whole(data.get("label", ""))}
    return {}


@writes
@speaks_json
def run(request: StaffRequest, action: str) -> HttpResponse:
    """Do it to each; what was refused is named with its reason, the rest can be taken back together."""
    ids = forms.ids_of(request.POST.get("ids", "").split(","))
    if not ids:
        raise Invalid(_("Choose conversations first."), field="ids")
    result = bulk.run(action, ids, by=request.user, **_params(request, action))
    count = len(result.done)
    text = ngettext("Done with %(count)s conversation", "Done with %(count)s conversations", count) % {
        "count": count
    }
    refused = [f"№{pk}: {sentence}" for pk, sentence in result.refused]
    undo = undo_of("inbox-bulk-undo", token=result.undo_token) if count and result.undo_token else None
    return done(request, 0, text, undo=undo, ids=ids, refused=refused, go="", bulk=True)


@writes
@speaks_json
def undo(request: StaffRequest) -> HttpResponse:
    bulk.undo(request.POST.get("token", ""), by=request.user)
    return done(request, 0, _("Taken back"), bulk=True)


@reads
def save_dialog(request: StaffRequest) -> HttpResponse:
    """Name the present filters."""
    context = {"query": request.GET.urlencode(), "may_share": policy.can(request.user, "view.share")}
    return render(request, "inbox/dialogs/save_view.html", context)


@writes
@speaks_json
def save_view(request: StaffRequest) -> HttpResponse:
    """Keep the filters of the address under a name."""
    filters = forms.filters_of(request.GET)
    shared = request.POST.get("shared") == "1"
    view = views.save(request.POST.get("name", ""), asdict(filters), by=request.user, shared=shared)
    go = f"{reverse('inbox')}{forms.address(filters, saved=view.pk)}"
    return done(request, 0, _("The view is saved"), go=go)


@writes
@speaks_json
def delete_view(request: StaffRequest, view_id: int) -> HttpResponse:
    views.delete(view_id, by=request.user)
    return done(request, 0, _("The view is deleted"), go=reverse("inbox"))
