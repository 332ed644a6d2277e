"""What the views of channels share."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from otklik.accounts import policy
from otklik.accounts.principals import User
from otklik.kernel.errors import NotFound


def person(request: HttpRequest, right: str) -> User:
    """The signed-in person, who must have `right`."""
    user = request.user
    if not isinstance(user, User):  # the middleware lets nobody else in
        raise NotFound
    policy.require(user, right)
    return user


def done(request: HttpRequest, text: str, to: str, *args: Any) -> HttpResponse:
    """Say what happened and go on."""
    messages.success(request, text)
    return go(request, to, *args)


def go(request: HttpRequest, to: str, *args: Any) -> HttpResponse:
    """A redirect that htmx follows as a page."""
    answer = redirect(to, *args)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer
