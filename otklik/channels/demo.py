"""The demo channel: behaves like a platform in every state, goes nowhere. Screens say «демо» beside its name."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from otklik.channels.protocol import (
    Capabilities,
    CheckResult,
    Found,
    Identity,
    Inbound,
    InboundFile,
    InboundKind,
    Outbound,
    PullPage,
    RawEvent,
    SendResult,
    SendState,
    Visibility,
)


class DemoAdapter:
    """Payload: {"id","kind","author":{"id","name"},"text","at","thread","visibility","rating",…}."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def capabilities(self, config: dict[str, Any]) -> Capabilities:
        return Capabilities(push=True, reply_public=True, reply_private=True, idempotent_send=True)

    def check(self, config: dict[str, Any]) -> CheckResult:
        return CheckResult(ok=True)

    def parse(self, config: dict[str, Any], raw: RawEvent) -> list[Inbound]:
        data = json.loads(raw.payload)
        author = data.get("author", {})
        return [
            Inbound(
                kind=InboundKind(data.get("kind", "message")),
                external_id=str(data["id"]),
                author=Identity(str(author.get("id", "")), author.get("name", ""), author.get("handle", "")),
                occurred_at=datetime.fromisoformat(data["at"]) if data.get("at") else None,
                text=data.get("text", ""),
                subject=data.get("subject", ""),
                visibility=Visibility(data.get("visibility", "private")),
                thread_keys=(str(data["id"]), *map(str, filter(None, [data.get("thread")]))),
                target_id=str(data.get("target", "")),
                rating=data.get("rating"),
                reach=data.get("reach"),
                source=data.get("source", ""),
                root_title=data.get("root_title", ""),
                permalink=data.get("permalink", ""),
                revision=str(data.get("revision", "")),
                files=tuple(
                    InboundFile(one["name"], one["type"], base64.b64decode(one["content"]))
                    for one in data.get("files", ())
                ),
                extra={"channel_kind": config.get("looks_like", "demo")},
            )
        ]

    def pull(self, config: dict[str, Any], cursor: dict[str, Any]) -> PullPage:
        return PullPage((), cursor)

    def send(self, config: dict[str, Any], item: Outbound) -> SendResult:
        return SendResult(SendState.SENT, external_id=item.idempotency_key)

    def reconcile(self, config: dict[str, Any], item: Outbound) -> Found:
        return Found.FOUND
