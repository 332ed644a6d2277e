"""RSS and Atom as a channel: asked with ETag, edits noticed, silence of the feed is not a deletion."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from otklik.channels import transport
from otklik.channels.feed import engine
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

NOT_MODIFIED = 304
OK = 200
REMEMBERED = 2000  # fingerprints kept in the cursor to notice edits


class FeedUnavailable(transport.TransportError):
    code = "feed_unavailable"


class FeedAdapter:
    """Settings: {"url": address of the feed}. Answers are written on the site by a person (reply_manual)."""

    kind = "feed"

    def capabilities(self, config: dict[str, Any]) -> Capabilities:
        return Capabilities(poll=True, reply_manual=True)

    def check(self, config: dict[str, Any]) -> CheckResult:
        """Fetch once: what is wrong, or how many entries there are."""
        try:
            answer = transport.request("GET", str(config.get("url", "")))
        except transport.TransportError as error:
            return CheckResult(ok=False, code=error.code, message=error.sentence)
        if answer.status != OK:
            message = _("The page answers with code %(status)s. Check the address.") % {
                "status": answer.status
            }
            return CheckResult(ok=False, code="http_status", message=message)
        feed = engine.parse(
            answer.content, content_type=answer.headers.get("content-type", ""), base_url=answer.url
        )
        if not feed.entries:
            reason = (
                feed.problems[0].sentence(get_language() or "ru")
                if feed.problems
                else _("There are no entries at this address yet.")
            )
            return CheckResult(ok=False, code="no_entries", message=reason)
        return CheckResult(ok=True, facts={"title": feed.title, "entries": len(feed.entries)})

    def pull(self, config: dict[str, Any], cursor: dict[str, Any]) -> PullPage:
        headers = {}
        if cursor.get("etag"):
            headers["if-none-match"] = str(cursor["etag"])
        if cursor.get("modified"):
            headers["if-modified-since"] = str(cursor["modified"])
        answer = transport.request("GET", str(config["url"]), headers=headers)
        if answer.status == NOT_MODIFIED:
            return PullPage((), cursor)
        if answer.status != OK:
            raise FeedUnavailable(host=config["url"], reason=f"HTTP {answer.status}")
        return self._page(answer, cursor)

    def _page(self, answer: transport.Answer, cursor: dict[str, Any]) -> PullPage:
        feed = engine.parse(
            answer.content, content_type=answer.headers.get("content-type", ""), base_url=answer.url
        )
        seen: dict[str, str] = dict(cursor.get("seen", {}))
        events = []
        for entry in reversed(feed.entries):  # oldest first, as they were written
            mark = engine.fingerprint(entry)
            if seen.get(entry.id) == mark:
                continue
            change = "edit" if entry.id in seen else "message"
            payload = {"kind": change, "feed": feed.title, **asdict(entry)}
            body = json.dumps(payload, ensure_ascii=False).encode()
            events.append(
                RawEvent(f"{entry.id[:150]}#{mark[:16]}", body, "application/json", stream=feed.title)
            )
            seen.pop(entry.id, None)
            seen[entry.id] = mark
        position = {
            "etag": answer.headers.get("etag", ""),
            "modified": answer.headers.get("last-modified", ""),
            "seen": dict(list(seen.items())[-REMEMBERED:]),
        }
        notices = tuple((one.code, one.sentence(get_language() or "ru")) for one in feed.problems)
        return PullPage(tuple(events), position, notices=notices)

    def parse(self, config: dict[str, Any], raw: RawEvent) -> list[Inbound]:
        entry = json.loads(raw.payload)
        when = entry.get("updated") if entry["kind"] == "edit" else entry.get("published")
        text = "\n\n".join(part for part in (entry["title"], entry["text"]) if part)
        author = entry.get("author") or entry.get("feed") or ""
        return [
            Inbound(
                kind=InboundKind(entry["kind"]),
                external_id=entry["id"],
                author=Identity(external_id=author or entry["id"], name=author),
                occurred_at=datetime.fromisoformat(when) if when else None,
                text=text,
                visibility=Visibility.PUBLIC,
                thread_keys=(entry["id"],),
                target_id=entry["id"],
                permalink=entry.get("url") or "",
                root_title=entry.get("feed") or "",
                source=entry.get("feed") or "",
                revision=entry.get("updated") or "",
            )
        ]

    def send(self, config: dict[str, Any], item: Outbound) -> SendResult:
        return SendResult(
            SendState.REJECTED, code="manual_only", detail=_("Answers are written on the site itself.")
        )

    def reconcile(self, config: dict[str, Any], item: Outbound) -> Found:
        return Found.CANNOT_TELL
