"""What every form of the house shares."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms

from otklik.kernel.errors import OtklikError

T = TypeVar("T")
_SEPARATOR = re.compile(r"[\n;,]+")


class HouseForm(forms.Form):
    """A form whose service refusals land beside the field they are about."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def attempt(self, call: Callable[[], T]) -> T | None:
        """Run a service; its refusal becomes an error of this form and the answer is None."""
        try:
            return call()
        except OtklikError as error:
            if error.status in (403, 404):
                raise
            field = str(error.data.get("field", ""))
            self.add_error(field if field in self.fields else None, error.sentence)
            return None


class Spellings(forms.CharField):
    """Several spellings, one a line (commas and semicolons divide too)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea({"rows": 3}), **kwargs)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return tuple(part.strip() for part in _SEPARATOR.split(text) if part.strip())

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value
