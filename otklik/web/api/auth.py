"""Who calls: a program with an API key, or a person whose browser is signed in (then with the CSRF token)."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext_lazy as _
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from otklik.accounts import keys
from otklik.accounts.principals import User
from otklik.kernel.errors import OtklikError
from otklik.web.api import limits


class NoKey(OtklikError):
    code = "unauthorized"
    status = 401
    text = _("Send an API key: Authorization: Bearer otk_… . An administrator makes keys in Settings.")


class WrongKey(OtklikError):
    code = "wrong_key"
    status = 401
    text = _("This API key opens nothing: it is mistyped, expired or revoked.")


class OldPage(OtklikError):
    code = "csrf"
    status = 403
    text = _("The page is too old or was opened elsewhere. Reload it.")


def enter(request: HttpRequest) -> User:
    """The caller, found once a request. Raises NoKey, WrongKey, OldPage, Throttled."""
    known: User | None = getattr(request, "caller", None)
    if known is None:
        known = _by_key(request) if "authorization" in request.headers else _by_session(request)
        request.caller = known  # type: ignore[attr-defined]
        timezone.activate(ZoneInfo(known.organisation.time_zone))
    return known


def _by_key(request: HttpRequest) -> User:
    scheme, _space, token = request.headers["authorization"].partition(" ")
    user = keys.authenticate(token.strip()) if scheme.lower() == "bearer" else None
    if user is None:
        address = str(request.META.get("REMOTE_ADDR", ""))
        limits.take(f"wrong:{address}", rate=limits.WRONG_RATE, burst=limits.WRONG_BURST)
        raise WrongKey
    return user


def _by_session(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise NoKey
    if check_csrf(request) is not None:
        raise OldPage
    return user


def speak(request: HttpRequest) -> None:
    """Sentences in the language of Accept-Language; without it in the caller's or the installation's."""
    if request.headers.get("accept-language"):
        language = get_language_from_request(request)
        translation.activate(language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE)


def name_of(who: User) -> str:
    """Short and unique: whose limit, whose idempotency keys."""
    return f"k{who.acting_key.audit_id}" if who.acting_key else f"u{who.pk}"


class ApiKey(HttpBearer):
    """An API key: `Authorization: Bearer otk_…`."""

    def __call__(self, request: HttpRequest) -> Any:
        return enter(request)

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return enter(request)


class BrowserSession(APIKeyCookie):
    """The cookie of a signed-in browser on the same origin; writing needs the header X-CSRFToken."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any:
        return enter(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return enter(request)
