"""The editor of a rule as a form: what was posted becomes a draft, and one step changes it without a page.

Fields: `g` groups, `c-G` conditions of a group, then `field-G-C`, `op-G-C`, `value-G-C`, `about-G-C`, `sure-G-C`. `do`
is the step: `add:G`, `drop:G:C`, `group`, or empty when only a choice changed what is asked next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from otklik.inbox.forms import ids_of, whole
from otklik.inbox.routing.definition import (
    ALL,
    ANY_OF,
    MOST_CONDITIONS,
    Actions,
    Condition,
    Definition,
    Group,
)
from otklik.inbox.routing.fields import ANY, FIELDS, LEAST
from otklik.inbox.routing.sentences import Names

FIRST = "intent"  # of a new condition: what people ask most
_SEPARATOR = re.compile(r"[,;\n]+")


@dataclass
class Asked:
    """One condition in the form."""

    place: str  # "0-1"
    condition: Condition
    choices: dict[str, Any]
    fresh: bool = False  # the cursor goes here

    @property
    def field(self) -> Any:
        return FIELDS[self.condition.field]

    @property
    def number(self) -> str:
        """Its place in its group."""
        return self.place.partition("-")[2]

    @property
    def single(self) -> bool:
        return self.condition.op == LEAST

    @property
    def typed(self) -> str:
        return ", ".join(self.condition.values)


@dataclass
class Part:
    """A group in the form."""

    place: str
    match: str
    asked: list[Asked] = field(default_factory=list)


@dataclass
class Draft:
    """What stands in the form now."""

    name: str
    active: bool
    number: int
    match: str
    parts: list[Part]
    actions: Actions
    titles: dict[str, Any] = field(default_factory=lambda: {"reading": [], "conversation": []})

    def __post_init__(self) -> None:
        for one in FIELDS.values():
            self.titles[one.group].append((one.name, one.title))

    @property
    def full(self) -> bool:
        return sum(len(part.asked) for part in self.parts) >= MOST_CONDITIONS

    def definition(self) -> Definition:
        groups = tuple(Group(tuple(one.condition for one in part.asked), part.match) for part in self.parts)
        return Definition(groups, self.match, self.actions)


def draft_of(
    definition: Definition, names: Names, *, name: str = "", number: int = 0, active: bool = True
) -> Draft:
    """The form of a rule that is there, or of an example."""
    parts = [
        Part(str(g), group.match, [_asked(f"{g}-{c}", one, names) for c, one in enumerate(group.conditions)])
        for g, group in enumerate(definition.groups)
    ]
    return Draft(name, active, number, definition.match, parts, definition.actions)


def empty(names: Names) -> Draft:
    """The form of a new rule: one condition waits for its value."""
    return draft_of(Definition((Group((Condition(FIRST),)),)), names)


def posted(data: QueryDict, names: Names) -> Draft:
    """What stands in the form, after the step that was asked for. Nonsense is left out, never an error."""
    parts = []
    for g in data.getlist("g")[:MOST_CONDITIONS]:
        conditions = [
            _asked(f"{g}-{c}", _condition(data, f"{g}-{c}"), names)
            for c in data.getlist(f"c-{g}")[:MOST_CONDITIONS]
        ]
        parts.append(Part(g, _match(data.get(f"match-{g}", "")), conditions))
    draft = Draft(
        data.get("name", ""),
        bool(data.get("active")),
        whole(data.get("number", "")),
        _match(data.get("match", "")),
        parts,
        _actions(data),
    )
    _step(draft, data.get("do", ""), names)
    return draft


def _match(value: str) -> str:
    return ANY_OF if value == ANY_OF else ALL


def _condition(data: QueryDict, place: str) -> Condition:
    name = data.get(f"field-{place}", FIRST)
    asked = FIELDS.get(name) or FIELDS[FIRST]
    op = data.get(f"op-{place}", ANY)
    values = tuple(data.getlist(f"value-{place}"))
    if asked.typed:
        values = tuple(part.strip() for value in values for part in _SEPARATOR.split(value) if part.strip())
    sure = bool(data.get(f"sure-{place}")) or data.get(f"was-{place}") != name
    return Condition(
        asked.name, op if op in asked.operators else ANY, values, sure, data.get(f"about-{place}", "")
    )


def _asked(place: str, one: Condition, names: Names) -> Asked:
    choices = names.choices(one.field)
    kept = one.values if FIELDS[one.field].typed else tuple(value for value in one.values if value in choices)
    kept = kept[:1] if one.op == LEAST else kept
    return Asked(place, Condition(one.field, one.op, kept, one.sure, one.about), choices)


def _actions(data: QueryDict) -> Actions:
    return Actions(
        tuple(ids_of(data.getlist("label"))),
        whole(data.get("team", "")) or None,
        whole(data.get("person", "")) or None,
        data.get("note", ""),
        bool(data.get("stop")),
    )


def _step(draft: Draft, do: str, names: Names) -> None:
    verb, _colon, place = do.partition(":")
    if verb == "group" and not draft.full:
        g = _next(part.place for part in draft.parts)
        draft.parts.append(Part(g, ALL, [_fresh(f"{g}-0", names)]))
    if verb == "add" and not draft.full:
        for part in draft.parts:
            if part.place == place:
                c = _next(one.place.partition("-")[2] for one in part.asked)
                part.asked.append(_fresh(f"{part.place}-{c}", names))
    if verb == "drop":
        for part in draft.parts:
            part.asked = [one for one in part.asked if one.place != place]
        draft.parts = [part for part in draft.parts if part.asked] or empty(names).parts


def _fresh(place: str, names: Names) -> Asked:
    one = _asked(place, Condition(FIRST), names)
    one.fresh = True
    return one


def _next(places: Any) -> str:
    return str(max((whole(place) for place in places), default=-1) + 1)
