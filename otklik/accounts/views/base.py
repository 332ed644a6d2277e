"""What the views of accounts share."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from otklik.accounts import policy
from otklik.accounts.models import User
from otklik.kernel.errors import NotFound


def me(request: HttpRequest, right: str = "") -> User:
    """The signed-in person, who must have `right` when one is named."""
    user = request.user
    if not isinstance(user, User):
        raise NotFound  # the middleware lets nobody else in
    if right:
        policy.require(user, right)
    return user


def page(request: HttpRequest, template: str, form: Any = None, **context: Any) -> HttpResponse:
    """The page; 422 when it shows a form that was refused."""
    refused = form is not None and form.is_bound and form.errors
    return render(
        request, f"accounts/{template}.html", {"form": form, **context}, status=422 if refused else 200
    )


def done(request: HttpRequest, text: str, to: str, *args: Any, undo: str = "") -> HttpResponse:
    """Say what happened and go on; a toast's undo (htmx) gets the page anew."""
    messages.success(request, text, extra_tags=undo)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect(to, *args)
