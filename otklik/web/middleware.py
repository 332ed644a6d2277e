"""What every request needs: the person's language, and our errors as sentences instead of tracebacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from otklik.kernel.errors import OtklikError

GetResponse = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]


class OtklikMiddleware:
    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        language = getattr(request.user, "language", "")
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OtklikError):
            return None
        if request.headers.get("HX-Request"):
            response = render(request, "web/_error.html", {"error": error}, status=error.status)
            response["HX-Retarget"] = "#o-alerts"
            response["HX-Reswap"] = "innerHTML"
            return response
        return render(request, "web/error.html", {"error": error}, status=error.status)
