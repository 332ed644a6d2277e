"""What a condition of a rule may ask: fields of the reading, and facts of the conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from otklik.accounts import queries as accounts
from otklik.analysis import queries as analysis
from otklik.analysis import words
from otklik.channels import queries as channels
from otklik.inbox.models import Conversation
from otklik.inbox.templatetags.inbox import channel_name
from otklik.kernel.languages import LANGUAGES

ANY, NONE, LEAST = "any", "none", "least"
OPERATORS: dict[str, Any] = {
    ANY: pgettext_lazy("condition", "is any of"),
    NONE: pgettext_lazy("condition", "is none of"),
    LEAST: pgettext_lazy("condition", "at least"),
}
TEXT_OPERATORS: dict[str, Any] = {
    ANY: pgettext_lazy("condition", "contains any of"),
    NONE: pgettext_lazy("condition", "contains none of"),
}
YES, NO = "yes", "no"
_YES_NO = {YES: _("yes"), NO: _("no")}
Choices = Callable[[int], dict[str, Any]]  # of an organisation


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to ask. `scale`: its values from the least to the greatest; `typed`: values are written by hand.

    `sure`: the reading may abstain on it. `about`: it is asked about something named.
    """

    name: str
    title: Any
    group: str  # reading, conversation
    choices: Choices
    scale: tuple[str, ...] = ()
    typed: bool = False
    sure: bool = False
    about: bool = False

    @property
    def operators(self) -> dict[str, Any]:
        if self.typed:
            return TEXT_OPERATORS
        return OPERATORS if self.scale else {key: OPERATORS[key] for key in (ANY, NONE)}


def _fixed(values: dict[str, Any]) -> Choices:
    return lambda _organisation_id: values


def _accounts(organisation_id: int) -> dict[str, Any]:
    return {str(pk): name for pk, name in channels.accounts(organisation_id).values_list("pk", "name")}


def _channels(organisation_id: int) -> dict[str, Any]:
    """Channels that conversations came through."""
    rows = Conversation.objects.filter(organisation_id=organisation_id).order_by("channel_kind")
    return {kind: channel_name(kind) for kind in rows.values_list("channel_kind", flat=True).distinct()}


def _nothing(_organisation_id: int) -> dict[str, Any]:
    return {}


def _read(name: str, **more: Any) -> Field:
    choices = _causes if name == "cause" else _fixed(CHOICES[name])
    return Field(name, TITLES.get(name) or words.FIELDS[name], "reading", choices, **more)


def _causes(organisation_id: int) -> dict[str, Any]:
    """The organisation's causes under its names; also those that earlier rules may still ask for."""
    return analysis.causes(organisation_id).titles


def _talk(name: str, title: Any, choices: Choices, **more: Any) -> Field:
    return Field(name, title, "conversation", choices, **more)


TITLES: dict[str, Any] = {"object_tone": _("Tone towards")}
CHOICES: dict[str, dict[str, Any]] = {
    **words.VALUES,
    "object_tone": {key: words.VALUES["tone"][key] for key in ("negative", "neutral", "positive")},
}
_SCALES: dict[str, tuple[str, ...]] = {
    "severity": ("1", "2", "3", "4"),
    "complexity": ("1", "2", "3"),
    "impact": ("one", "group", "mass"),
    "urgency": ("1", "2", "3"),
    "priority": ("P4", "P3", "P2", "P1"),
}
READ = (
    "intent", "cause", "tone", "object_tone", "emotions", "severity", "priority", "urgency", "impact",
    "complexity", "safety", "expects_reply", "abuse", "rumour", "signals", "lang",
)  # fmt: skip
NEVER_ABSTAINS = ("priority",)

FIELDS: dict[str, Field] = {
    **{
        name: _read(
            name,
            scale=_SCALES.get(name, ()),
            sure=name not in NEVER_ABSTAINS,
            about=name == "object_tone",
        )
        for name in READ
    },
    "words": _talk("words", _("Words of the text"), _nothing, typed=True),
    "city": _talk("city", _("City named"), _nothing, typed=True),
    "outlet": _talk("outlet", _("Outlet named"), _nothing, typed=True),
    "has_order": _talk("has_order", _("Names an order number"), _fixed(_YES_NO)),
    "account": _talk("account", _("Account"), _accounts),
    "channel": _talk("channel", _("Channel"), _channels),
    "place": _talk(
        "place",
        _("Kind of place"),
        _fixed({"public": pgettext_lazy("place", "Public"), "private": pgettext_lazy("place", "Private")}),
    ),
    "customer_language": _talk("customer_language", _("Language of the customer's card"), _fixed(LANGUAGES)),
    "first": _talk("first", _("First message of the conversation"), _fixed(_YES_NO)),
    "working_hours": _talk("working_hours", _("Written in working hours"), _fixed(_YES_NO)),
}


def values_of(name: str, op: str, values: Sequence[str]) -> frozenset[str]:
    """The values that meet it: "at least 3" of a scale is 3 and everything above."""
    scale = FIELDS[name].scale
    if op == LEAST and values and values[0] in scale:
        return frozenset(scale[scale.index(values[0]) :])
    return frozenset(values)


def outlets(organisation_id: int, limit: int = 500) -> list[str]:
    """Names offered where an outlet is typed."""
    return list(accounts.entries(organisation_id, "outlet").values_list("name", flat=True)[:limit])
