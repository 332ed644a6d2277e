"""Imported rows as a channel: a stored item → Inbound. Nothing is asked or sent; answers are written on the site."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from otklik.channels.importer.engine.rows import ImportItem
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

CONTENT_TYPE = "application/vnd.otklik.item+json"
PUBLIC_KINDS = frozenset({"review", "comment", "mention"})
CLOSED = ("clos", "solv", "resolv", "done", "закр", "реш", "заверш", "выполн")

_STORED = tuple(name for name in ImportItem.__dataclass_fields__ if name not in ("raw", "notices", "row"))

# a word in the source → how the place is shown
PLACES = (
    (("vk.", "vk", "вк", "вконтакте"), "vk"),
    (("t.me", "telegram", "телеграм"), "telegram"),
    (("max.ru", "max"), "max"),
    (("mail", "почта", "email"), "mail"),
    (("чат", "chat", "widget", "webwidget"), "chat"),
    (("ozon", "wildberries", "яндекс маркет", "market", "маркет", "avito", "авито"), "market"),
    (("phone", "voice", "звон", "телефон"), "phone"),
)


def raw_event(item: ImportItem, version: int) -> RawEvent:
    """What is stored of a row. `version` counts the contents under one key: above 1 it is an edit."""
    record: dict[str, Any] = {name: getattr(item, name) for name in _STORED}
    record["occurred_at"] = item.occurred_at.isoformat() if item.occurred_at else None
    record["version"] = version
    # a text that goes back to an earlier wording is a new event, not the old one again
    again = f".{version}" if version > 2 else ""  # noqa: PLR2004 the third content is the first that can repeat
    return RawEvent(
        key=f"{item.key}#{item.content_hash[:16]}{again}",
        payload=json.dumps(record, ensure_ascii=False).encode(),
        content_type=CONTENT_TYPE,
        stream=item.source,
    )


class ImportAdapter:
    """Settings: {"looks_like": kind of place for every row, "" = from the row, "visibility": "" | public | private}."""

    kind = "import"
    bulk = True  # rows are independent: channels/intake.py understands a batch in one transaction

    def capabilities(self, config: dict[str, Any]) -> Capabilities:
        return Capabilities(reply_manual=True)

    def check(self, config: dict[str, Any]) -> CheckResult:
        return CheckResult(ok=True)

    def parse(self, config: dict[str, Any], raw: RawEvent) -> list[Inbound]:
        item = json.loads(raw.payload)
        edited = item["version"] > 1
        said = item["direction"] in ("", "in")
        if edited and not said:
            return []  # a line of ours stays as it was first seen
        place = _provable(config.get("looks_like") or place_of(item), item)
        return [
            Inbound(
                kind=InboundKind.EDIT if edited else InboundKind.MESSAGE,
                external_id=item["key"],
                author=_author(item, place),
                occurred_at=datetime.fromisoformat(item["occurred_at"]) if item["occurred_at"] else None,
                text=_text(item),
                subject=item["title"] if item["kind"] == "message" else "",
                visibility=_visibility(config, item),
                revision=f"{item['version']:08d}",
                thread_keys=_threads(item),
                parent_id=item["parent_id"],
                root_title=item["product"] or item["outlet"],
                permalink=item["url"],
                rating=round(item["rating"]) if item["rating"] else None,
                reach=item["reach"],
                source=item["outlet"] or item["source"],
                target_id=item["key"],
                extra=_extra(item, place, said=said),
            )
        ]

    def pull(self, config: dict[str, Any], cursor: dict[str, Any]) -> PullPage:
        return PullPage((), cursor)

    def send(self, config: dict[str, Any], item: Outbound) -> SendResult:
        return SendResult(
            SendState.REJECTED, code="manual_only", detail=_("Answers are written on the site itself.")
        )

    def reconcile(self, config: dict[str, Any], item: Outbound) -> Found:
        return Found.CANNOT_TELL


def place_of(item: dict[str, Any]) -> str:
    """The kind of channel a row is shown as: by its source, else by what it is."""
    if item["kind"] == "review" and not item["source"]:
        return "review"
    words = item["source"].lower()
    for signs, place in PLACES:
        if any(words.startswith(sign) or f" {sign}" in words for sign in signs):
            return place
    return {"review": "review", "message": "chat"}.get(item["kind"], "review")


def _provable(place: str, item: dict[str, Any]) -> str:
    """Mail and phone name the same person in every account: without an address or number it is only a message."""
    missing = (place == "mail" and not item["email"]) or (place == "phone" and not item["phone"])
    return "form" if missing else place


def _author(item: dict[str, Any], place: str) -> Identity:
    """An address or an id names a person; a bare name does not: «Анна» of two reviews may be two people."""
    name = item["author_name"] or item["author_id"] or item["email"] or item["phone"]
    if place == "mail" and item["email"]:
        identity = item["email"]
    elif place == "phone" and item["phone"]:
        identity = item["phone"]
    elif item["author_id"] or item["author_url"] or item["email"]:
        identity = f"{item['source']}:{item['author_id'] or item['author_url'] or item['email']}"
    elif item["thread_id"]:
        identity = f"{item['source']}:thread:{item['thread_id']}"
    else:
        identity = f"row:{item['key'][:40]}"
    if item["direction"] not in ("", "in"):
        # our own line: the customer of the thread is known from theirs
        identity, name = f"{item['source']}:thread:{item['thread_id'] or item['key'][:40]}", ""
    return Identity(identity, name or _("Author unknown"), url=item["author_url"])


def _text(item: dict[str, Any]) -> str:
    title = item["title"] if item["kind"] != "message" else ""
    return "\n\n".join(part for part in (title, item["text"]) if part)


def _visibility(config: dict[str, Any], item: dict[str, Any]) -> Visibility:
    if config.get("visibility"):
        return Visibility(config["visibility"])
    return Visibility.PUBLIC if item["kind"] in PUBLIC_KINDS else Visibility.PRIVATE


def _threads(item: dict[str, Any]) -> tuple[str, ...]:
    """A help desk's dialogue is one conversation; under a post each author has their own."""
    if not item["thread_id"]:
        return (item["key"],)
    thread = f"{item['source']}:{item['thread_id']}"
    if item["kind"] != "message":
        thread = f"{thread}:{item['author_id'] or item['author_name'] or item['key']}"
    return (item["key"], f"thread:{thread}"[:254])


def _extra(item: dict[str, Any], place: str, *, said: bool) -> dict[str, Any]:
    extra: dict[str, Any] = {"channel_kind": place, "imported": True}
    if not said:
        extra["direction"] = item["direction"]
    if item["agent"]:
        extra["agent"] = item["agent"]
    if item["status"].lower().startswith(CLOSED):
        extra["closed"] = True
    if not said and not item["agent"]:
        extra["agent"] = item["author_name"]
    return extra
