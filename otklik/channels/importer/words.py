"""Fields of an import in the words of the interface."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

FIELD_NAMES: dict[str, Any] = {
    "text": _("Text"),
    "pros": _("Pros"),
    "cons": _("Cons"),
    "title": _("Title"),
    "url": _("Link to the text"),
    "author_name": _("Author"),
    "author_id": _("Author's id or nickname"),
    "author_url": _("Author's page"),
    "email": _("Author's mail"),
    "phone": _("Author's phone"),
    "date": _("Date"),
    "time": _("Time"),
    "source": _("Site or network"),
    "outlet": _("Place of publication"),
    "kind": _("Kind of text"),
    "rating": _("Rating"),
    "tone": _("Tone"),
    "reach": _("Reach"),
    "followers": _("Followers"),
    "external_id": _("Id of the text"),
    "parent_id": _("Answers to (id)"),
    "thread_id": _("Conversation (id)"),
    "product": _("Product"),
    "order_number": _("Order number"),
    "city": _("City"),
    "language": _("Language"),
    "tags": _("Tags"),
    "direction": _("Who writes: customer or we"),
    "agent": _("Our employee"),
    "status": _("State of the request"),
}
KIND_NAMES = {
    "review": _("Reviews"),
    "message": _("Messages to us"),
    "comment": _("Comments"),
    "mention": _("Mentions"),
}
PRESET_NAMES = {
    "generic": _("Otklik's own field names"),
    "youscan": "YouScan",
    "brandanalytics": "Brand Analytics",
    "chatwoot": "Chatwoot",
    "zendesk": "Zendesk",
}
TABLE_NAMES = {
    "csv": "CSV",
    "tsv": "TSV",
    "xlsx": "XLSX",
    "xls": "XLS",
    "jsonl": "JSON lines",
    "json": "JSON",
    "text": _("plain text, one item"),
}
DELIMITERS = {";": "«;»", ",": "«,»", "\t": _("tab"), "|": "«|»"}
ENCODINGS = ("utf-8", "utf-8-sig", "cp1251", "koi8-r", "cp866", "utf-16")
ORDERS = {"dmy": _("day, month, year"), "mdy": _("month, day, year")}
ZONES = (
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
    "Asia/Almaty",
    "UTC",
)
