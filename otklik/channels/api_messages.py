"""A door of the API for messages of any system."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from django.utils.translation import gettext_lazy as _
from ninja import Body, Query, Router, Schema
from pydantic import Field

from otklik.channels import intake, queries
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import RawEvent
from otklik.kernel.errors import Invalid, NotFound
from otklik.kernel.rest import Call, Given, Id, Moment, operation

router = Router(tags=["Messages in"])
MAX_MESSAGES = 500


class AuthorIn(Given):
    id: str = Field("", max_length=254)
    name: str = Field("", max_length=200)
    handle: str = Field("", max_length=100)
    url: str = Field("", max_length=500)


class MessageIn(Given):
    """`id` is unique in your system; `thread` joins messages of one talk. `kind` edit or delete is about `target`."""

    id: str = Field(min_length=1, max_length=200)
    kind: Literal["message", "edit", "delete"] = "message"
    author: AuthorIn | None = None
    text: str = Field("", max_length=100_000)
    at: Moment | None = None
    thread: str = Field("", max_length=200)
    subject: str = Field("", max_length=500)
    visibility: Literal["public", "private"] | None = None
    target: str = Field("", max_length=200)
    revision: str = Field("", max_length=64)
    rating: int | None = Field(None, ge=1, le=5)
    reach: int | None = Field(None, ge=0, le=2_000_000_000)
    source: str = Field("", max_length=100)
    root_title: str = Field("", max_length=300)
    url: str = Field("", max_length=1000)


Messages = MessageIn | Annotated[list[MessageIn], Field(min_length=1, max_length=MAX_MESSAGES)]


class StoredOut(Schema):
    """Stored durably; `new` of them were not known before. They appear in the inbox a moment later."""

    stored: int
    new: int


class HookAccount(Schema):
    account_id: Id | None = Field(
        None, description="an account of kind hook; may be left out when there is one"
    )


MESSAGE = {
    "id": "form-10245",
    "author": {"id": "irina@example.ru", "name": "Ирина Лаптева"},
    "text": "Когда вернут деньги за холодильник?",
    "at": "2026-11-22T14:00:00+03:00",
    "thread": "order-100245",
}


@operation(router, "POST", "/messages", right="import.run", answer=StoredOut, status=202, example=MESSAGE)
def receive_messages(request: Call, where: Query[HookAccount], messages: Body[Messages]) -> dict[str, int]:
    """Messages of any system: one object, or up to 500 in a list.

    The body is that of the generic webhook. The same message sent again is known and changes nothing.
    """
    account = _hook(request.auth.organisation_id, where.account_id)
    arrived = [_raw(one) for one in (messages if isinstance(messages, list) else [messages])]
    return {"stored": len(arrived), "new": intake.store(account, arrived)}


def _raw(message: MessageIn) -> RawEvent:
    body = json.dumps(
        message.model_dump(mode="json", exclude_unset=True), ensure_ascii=False, sort_keys=True
    ).encode()
    return RawEvent(f"api:{hashlib.sha256(body).hexdigest()}", body, "application/json")


def _hook(organisation_id: int, account_id: int | None) -> ChannelAccount:
    rows = queries.accounts(organisation_id).filter(kind="hook")
    if account_id is not None:
        rows = rows.filter(pk=account_id)
    found = list(rows[:2])
    if account_id is not None and not found:
        raise NotFound
    if len(found) != 1:
        raise Invalid(
            _("Say which account of the kind “hook” the message is for: account_id."), field="account_id"
        )
    if not found[0].active:
        raise Invalid(
            _("The channel “%(channel)s” is switched off."), field="account_id", channel=found[0].name
        )
    return found[0]
