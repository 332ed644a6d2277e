"""What every request needs: signed in unless the view says otherwise, the person's language and time zone,
and our errors as sentences instead of tracebacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast
from zoneinfo import ZoneInfo

from allauth.usersessions.middleware import UserSessionsMiddleware
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import DataError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from otklik.accounts import services
from otklik.accounts.principals import User
from otklik.kernel import clock, events
from otklik.kernel.errors import Invalid, OtklikError

GetResponse = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]
ZERO = "(0x00)"  # as the driver names it
SEEN_EVERY = 60.0  # seconds between two notes that a person is here


class SignedOut(OtklikError):
    code = "signed_out"
    status = 401
    text = _("You are signed out. Sign in in another tab and repeat: what you typed stays here.")


class Unstorable(Invalid):
    """PostgreSQL cannot hold a zero character; SQLite can, so only the one database complains."""

    text = _("The text has characters that cannot be stored: a zero character or half of a pair.")


class OtklikMiddleware:
    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, *args: object) -> HttpResponse | None:
        """Closed by default. Open: `login_not_required` views, machine doors (csrf_exempt, they check a key)."""
        speak_to(request)
        asked = request.META.get("QUERY_STRING", "")
        if "%00" in asked:  # no text holds a zero character, and PostgreSQL refuses even to look for one
            request.GET = QueryDict(asked.replace("%00", ""))
        is_open = not getattr(view, "login_required", True) or getattr(view, "csrf_exempt", False)
        user = request.user
        if isinstance(user, User):
            _note_presence(user)
            if request.method == "GET" and not request.headers.get("HX-Request"):
                # read before the view does: what happens in between reaches the page by the live stream
                request.live_cursor = str(events.latest())  # type: ignore[attr-defined]
            return None
        if is_open:
            return None
        if request.headers.get("HX-Request"):
            return error_answer(request, SignedOut())
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, ValueError | DataError) and ZERO in str(error):
            error = Unstorable()
        return error_answer(request, error) if isinstance(error, OtklikError) else None


class NoteDevices(UserSessionsMiddleware):  # type: ignore[misc]  # allauth has no types
    """The list of signed-in devices says when each was last used, to the minute: not a write for every page."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key, noted = request.session.get("device_noted", ("", 0))
        now = clock.now().timestamp()
        if isinstance(request.user, User) and (
            key != request.session.session_key or now - noted >= SEEN_EVERY
        ):
            request.session["device_noted"] = (request.session.session_key, now)
            return cast(HttpResponse, super().__call__(request))
        return cast(HttpResponse, self.get_response(request))


class CompressPages(GZipMiddleware):
    """Whole answers are compressed (with a random tail against BREACH); streams are not: live news must not wait."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.streaming else super().process_response(request, response)


def error_answer(request: HttpRequest, error: OtklikError) -> HttpResponse:
    """The sentence: into #o-alerts for htmx, as a page otherwise."""
    if request.headers.get("HX-Request"):
        response = render(request, "web/_error.html", {"error": error}, status=error.status)
        response["HX-Retarget"] = "#o-alerts"
        response["HX-Reswap"] = "innerHTML"
        response["HX-Push-Url"] = "false"  # the address stays that of what is shown
        return response
    return render(request, "web/error.html", {"error": error}, status=error.status)


def speak_to(request: HttpRequest) -> None:
    """Language and time zone: the person's, else the organisation's; before signing in those of the installation."""
    user = getattr(request, "user", None)
    if isinstance(user, User):
        organisation = user.organisation
        language = user.language or organisation.language
        timezone.activate(ZoneInfo(organisation.time_zone))
    else:
        language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        timezone.deactivate()
    if language not in dict(settings.LANGUAGES):
        language = settings.LANGUAGE_CODE
    translation.activate(language)
    request.LANGUAGE_CODE = language


def _note_presence(user: User) -> None:
    if user.seen_at is None or user.seen_at < clock.ago(SEEN_EVERY):
        services.note_seen(user)
