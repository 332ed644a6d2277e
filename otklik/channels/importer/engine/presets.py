"""Exports we know by their headers. Pure data; `docs/import.md` says for each where the knowledge is from.

A preset only names columns; whatever it leaves open is filled from the general synonyms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from otklik.channels.importer.engine.fields import FIELDS, normalise


@dataclass(frozen=True)
class Preset:
    """`signs`: any of these sets of headers, wholly present, recognises the export."""

    name: str
    signs: tuple[frozenset[str], ...]
    columns: dict[str, tuple[str, ...]]
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()  # headers that synonyms would misread in this export
    tags_after: str = ""  # every column behind this one is a tag


def _signs(*groups: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(normalise(name) for name in group.split("|")) for group in groups)


YOUSCAN = Preset(
    "youscan",
    _signs(
        "publicationPlace|sentiment|postType",
        "fullText|sentiment|source",
        "author.nickname|sentiment|published",
        "publication place|sentiment|post type",
        "место публикации|тональность|тип поста",
    ),
    {
        "external_id": ("id", "seq"),
        "date": ("published", "date", "дата"),
        "time": ("time", "время"),
        "text": ("fullText", "text", "full text", "текст"),
        "title": ("title", "заголовок"),
        "url": ("url", "ссылка"),
        "author_name": ("author.name", "author", "автор"),
        "author_id": ("author.nickname", "nickname", "ник"),
        "author_url": ("author.url", "profile", "профиль"),
        "followers": ("author.subscribers", "subscribers", "подписчики"),
        "source": ("source", "источник"),
        "outlet": ("publicationPlace", "publication place", "место публикации"),
        "tone": ("sentiment", "тональность"),
        "kind": ("postType", "post type", "тип поста"),
        "parent_id": ("parentPostId",),
        "thread_id": ("discussionId",),
        "rating": ("rating",),
        "tags": ("tags", "теги"),
    },
    {"kind": "mention"},
)
BRAND_ANALYTICS = Preset(
    "brandanalytics",
    _signs(
        "id сообщения|дата|текст|тип источника|тональность|дублей",
        "тип сообщения|место публикации|роль объекта|вовлеченность",
    ),
    {
        "external_id": ("id сообщения",),
        "date": ("дата",),
        "title": ("заголовок",),
        "text": ("текст",),
        "source": ("источник",),
        "url": ("url",),
        "kind": ("тип сообщения",),
        "author_name": ("автор",),
        "author_url": ("url автора",),
        "outlet": ("место публикации",),
        "reach": ("просмотров",),
        "followers": ("аудитория",),
        "rating": ("оценка",),
        "tone": ("тональность",),
        "city": ("город",),
        "language": ("язык",),
    },
    {"kind": "mention"},
    ignore=frozenset(("адрес", "обработано", "место", "регион", "тип автора", "дублей")),
    tags_after="обработано",
)
CHATWOOT = Preset(
    "chatwoot",
    _signs("content|message_type|conversation_id"),
    {
        "external_id": ("id",),
        "thread_id": ("conversation_id",),
        "text": ("content",),
        "date": ("created_at",),
        "direction": ("message_type",),
        "author_name": ("sender.name", "sender_name"),
        "author_id": ("sender.id", "sender_id"),
        "email": ("sender.email",),
        "phone": ("sender.phone_number",),
        "source": ("inbox.name", "inbox_id"),
        "status": ("status",),
    },
    {"kind": "message"},
    # The enum of its table messages: 0 incoming, 1 outgoing, 2 activity, 3 template.
    {"direction": {"0": "in", "1": "out", "2": "system", "3": "out"}},
)
ZENDESK = Preset(
    "zendesk",
    _signs(
        "subject|description|requester_id",
        "subject|requester|requested|id",
        "subject|requester|id|ticket form",
    ),
    {
        "external_id": ("id",),
        "thread_id": ("id",),
        "title": ("subject", "raw_subject"),
        "text": ("description", "comment", "latest comment"),
        "date": ("created_at", "requested", "created"),
        "author_name": ("requester", "requester.name"),
        "author_id": ("requester_id",),
        "email": ("requester.email", "requester email"),
        "source": ("via.channel", "via", "channel"),
        "agent": ("assignee", "assignee_id"),
        "status": ("status",),
        "tags": ("tags",),
    },
    {"kind": "message", "direction": "in"},
    ignore=frozenset(
        ("url", "satisfaction rating.score", "type", "external id")
    ),  # url is the API's, not a page
)
GENERIC = Preset(
    "generic",
    (frozenset(("text", "author name", "date")), frozenset(("text", "external id", "kind"))),
    {name: (name,) for name in FIELDS},
)
PRESETS = {preset.name: preset for preset in (GENERIC, YOUSCAN, BRAND_ANALYTICS, CHATWOOT, ZENDESK)}


def recognise(headers: Iterable[str]) -> Preset | None:
    """The preset one of whose signs stands wholly in the headers; the longest sign wins."""
    present = {normalise(header) for header in headers}
    found = [
        (len(sign), preset.name) for preset in PRESETS.values() for sign in preset.signs if sign <= present
    ]
    return PRESETS[max(found)[1]] if found else None
