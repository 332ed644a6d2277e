"""One error tree: code, HTTP status, data, translated sentence; the same on screen and in the API."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class OtklikError(Exception):
    """Something a person can understand and act on. `text` may use the names in `data`."""

    code = "error"
    status = 400
    text: str | Promise = _("Something went wrong. Your work is safe; try again.")

    def __init__(self, text: str | Promise | None = None, /, *, code: str | None = None, **data: Any) -> None:
        if text is not None:
            self.text = text
        if code is not None:
            self.code = code
        self.data = data
        super().__init__(self.code)

    @property
    def sentence(self) -> str:
        return str(self.text) % self.data if self.data else str(self.text)

    def __str__(self) -> str:
        return self.sentence


class NotFound(OtklikError):
    """Missing and forbidden look the same."""

    code = "not_found"
    status = 404
    text = _("There is nothing here, or you have no access to it.")


class Forbidden(OtklikError):
    code = "forbidden"
    status = 403
    text = _("Your role does not allow this. Ask an administrator for the right “%(right)s”.")


class Invalid(OtklikError):
    """The input cannot be used; `field` in data says which part."""

    code = "invalid"
    status = 422
    text = _("This value cannot be used.")


class Conflict(OtklikError):
    """Somebody or something was faster, or the state does not allow the step."""

    code = "conflict"
    status = 409
    text = _("This has just been changed by someone else. Look at the new state and try again.")
