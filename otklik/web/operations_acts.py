"""What a person can do on the operations page: decide, send again, read again, revive."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from otklik.accounts.views.base import me
from otklik.channels import intake, queries, repairs
from otklik.kernel.errors import NotFound
from otklik.web.operations import context_of


def _back(request: HttpRequest, text: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        user = me(request, "operations.read")
        answer = render(request, "operations/_page.html", context_of(user))
        answer["HX-Retarget"], answer["HX-Reswap"] = "#operations", "innerHTML"
        answer["HX-Trigger"] = _toast(text)
        return answer
    messages.success(request, text)
    return redirect("operations")


def _toast(text: str) -> str:
    return json.dumps({"otklik:toast": {"text": text}})  # ASCII: a header carries nothing else


@require_POST
def decide(request: HttpRequest, delivery_id: int, answer: str) -> HttpResponse:
    """«Дошёл», «Не дошёл, повторить», or another try for a refused answer."""
    user = me(request, "operations.read")
    if answer == "retry":
        repairs.retry(delivery_id, by=user)
        return _back(request, _("The answer goes once more."))
    if answer not in ("arrived", "again"):
        raise NotFound
    repairs.decide(delivery_id, arrived=answer == "arrived", by=user)
    return _back(
        request, _("Noted: it is there.") if answer == "arrived" else _("The answer goes once more.")
    )


@require_POST
def replay(request: HttpRequest, raw_id: int) -> HttpResponse:
    user = me(request, "operations.act")
    if raw_id:
        repairs.replay(raw_id, by=user)
        return _back(request, _("We try to understand it again."))
    number = repairs.replay_all(by=user)
    text = ngettext("%(n)s event is being read again.", "%(n)s events are being read again.", number) % {
        "n": number
    }
    return _back(request, text)


@require_GET
def raw(request: HttpRequest, raw_id: int) -> HttpResponse:
    """The event byte for byte, always as a file: somebody else's markup is never shown as a page."""
    user = me(request, "operations.act")
    row = queries.raw_event(user.organisation_id, raw_id)
    content = intake.to_protocol(row).payload
    name = f"event-{row.pk}.{'eml' if row.account.kind == 'mail' else 'bin'}"
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_POST
def revive(request: HttpRequest, row_id: int) -> HttpResponse:
    """Give work that failed too often another life."""
    repairs.revive(row_id, by=me(request, "operations.act"))
    return _back(request, _("It is tried again."))
