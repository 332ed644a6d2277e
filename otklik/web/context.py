"""What the shell of every page shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"theme": request.COOKIES.get("theme", "")}
    return {"theme": user.theme or request.COOKIES.get("theme", ""), "organisation": user.organisation}
