"""List of channels, one channel, and what can be done with it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from otklik.accounts import policy
from otklik.channels import health, pace, queries, services
from otklik.channels.views.base import done, person
from otklik.kernel.errors import NotFound


@require_GET
def channels(request: HttpRequest) -> HttpResponse:
    user = person(request, "channel.read")
    archived = bool(request.GET.get("archived"))
    rows = (
        queries.accounts(user.organisation_id).select_related("team").filter(archived_at__isnull=not archived)
    )
    traffic = queries.traffic(user.organisation_id)
    lines = [
        {
            "account": row,
            "health": health.of(row),
            "lag": health.lag(row),
            "number": sum(traffic.get(row.pk, ())),
        }
        for row in rows
    ]
    context = {
        "lines": lines,
        "archived": archived,
        "in_archive": queries.accounts(user.organisation_id).filter(archived_at__isnull=False).count(),
        "may_write": policy.can(user, "channel.write"),
        "may_import": policy.can(user, "import.run"),
    }
    template = "channels/_list.html" if request.headers.get("HX-Request") else "channels/list.html"
    return render(request, template, context)


@require_GET
def channel(request: HttpRequest, account_id: int) -> HttpResponse:
    user = person(request, "channel.read")
    account = queries.account(user.organisation_id, account_id)
    hours = queries.traffic(user.organisation_id).get(account.pk, [0] * 24)
    context = {
        "account": account,
        "health": health.of(account),
        "lag": health.lag(account),
        "polled": health.polled(account),
        "cursor": health.cursor_words(account),
        "bars": health.bars(hours),
        "number": sum(hours),
        "sent": queries.sent_since(user.organisation_id).get(account.pk, 0),
        "notices": account.notices,
        "limited": pace.limited(account.pk)[:20],
        "pace_limit": pace.LIMIT,
        "unread": queries.unread(user.organisation_id).filter(account=account).count(),
        "unparsed": queries.unparsed(user.organisation_id).filter(account=account).count(),
        "jobs": queries.imports(user.organisation_id).filter(account=account)[:20],
        "may_write": policy.can(user, "channel.write"),
        "may_import": policy.can(user, "import.run"),
    }
    return render(request, "channels/channel.html", context)


@require_POST
def test(request: HttpRequest, account_id: int) -> HttpResponse:
    user = person(request, "channel.write")
    result = services.check(account_id, by=user)
    return render(request, "channels/_tested.html", {"result": result})


@require_POST
def act(request: HttpRequest, account_id: int, action: str) -> HttpResponse:
    """Pause, resume, fetch again, archive, restore."""
    user = person(request, "channel.write")
    if action not in ("pause", "resume", "rescan", "archive", "restore"):
        raise NotFound
    if action in ("pause", "resume"):
        services.switch(account_id, on=action == "resume", by=user)
        text = _("The channel works again.") if action == "resume" else _("The channel is paused.")
    elif action == "rescan":
        services.rescan(account_id, by=user)
        text = _("Fetching again. What is known is not doubled.")
    else:
        services.archive(account_id, on=action == "archive", by=user)
        text = (
            _("The channel is in the archive.") if action == "archive" else _("The channel is back, paused.")
        )
    return done(request, text, "channel", account_id)
