"""One's own page."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST

from otklik.accounts import queries, services
from otklik.accounts.forms.staff import ProfileForm
from otklik.accounts.views.base import done, me, page

FIELDS = ("name", "title", "language", "theme", "single_keys", "signature", "capacity", "speaks")
YEAR = 31_536_000


def profile(request: HttpRequest) -> HttpResponse:
    user = me(request)
    initial = {
        **{name: getattr(user, name) for name in FIELDS},
        "undo_seconds": user.preferences.get("undo_seconds"),
    }
    form = ProfileForm(request.POST or None, initial=initial)
    if form.is_valid() and form.attempt(lambda: services.update_profile(user, form.data_of())) is not None:
        with override(user.language or user.organisation.language):
            response = done(request, _("Saved"), "me")
        response.set_cookie("theme", user.theme, max_age=YEAR, samesite="Lax", secure=request.is_secure())
        return response
    return page(
        request,
        "me",
        form,
        devices=UserSession.objects.filter(user=user).count(),
        mfa=is_mfa_enabled(user),
        teams=queries.teams(user.organisation_id).filter(members=user),
    )


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The switch in the navigation: remembered for the person, and in the browser for the sign-in page."""
    value = request.POST.get("theme", "")
    services.set_theme(me(request), value)
    response = HttpResponse(status=204)
    response.set_cookie("theme", value, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response


@require_POST
def presence(request: HttpRequest) -> HttpResponse:
    services.set_presence(me(request), request.POST.get("presence", ""))
    return HttpResponse(status=204) if request.headers.get("HX-Request") else done(request, _("Saved"), "me")
