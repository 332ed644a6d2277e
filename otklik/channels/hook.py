"""Generic webhook in: any system may post messages, signed as Standard Webhooks say.

Body: one object or a list of {"id","author":{"id","name"},"text","at","thread","kind","visibility","rating",…}.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

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
    Visibility,
)


class HookAdapter:
    """Settings: {"looks_like": glyph, "visibility"}; secret: {"signing_secret": "whsec_…"}."""

    kind = "hook"
    bulk = True  # what begins a thread is independent: channels/intake.py understands it together

    def capabilities(self, config: dict[str, Any]) -> Capabilities:
        return Capabilities(push=True, reply_manual=True)

    def check(self, config: dict[str, Any]) -> CheckResult:
        if not str(config.get("signing_secret", "")).startswith("whsec_"):
            return CheckResult(
                ok=False, code="no_secret", message=_("The signing secret must begin with whsec_.")
            )
        return CheckResult(ok=True)

    def verify(self, config: dict[str, Any], headers: dict[str, str], body: bytes) -> RawEvent | None:
        """The event when the signature fits (and is at most five minutes old), else None. Pure: no I/O.

        A signed body that is no JSON is an event too: it is stored, and seen as unreadable on the operations page.
        """
        try:
            # whether it is JSON is asked later: what is signed is stored, whatever it is
            Webhook(str(config["signing_secret"])).verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError, KeyError):
            return None
        return RawEvent(headers.get("webhook-id", "")[:200], body, "application/json")

    def parse(self, config: dict[str, Any], raw: RawEvent) -> list[Inbound]:
        data = json.loads(raw.payload)
        return [self._one(config, one) for one in (data if isinstance(data, list) else [data])]

    def _one(self, config: dict[str, Any], data: dict[str, Any]) -> Inbound:
        author = data.get("author") or {}
        visibility = data.get("visibility") or config.get("visibility") or "private"
        thread = [str(data["thread"])] if data.get("thread") else []
        return Inbound(
            kind=InboundKind(data.get("kind", "message")),
            external_id=str(data["id"]),
            author=Identity(
                external_id=str(author.get("id") or author.get("name") or data["id"]),
                name=str(author.get("name", "")),
                handle=str(author.get("handle", "")),
                url=str(author.get("url", "")),
            ),
            occurred_at=datetime.fromisoformat(data["at"]) if data.get("at") else None,
            text=str(data.get("text", "")),
            subject=str(data.get("subject", "")),
            visibility=Visibility(visibility),
            thread_keys=(str(data["id"]), *thread),
            target_id=str(data.get("target") or data["id"]),
            rating=data.get("rating"),
            reach=data.get("reach"),
            source=str(data.get("source", "")),
            root_title=str(data.get("root_title", "")),
            permalink=str(data.get("url", "")),
            revision=str(data.get("revision", "")),
            extra={"channel_kind": config.get("looks_like") or "form"},
        )

    def pull(self, config: dict[str, Any], cursor: dict[str, Any]) -> PullPage:
        return PullPage((), cursor)

    def send(self, config: dict[str, Any], item: Outbound) -> SendResult:
        return SendResult(
            SendState.REJECTED, code="manual_only", detail=_("Answers are written on the site itself.")
        )

    def reconcile(self, config: dict[str, Any], item: Outbound) -> Found:
        return Found.CANNOT_TELL
