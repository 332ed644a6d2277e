"""Write first: to a customer by the way they prefer, or to an address."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from otklik.accounts import policy
from otklik.channels import queries as channels
from otklik.inbox import forms, ways
from otklik.inbox.services import wishes
from otklik.inbox.services.start import write_first
from otklik.inbox.views import wishing
from otklik.inbox.views.common import StaffRequest, done, reads, reason_of, speaks_json, writes
from otklik.kernel import clock
from otklik.people import history
from otklik.people import queries as people


@reads
def dialog(request: StaffRequest) -> HttpResponse:
    """`?customer=` proposes the ways to this customer, the preferred one first; `?to=` fills an address."""
    who = request.user
    context: dict[str, Any] = {
        "client_key": secrets.token_urlsafe(12),
        "accounts": [one for one in channels.writing(who.organisation_id) if one.kind in ways.ANYBODY],
        "to": request.GET.get("to", ""),
        "may": policy.can(who, "conversation.reply"),
        "reasons": wishing.reasons(),
    }
    customer_id = forms.whole(request.GET.get("customer", ""))
    if customer_id and policy.can(who, "customer.read"):
        context |= _of_customer(who.organisation_id, customer_id)
    return render(request, "inbox/dialogs/start.html", context)


def _of_customer(organisation_id: int, customer_id: int) -> dict[str, Any]:
    customer = people.customer(organisation_id, customer_id)
    found = ways.ways(organisation_id, customer.pk)
    best = found[0] if found else None
    kind = best.kind if best else ""
    aspects = wishes.of_first_word(organisation_id, customer.pk, kind=kind, text="", moment=clock.now())
    return {
        "customer": customer,
        "ways": found,
        "wishes": history.wishes(customer),
        "best": wishes.preferred_moment(organisation_id, customer.pk, clock.now()),
        "broken": [one.sentence for one in aspects if kind],
        "to": customer.email if not found else "",
    }


@writes
@speaks_json
def send(request: StaffRequest) -> HttpResponse:
    account_id, to = _way(request)
    message = write_first(
        account_id,
        to=to,
        subject=request.POST.get("subject", "").strip(),
        text=request.POST.get("text", ""),
        by=request.user,
        client_key=request.POST.get("client_key", "")[:64],
        reason=reason_of(request),
        send_at=forms.moment(at) if (at := request.POST.get("send_at", "")) else None,
    )
    pk = message.conversation_id
    return done(request, pk, _("The message goes out"), go=reverse("inbox-thread", args=[pk]))


def _way(request: HttpRequest) -> tuple[int, str]:
    """A way of the list ("12:anna@example.ru"), or account and address typed by hand."""
    account, colon, address = request.POST.get("way", "").partition(":")
    if colon:
        return forms.whole(account), address
    return forms.whole(request.POST.get("account", "")), request.POST.get("to", "").strip()
