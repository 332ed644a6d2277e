"""The data of an audit entry in words: names of fields, people and teams instead of keys and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from otklik.accounts import queries as accounts
from otklik.accounts.models.staff import Role
from otklik.analysis import opinion_words
from otklik.analysis import words as readings
from otklik.analysis.opinion_models import OpinionEndpoint
from otklik.audit.models import Entry
from otklik.inbox.models import ConversationState
from otklik.inbox.services.wishes import reason_words
from otklik.inbox.templatetags.inbox import channel_name, when
from otklik.kernel.languages import LANGUAGES

# names of data and of fields; an unknown one stands as it is, nothing is hidden
KEYS: dict[str, str | Promise] = {
    "address": _("address"),
    "address_form": _("form of address"),
    "after": _("now"),
    "arrived": pgettext_lazy("answer", "arrived"),
    "before": pgettext_lazy("value", "before"),
    "category": _("category"),
    "channel": _("channel"),
    "city": _("city"),
    "contact_days": _("days to contact"),
    "contact_from": _("contact from"),
    "contact_since": _("hours to contact"),
    "contact_time": _("time to contact"),
    "contact_until": _("hours to contact"),
    "created": pgettext_lazy("number of", "added"),
    "delivery": _("delivery"),
    "delivery_id": _("delivery"),
    "do_not_call": _("asked not to be called"),
    "deviation": _("otherwise than asked"),
    "do_not_call_reason": _("reason not to call"),
    "do_not_contact": _("asked not to be written to"),
    "do_not_contact_reason": _("reason not to write"),
    "due_at": _("for"),
    "duplicates": pgettext_lazy("number of", "already known"),
    "email": _("mail"),
    "errors": pgettext_lazy("number of", "not taken"),
    "every": _("after so many texts"),
    "external_id": _("address in the channel"),
    "field": _("field"),
    "fields": _("fields"),
    "file": _("file"),
    "handling_notes": _("handling notes"),
    "held": _("texts judged on"),
    "hours": _("hours"),
    "ip": _("network address"),
    "key": _("key"),
    "label": _("label"),
    "label_id": _("number of the label"),
    "labels": _("labels"),
    "rule": _("rule"),
    "rules": _("rules"),
    "version": _("version"),
    "active": _("switched on"),
    "off": _("switched off"),
    "into": _("into"),
    "preset": _("industry"),
    "back_to": _("as in version"),
    "days": _("days"),
    "language": _("language"),
    "learnt": _("texts learnt from"),
    "manager_id": _("manager"),
    "members": _("members"),
    "merge_id": _("number of the merge"),
    "merged_id": _("the other card"),
    "message_id": _("message"),
    "message_ids": _("messages"),
    "name": pgettext_lazy("of an object", "name"),
    "new_customer_id": _("new card"),
    "note": _("note"),
    "number": _("how many"),
    "other": _("the other one"),
    "other_id": _("the other card"),
    "phone": _("phone"),
    "planned": pgettext_lazy("number of", "planned"),
    "preferred_channel": _("preferred channel"),
    "price": _("price"),
    "role_title": _("position"),
    "roles": _("roles"),
    "roles_before": _("roles before"),
    "round_robin": _("given out by turn"),
    "rows": _("rows"),
    "scopes": _("rights of the key"),
    "send_at": _("to be sent"),
    "signature": _("signature"),
    "since": pgettext_lazy("period", "from"),
    "speaks": _("languages for answering"),
    "spellings": _("spellings"),
    "split_from": _("split from the card"),
    "state": _("state"),
    "subject": _("subject"),
    "team_id": _("team"),
    "teams": _("teams"),
    "text": _("text"),
    "time_zone": _("time zone"),
    "title": _("title"),
    "topic": _("work"),
    "topics": _("events"),
    "unchanged": pgettext_lazy("number of", "unchanged"),
    "until": pgettext_lazy("period", "until"),
    "updated": pgettext_lazy("number of", "changed"),
    "url": _("address"),
    "user_id": _("owner"),
    "visibility": _("seen by"),
    "why": _("reason"),
    "now": _("now"),
    "total": _("number of texts"),
    "used": _("put to use"),
    "was": _("was"),
    "model": _("model"),
    "which": _("which texts"),
    "key_changed": _("new key"),
    "ok": _("the connection works"),
    "trouble": _("what was wrong"),
    "day_requests": _("questions a day"),
    "day_tokens": _("tokens a day"),
    "month_requests": _("questions a month"),
    "month_tokens": _("tokens a month"),
}
KEYS.update(
    {name: word for name, word in readings.FIELDS.items() if name not in KEYS}
)  # as `fields` names them
PEOPLE = {"user_id", "assignee_id", "members"}
TEAMS = {"team_id", "teams", "team_ids"}
FIELDS = {"fields"}
NUMBERS = {"message_id", "message_ids", "merged_id", "other_id", "new_customer_id", "split_from", "other"}
CHANNELS = {"channel", "preferred_channel"}
VALUES: dict[str, dict[Any, str | Promise]] = {
    "visibility": {
        "public": _("everybody"),
        "private": _("the customer only"),
        "internal": _("colleagues only"),
    },
    "arrived": {"yes": _("yes"), "no": _("no")},
    "why": {
        "failing": _("no answer for five days"),
        "gone": _("the address asked for it"),
        "speaks": _("answers in the customer's language"),
        "nobody_speaks": _("nobody free answers in the customer's language"),
    },
    "which": dict(OpinionEndpoint.Which.choices),
    "trouble": opinion_words.PLAIN,
    "deviation": {
        "contact": _("asked not to be written to"),
        "channel": _("another channel"),
        "language": _("another language"),
        "hours": _("outside the best hours"),
    },
    "language": LANGUAGES,
    "speaks": LANGUAGES,
}
SHOWN = 200  # characters of one value that fit into a row
EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass
class Words:
    """Words for the entries of one organisation; people and teams are read once, when they are needed."""

    organisation_id: int

    @cached_property
    def people(self) -> dict[int, str]:
        return {one.pk: one.name for one in accounts.everybody(self.organisation_id)}

    @cached_property
    def teams(self) -> dict[int, str]:
        return {one.pk: one.name for one in accounts.teams(self.organisation_id)}

    def details(self, entry: Entry) -> str:
        """Reason and data, short."""
        parts = [_now("reason: %(reason)s") % {"reason": reason_words(entry.reason)}] if entry.reason else []
        data = dict(entry.data)
        before, after = data.get("before"), data.get("after")
        if isinstance(before, dict) and isinstance(after, dict):
            del data["before"], data["after"]
            parts += self._changes(before, after)
        parts += [
            f"{name_of(key)}: {self.value(key, value)}"
            for key, value in _in_order(data)
            if value not in EMPTY
        ]
        return " · ".join(parts)

    def _changes(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        words = []
        for key, _value in _in_order({**before, **after}):
            was, now = (
                self.value(key, one) if one not in EMPTY else "–" for one in (before.get(key), after.get(key))
            )
            words.append(f"{name_of(key)}: {was} → {now}")
        return words

    def value(self, key: str, value: Any) -> str:
        """One value; what has no words stands as it is."""
        if isinstance(value, list):
            return _short(", ".join(self.value(key, one) for one in value))
        if isinstance(value, dict):
            return _short(
                ", ".join(f"{name_of(name)}: {self.value(name, one)}" for name, one in _in_order(value))
            )
        if isinstance(value, bool):
            return str(_("yes") if value else _("no"))
        if isinstance(value, int):
            return self._number(key, value)
        return _short(self._text(key, str(value)))

    def _number(self, key: str, value: int) -> str:
        if key in PEOPLE:
            return self.people.get(value, f"№{value}")
        if key in TEAMS:
            return self.teams.get(value, f"№{value}")
        return f"№{value}" if key in NUMBERS else str(value)

    def _text(self, key: str, value: str) -> str:
        if key in VALUES:
            return str(VALUES[key].get(value, value))
        if key in FIELDS:
            return name_of(value)
        if key in CHANNELS:
            return str(channel_name(value))
        if key in ("roles", "roles_before"):
            return str(dict(Role.choices).get(value, value))
        if key == "before":
            return str(dict(ConversationState.choices).get(value, value)).lower()
        return _moment(value)


def _in_order(data: dict[str, Any]) -> list[tuple[str, Any]]:
    """By name: PostgreSQL does not keep the order of what is stored."""
    return sorted(data.items())


def name_of(key: str) -> str:
    return str(KEYS.get(key, key))


def _moment(value: str) -> str:
    """A stored moment as people read it; any other text as it is."""
    if value[4:5] != "-" or value[10:11] != "T":
        return value
    try:
        moment = parse_datetime(value)
    except ValueError:
        return value
    return when(moment) if moment is not None and moment.tzinfo is not None else value


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
