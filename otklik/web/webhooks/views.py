"""The screen of webhooks: addresses, the log of one, test, replay, a new secret."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from otklik.accounts.models import User
from otklik.accounts.views.base import done, me
from otklik.kernel.errors import NotFound, OtklikError
from otklik.web.models import WebhookState, WebhookSubscription
from otklik.web.webhooks import services, subscriptions
from otklik.web.webhooks.forms import ReplayForm, WebhookForm
from otklik.web.webhooks.topics import TOPICS

PAGE = 50
OPEN = (WebhookState.WAITING, WebhookState.SENDING)


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    user = me(request, subscriptions.RIGHT)
    return render(
        request, "web/webhooks.html", {"rows": subscriptions.listed(user.organisation_id), "tab": "webhooks"}
    )


@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """The form; after it the new address with its secret, shown on this one answer only."""
    user = me(request, subscriptions.RIGHT)
    form = WebhookForm(request.POST or None)
    if form.is_valid():
        try:
            row, secret = subscriptions.create(by=user, **form.values())
            return _one(request, user, row, secret=secret)
        except OtklikError as error:
            _put(form, error)
    return render(request, "web/webhook_form.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
def one(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """One address: how it is, its settings, its log."""
    user = me(request, subscriptions.RIGHT)
    row = subscriptions.get(user.organisation_id, webhook_id)
    form = WebhookForm(request.POST or None, initial={"name": row.name, "url": row.url, "topics": row.topics})
    if form.is_valid():
        try:
            subscriptions.change(row.pk, by=user, **form.values())
            return done(request, _("Saved"), "webhook_one", row.pk)
        except OtklikError as error:
            _put(form, error)
    return _one(request, user, row, form=form)


def _one(
    request: HttpRequest,
    user: User,
    row: WebhookSubscription,
    *,
    form: WebhookForm | None = None,
    secret: str = "",
) -> HttpResponse:
    initial = {"name": row.name, "url": row.url, "topics": row.topics}
    context = {
        "row": row,
        "form": form or WebhookForm(initial=initial),
        "replay": ReplayForm(prefix="replay"),
        "secret": secret,
        "topics": [str(TOPICS[name]) for name in row.topics if name in TOPICS],
        **_log(request, row),
    }
    refused = form is not None and form.is_bound and form.errors
    return render(request, "web/webhook.html", context, status=422 if refused else 200)


def _log(request: HttpRequest, row: WebhookSubscription) -> dict[str, object]:
    found = Paginator(services.deliveries(row), PAGE).get_page(request.GET.get("page"))
    return {"found": found, "waiting": any(one.state in OPEN for one in found.object_list)}


@require_GET
def log(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """The log alone, asked again while something is on its way."""
    user = me(request, subscriptions.RIGHT)
    row = subscriptions.get(user.organisation_id, webhook_id)
    return render(request, "web/_webhook_log.html", {"row": row, **_log(request, row)})


@never_cache
@require_POST
def act(request: HttpRequest, webhook_id: int, action: str) -> HttpResponse:
    """One step on an address."""
    user = me(request, subscriptions.RIGHT)
    if action == "rotate":
        row, secret = subscriptions.rotate(webhook_id, by=user)
        return _one(request, user, row, secret=secret)
    if action == "delete":
        subscriptions.delete(webhook_id, by=user)
        return done(request, _("The address is no longer told"), "webhooks")
    if action == "replay":
        return _replay_time(request, webhook_id, user)
    steps: dict[str, tuple[Callable[[], object], str]] = {
        "on": (lambda: subscriptions.switch(webhook_id, on=True, by=user), _("Switched on")),
        "off": (lambda: subscriptions.switch(webhook_id, on=False, by=user), _("Switched off")),
        "test": (
            lambda: services.send_test(webhook_id, by=user),
            _("The test is on its way: look into the log"),
        ),
    }
    if action not in steps:
        raise NotFound
    work, text = steps[action]
    work()
    return done(request, text, "webhook_one", webhook_id)


def _replay_time(request: HttpRequest, webhook_id: int, user: User) -> HttpResponse:
    form = ReplayForm(request.POST, prefix="replay")
    if not form.is_valid():
        messages.error(request, _("Choose two moments: from when until when."))
        return redirect("webhook_one", webhook_id)
    clean = form.cleaned_data
    count = services.replay_time(
        webhook_id, clean["since"], clean["until"], by=user, all_of_them=clean["all"]
    )
    text = ngettext("%(count)s event is on its way", "%(count)s events are on their way", count)
    return done(request, text % {"count": count}, "webhook_one", webhook_id)


@require_POST
def replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """One event again."""
    row = services.replay(delivery_id, by=me(request, subscriptions.RIGHT))
    return done(request, _("The event is on its way again"), "webhook_one", row.subscription_id)


def _put(form: WebhookForm, error: OtklikError) -> None:
    field = error.data.get("field")
    form.add_error(field if field in form.fields else None, error.sentence)
