"""What every `api.py` of a domain shares: declaring an operation, checked values, pages cut by a cursor.

Who may call, idempotency and errors are held in one place, `web/api`, for every operation declared here.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from otklik.kernel.errors import Invalid

MAX_ID = 2**63 - 1
PAGE, MAX_PAGE = 50, 200
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
ANYBODY = "*"  # an operation for every key and everybody who is signed in

V = TypeVar("V", bound=Callable[..., Any])
T = TypeVar("T")
M = TypeVar("M", bound=Model)


class Call(HttpRequest):
    """A request that has passed the door: `auth` is who acts, a `User` (of an API key: its maker, with its rights)."""

    auth: Any


def _sensible(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("a moment between 1970 and 2200 is expected")
    return moment


Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE, description="rows of a page")]
CursorText = Annotated[str, Field(max_length=500, description="`next` of the page before")]


class Given(Schema):
    """Base of what callers send: an unknown field is a mistake with a sentence, never silently lost."""

    model_config = ConfigDict(extra="forbid")


class Page(Schema, Generic[T]):
    """A page of a list. `next` is null on the last one; otherwise pass it as `cursor`."""

    items: list[T]
    next: str | None = None


class Window(Schema):
    """How much of a list is wanted, and from where."""

    cursor: CursorText = ""
    limit: Limit = PAGE


class Done(Schema):
    """The step was made."""

    ok: bool = True


def operation(  # noqa: PLR0913 an operation has these parts
    router: Router,
    method: str,
    path: str,
    *,
    right: str,
    answer: Any,
    status: int = 200,
    within: bool = True,
    example: Any = None,
    produces: str = "",
) -> Callable[[V], V]:
    """Declare an operation of the API. Its name is the operation id, its docstring the description.

    `right` is asked before the view runs (ANYBODY: none). `within`: a writing operation is one transaction, together
    with the answer stored for an Idempotency-Key; False for work that waits for the network or a large file, or makes
    transactions of its own.
    `produces`: media type of an answer that is not JSON.
    """

    def declare(view: V) -> V:
        first, _blank, rest = (inspect.getdoc(view) or "").partition("\n")
        extra: dict[str, Any] = {"x-right": right, "x-within": within}
        if example is not None:
            extra["requestBody"] = {"content": {"application/json": {"example": example}}}
        if produces:
            body = {"schema": {"type": "string", "format": "binary"}}
            extra["responses"] = {status: {"content": {produces: body}}}
        router.api_operation(
            [method],
            path,
            operation_id=view.__name__,
            url_name=view.__name__,
            summary=first.rstrip("."),
            description=rest.strip() or None,
            response={status: answer},
            openapi_extra=extra,
        )(view)
        return view

    return declare


def operations_of(router: Router) -> Iterator[Any]:
    """Every operation of a router, so that the door can check that none was declared another way."""
    for path_view in router.path_operations.values():
        yield from path_view.operations


def cut(rows: QuerySet[M], order: Sequence[str], *, cursor: str, limit: int) -> tuple[list[M], str | None]:
    """One page by keyset and the cursor of the next one. `order` names columns without NULL, the last one unique."""
    rows = rows.order_by(*order)
    if cursor:
        rows = rows.filter(_behind(rows, order, cursor))
    found = list(rows[: limit + 1])
    if len(found) <= limit:
        return found, None
    found.pop()
    return found, _mark(found[-1], order)


def _mark(last: Model, order: Sequence[str]) -> str:
    values = [getattr(last, name.lstrip("-")) for name in order]
    text = json.dumps([one.isoformat() if isinstance(one, datetime) else one for one in values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _behind(rows: QuerySet[Any], order: Sequence[str], cursor: str) -> Q:
    found = Q(pk__in=[])
    same = Q()
    for name, value in zip(order, _values(rows, order, cursor), strict=True):
        column = name.lstrip("-")
        found |= same & Q(**{f"{column}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{column: value})
    return found


def not_our_cursor() -> Invalid:
    """What a list answers to a cursor that it has not given."""
    return Invalid(_("This cursor is not one of ours. Begin without it."), field="cursor")


def _values(rows: QuerySet[Any], order: Sequence[str], cursor: str) -> list[Any]:
    wrong = not_our_cursor()
    try:
        given = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(given, list) or len(given) != len(order):
            raise wrong
        fields = [rows.model._meta.get_field(name.lstrip("-")) for name in order]  # noqa: SLF001 Django's public _meta
        values = [field.to_python(value) for field, value in zip(fields, given, strict=True)]
    except (ValueError, TypeError, RecursionError, OverflowError, binascii.Error, ValidationError) as error:
        raise wrong from error
    if any(value is None or not _fits(value) for value in values):
        raise wrong
    return values


def _fits(value: object) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is not None and EARLIEST <= value <= LATEST
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    return not isinstance(value, int) or abs(value) <= MAX_ID
