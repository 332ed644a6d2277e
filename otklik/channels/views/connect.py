"""Connecting a channel and changing its settings: tested first, saved then."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from otklik.channels import queries, services
from otklik.channels.forms import FORMS, ChannelForm, MailForm
from otklik.channels.mail.providers import PROVIDERS
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import CheckResult
from otklik.channels.views.base import done, person
from otklik.kernel.errors import NotFound, OtklikError
from otklik.people import kinds

TESTED = frozenset({"mail", "feed"})


@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    person(request, "channel.write")
    return render(request, "channels/choose.html")


def connect(request: HttpRequest, kind: str) -> HttpResponse:
    """The form of a new channel; the answer to htmx is only the verdict, so that what was typed stays."""
    user = person(request, "channel.write")
    if kind not in FORMS:
        raise NotFound
    form = _form(kind, request.POST or None, person=user, initial=_first_values(kind))
    if request.method != "POST" or not form.is_valid():
        return _page(request, kind, form)
    config = form.config()
    result = _verdict(request, kind, config)
    if result is not None:
        return _page(request, kind, form, result=result)
    name = form.cleaned_data["name"] or _name_of(kind, config)
    if kind == "hook":
        config["signing_secret"] = services.new_signing_secret()
    try:
        account = services.connect(
            kind,
            name,
            config,
            by=user,
            team_id=form.team_id() or None,
            poll_every=int(form.cleaned_data.get("poll_every") or 60),
        )
    except OtklikError as error:
        form.add_error(None, error.sentence)
        return _page(request, kind, form)
    if kind == "hook":
        return _shown_once(request, account, config["signing_secret"])
    return done(request, _("The channel is connected."), "channel", account.pk)


def edit(request: HttpRequest, account_id: int) -> HttpResponse:
    user = person(request, "channel.write")
    account = queries.account(user.organisation_id, account_id)
    if account.kind not in FORMS:
        raise NotFound
    form = _form(account.kind, request.POST or None, person=user, initial=_values(account), stored=True)
    if request.method != "POST" or not form.is_valid():
        return _page(request, account.kind, form, account=account)
    config = {
        name: value for name, value in form.config().items() if value or name not in services.SECRET_NAMES
    }
    result = _verdict(request, account.kind, {**account.config, **config})
    if result is not None:
        return _page(request, account.kind, form, account=account, result=result)
    services.change(
        account.pk,
        by=user,
        name=form.cleaned_data["name"],
        config=config,
        team_id=form.team_id(),
        poll_every=int(form.cleaned_data.get("poll_every") or 0),
    )
    return done(request, _("Saved."), "channel", account.pk)


@require_POST
def new_secret(request: HttpRequest, account_id: int) -> HttpResponse:
    """A new address and secret of a webhook; the old ones stop at once."""
    user = person(request, "channel.write")
    account, secret = services.renew_hook(account_id, by=user)
    return _shown_once(request, account, secret)


def _form(kind: str, data: Any, *, stored: bool = False, **kwargs: Any) -> ChannelForm:
    form_class = FORMS[kind]
    if form_class is MailForm:
        return MailForm(data, stored=stored, **kwargs)
    return form_class(data, **kwargs)


def _verdict(request: HttpRequest, kind: str, config: dict[str, Any]) -> CheckResult | None:
    """What the far end said when it is to be shown; None means: save."""
    if kind not in TESTED or request.POST.get("anyway"):
        return None
    result = services.try_settings(kind, config)
    return result if not result.ok or request.POST.get("only_test") else None


def _page(request: HttpRequest, kind: str, form: ChannelForm, **context: Any) -> HttpResponse:
    refused = form.is_bound and not form.is_valid()
    result: CheckResult | None = context.get("result")
    values = {
        "form": form,
        "kind": kind,
        "kind_name": kinds.title(kind),
        "tested": kind in TESTED,
        "folders": result.facts.get("folders", ()) if result and result.ok else (),
        "providers": json.dumps(_providers()) if kind == "mail" else "",
        **context,
    }
    if request.headers.get("HX-Request") and request.method == "POST":
        return render(request, "channels/_verdict.html", values, status=422 if refused else 200)
    return render(request, "channels/connect.html", values, status=422 if refused else 200)


def _providers() -> dict[str, dict[str, Any]]:
    return {
        domain: {
            "imap_host": one.imap_host,
            "imap_port": 993,
            "imap_security": "tls",
            "smtp_host": one.smtp_host,
            "smtp_port": one.smtp_port,
            "smtp_security": one.smtp_security,
            "server_files_sent": one.server_files_sent,
            "access_url": one.access_url,
            "hint": str(one.hint),
        }
        for domain, one in PROVIDERS.items()
    }


def _first_values(kind: str) -> dict[str, Any]:
    return {"imap_port": 993, "smtp_port": 465, "poll_every": 60} if kind == "mail" else {}


def _values(account: ChannelAccount) -> dict[str, Any]:
    shown = dict(account.settings)
    if isinstance(shown.get("folders"), list):
        shown["folders"] = "\n".join(shown["folders"])
    if shown.get("imap_user") == shown.get("address"):
        shown["imap_user"] = ""
    return {
        **shown,
        "name": account.name,
        "team": str(account.team_id or ""),
        "poll_every": account.poll_every,
    }


def _name_of(kind: str, config: dict[str, Any]) -> str:
    if kind == "feed":
        facts = services.try_settings(kind, config).facts
        return str(facts.get("title") or config["url"])[:200]
    return kinds.title(kind)


def _shown_once(request: HttpRequest, account: ChannelAccount, secret: str) -> HttpResponse:
    url = queries.hook_address(account)
    answer = render(request, "channels/secret.html", {"account": account, "url": url, "secret": secret})
    answer["Cache-Control"] = "no-store"
    return answer
