"""The organisation's settings and API keys."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from otklik.accounts import queries, services
from otklik.accounts.forms.company import OrganisationForm
from otklik.accounts.forms.staff import SCOPE_NAMES, KeyForm
from otklik.accounts.views.base import done, me, page
from otklik.kernel import clock


def organisation(request: HttpRequest) -> HttpResponse:
    user = me(request, "organisation.write")
    row = user.organisation
    fields = ("name", "spellings", "time_zone", "language", "signature")
    form = OrganisationForm(request.POST or None, initial={name: getattr(row, name) for name in fields})
    if (
        form.is_valid()
        and form.attempt(lambda: services.update_organisation(form.data_of(), by=user)) is not None
    ):
        return done(request, _("Saved"), "settings")
    return page(request, "organisation", form, tab="organisation")


@never_cache
def keys(request: HttpRequest) -> HttpResponse:
    """The list, and under it the form of a new key; its secret is shown on this one answer only."""
    user = me(request, "apikey.write")
    form = KeyForm(request.POST or None)
    secret = ""
    if form.is_valid():
        clean = form.cleaned_data
        made = form.attempt(
            lambda: services.create_key(
                by=user, name=clean["name"], scopes=clean["scopes"], days=clean["days"] or None
            )
        )
        if made:
            secret, form = made[1], KeyForm()
    rows = queries.api_keys(user.organisation_id)
    return page(
        request, "keys", form, keys=rows, secret=secret, now=clock.now(), scope_names=SCOPE_NAMES, tab="keys"
    )


@require_POST
def revoke_key(request: HttpRequest, key_id: int) -> HttpResponse:
    services.revoke_key(key_id, by=me(request))
    return done(request, _("The key opens nothing any more"), "api_keys")
