"""What every request needs: signed in unless the view says otherwise, the person's language and time zone,
and our errors as sentences instead of tracebacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from otklik.accounts import services
from otklik.accounts.principals import User
from otklik.kernel import clock, events
from otklik.kernel.errors import OtklikError

GetResponse = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]
SEEN_EVERY = 60.0  # seconds between two notes that a person is here


class SignedOut(OtklikError):
    code = "signed_out"
    status = 401
    text = _("You are signed out. Sign in in another tab and repeat: what you typed stays here.")


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
        return error_answer(request, error) if isinstance(error, OtklikError) else None


def error_answer(request: HttpRequest, error: OtklikError) -> HttpResponse:
    """The sentence: into #o-alerts for htmx, as a page otherwise."""
    if request.headers.get("HX-Request"):
        response = render(request, "web/_error.html", {"error": error}, status=error.status)
        response["HX-Retarget"] = "#o-alerts"
        response["HX-Reswap"] = "innerHTML"
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
