"""What several tests of the inbox need: incoming events without a channel, mail-like headers, a far end to steer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import transaction

from otklik.channels import registry
from otklik.channels.events import InboundParsed
from otklik.channels.protocol import (
    Capabilities,
    CheckResult,
    Found,
    Identity,
    Inbound,
    InboundKind,
    Outbound,
    PullPage,
    RawEvent,
    SendResult,
    SendState,
)
from otklik.inbox.models import Message
from otklik.inbox.services import receive

NUMBER = count(1)
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def mail(  # the headers of a letter, as the mail adapter hands them over
    sender: str,
    text: str = "Здравствуйте",
    *,
    id: str = "",
    refs: tuple[str, ...] = (),
    to: tuple[str, ...] = ("shop@test",),
    ours: tuple[str, ...] = (),
    **more: Any,
) -> Inbound:
    """A letter; `refs` nearest first."""
    id = id or f"mail-{next(NUMBER)}@{sender.partition('@')[2]}"
    return Inbound(
        kind=more.pop("kind", InboundKind.MESSAGE),
        external_id=more.pop("external_id", id),
        author=Identity(sender, more.pop("name", sender.partition("@")[0].title())),
        occurred_at=more.pop("at", None),
        text=text,
        thread_keys=(id, *refs),
        our_message_ids=ours,
        participants=(sender, *to),
        parent_id=refs[0] if refs else "",
        **more,
    )


def arrive(account: Any, inbound: Inbound) -> Any:
    """Hand an event to the inbox as intake does; the conversation of its message, if it made one."""
    with transaction.atomic():
        receive.receive(
            InboundParsed(
                organisation_id=account.organisation_id,
                account_id=account.pk,
                account_kind=account.kind,
                account_scope=account.public_id.hex,
                team_id=account.team_id,
                raw_id=next(NUMBER),
                inbound=inbound,
            )
        )
    found = Message.objects.filter(account=account, external_id=inbound.external_id).first()
    return found.conversation if found else None


class FarEnd:
    """A platform that does what the test says and remembers what it was given."""

    kind = "far"

    def __init__(self, **able: Any) -> None:
        self.able = Capabilities(**{"reply_public": True, "reply_private": True, **able})
        self.answers: list[Any] = []  # SendResult, or an exception to raise; empty: sent
        self.found: Any = Found.CANNOT_TELL
        self.got: list[Outbound] = []

    def capabilities(self, config: dict[str, Any]) -> Capabilities:
        return self.able

    def check(self, config: dict[str, Any]) -> CheckResult:
        return CheckResult(ok=True)

    def parse(self, config: dict[str, Any], raw: RawEvent) -> list[Inbound]:
        return []

    def pull(self, config: dict[str, Any], cursor: dict[str, Any]) -> PullPage:
        return PullPage((), cursor)

    def send(self, config: dict[str, Any], item: Outbound) -> SendResult:
        self.got.append(item)
        answer = (
            self.answers.pop(0)
            if self.answers
            else SendResult(SendState.SENT, external_id=f"far-{len(self.got)}")
        )
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def reconcile(self, config: dict[str, Any], item: Outbound) -> Found:
        if isinstance(self.found, BaseException):
            raise self.found
        found: Found = self.found
        return found


@contextmanager
def far_end(account: Any, **able: Any) -> Iterator[FarEnd]:
    """The account now leads to a far end that the test steers."""
    end = FarEnd(**able)
    before = dict(registry._adapters)
    registry.register(end)
    account.kind = "far"
    account.save(update_fields=["kind"])
    try:
        yield end
    finally:
        registry._adapters.clear()
        registry._adapters.update(before)
