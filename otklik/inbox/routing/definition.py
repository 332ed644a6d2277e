"""What a rule says: groups of conditions, and what is done when they are met. Kept as JSON, never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from otklik.accounts import queries as accounts
from otklik.inbox import queries
from otklik.inbox.routing.fields import FIELDS, LEAST
from otklik.kernel import textindex
from otklik.kernel.errors import Invalid, NotFound

ALL, ANY_OF = "all", "any"
MOST_CONDITIONS, MOST_VALUES, MOST_LABELS = 20, 50, 10
LONGEST_VALUE, LONGEST_NOTE = 100, 2000


@dataclass(frozen=True, slots=True)
class Condition:
    """`sure`: only when the reading did not abstain on the field. `about`: the name the tone is towards; "" any."""

    field: str
    op: str = "any"
    values: tuple[str, ...] = ()
    sure: bool = True
    about: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all, or any, must hold."""

    conditions: tuple[Condition, ...]
    match: str = ALL


@dataclass(frozen=True, slots=True)
class Actions:
    """What is done. Nothing here can reach a customer."""

    labels: tuple[int, ...] = ()
    team: int | None = None
    person: int | None = None
    note: str = ""
    stop: bool = False  # rules further down are not asked

    @property
    def any(self) -> bool:
        return bool(self.labels or self.team or self.person or self.note or self.stop)


@dataclass(frozen=True, slots=True)
class Definition:
    groups: tuple[Group, ...] = ()
    match: str = ALL  # of the groups
    actions: Actions = Actions()

    @property
    def conditions(self) -> list[Condition]:
        return [one for group in self.groups for one in group.conditions]

    def json(self) -> dict[str, Any]:
        """As it is stored, comes back from the database, and is given over the API."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return found


def stored(data: Mapping[str, Any]) -> Definition:
    """What `Definition.json` wrote; unknown fields of a later version are left out."""
    groups = tuple(
        Group(
            tuple(
                Condition(
                    one["field"],
                    one["op"],
                    tuple(str(value) for value in one["values"]),
                    bool(one.get("sure", True)),
                    str(one.get("about", "")),
                )
                for one in group["conditions"]
                if one["field"] in FIELDS
            ),
            group["match"],
        )
        for group in data.get("groups", ())
    )
    done = data.get("actions", {})
    actions = Actions(
        tuple(done.get("labels", ())),
        done.get("team"),
        done.get("person"),
        str(done.get("note", "")),
        bool(done.get("stop", False)),
    )
    return Definition(groups, data.get("match", ALL), actions)


def checked(definition: Definition, organisation_id: int, *, draft: bool = False) -> Definition:
    """The definition as it may be kept: without empty groups and repeats. Raises Invalid with what is missing.

    `draft`: for a dry run, which needs no action yet.
    """
    groups = tuple(
        Group(tuple(_condition(one, organisation_id) for one in group.conditions), _match(group.match))
        for group in definition.groups
        if group.conditions
    )
    found = Definition(groups, _match(definition.match), _actions(definition.actions, organisation_id))
    number = len(found.conditions)
    if not number:
        raise Invalid(_("Say when the rule holds: at least one condition."), field="conditions")
    if number > MOST_CONDITIONS:
        raise Invalid(
            _("A rule has at most %(limit)s conditions. Make two rules of it."),
            field="conditions",
            limit=MOST_CONDITIONS,
        )
    if not draft and not found.actions.any:
        raise Invalid(_("Say what the rule does: a label, a team, a person or a note."), field="actions")
    return found


def _match(match: str) -> str:
    if match not in (ALL, ANY_OF):
        raise Invalid(_("Groups are joined by “all” or “any”."), field="conditions")
    return match


def _condition(one: Condition, organisation_id: int) -> Condition:
    field = FIELDS.get(one.field)
    if field is None:
        raise Invalid(_("There is no field “%(value)s”."), field="conditions", value=one.field)
    if one.op not in field.operators:
        raise Invalid(_("“%(title)s” cannot be asked this way."), field="conditions", title=str(field.title))
    values = tuple(dict.fromkeys(" ".join(value.split()) for value in one.values if value.strip()))
    if one.field == "cause" and "" in one.values:
        values = ("", *values)  # "no cause" is a value of its own
    if not values:
        raise Invalid(
            _("“%(title)s”: choose at least one value."), field="conditions", title=str(field.title)
        )
    if len(values) > MOST_VALUES or any(len(value) > LONGEST_VALUE for value in values):
        raise Invalid(
            _("“%(title)s”: at most %(limit)s values of %(length)s characters each."),
            field="conditions",
            limit=MOST_VALUES,
            length=LONGEST_VALUE,
            title=str(field.title),
        )
    if field.typed:
        _check_typed(one.field, values)
    else:
        _check_chosen(field.title, values, field.choices(organisation_id))
    values = values[:1] if one.op == LEAST else values
    about = " ".join(one.about.split())[:LONGEST_VALUE] if field.about else ""
    return Condition(one.field, one.op, values, one.sure and field.sure, about)


def _check_typed(name: str, values: Iterable[str]) -> None:
    for value in values:
        if name == "words" and not textindex.tokens(value):
            raise Invalid(_("“%(value)s” holds no word."), field="conditions", value=value)


def _check_chosen(title: Any, values: Iterable[str], choices: Mapping[str, Any]) -> None:
    for value in values:
        if value not in choices:
            raise Invalid(
                _("“%(title)s” has no value “%(value)s”."), field="conditions", value=value, title=str(title)
            )


def _actions(given: Actions, organisation_id: int) -> Actions:
    """Only what there is in this organisation. Raises Invalid."""
    if len(given.labels) > MOST_LABELS or len(given.note) > LONGEST_NOTE:
        raise Invalid(
            _("At most %(limit)s labels, and %(length)s characters of a note."),
            field="actions",
            limit=MOST_LABELS,
            length=LONGEST_NOTE,
        )
    labels = tuple(dict.fromkeys(given.labels))
    known = set(queries.labels(organisation_id).filter(pk__in=labels).values_list("pk", flat=True))
    try:
        if given.team is not None:
            accounts.team(organisation_id, given.team)
        if given.person is not None:
            accounts.user(organisation_id, given.person)
    except NotFound as error:
        raise Invalid(
            _("The team or person is not there any more. Choose another one."), field="actions"
        ) from error
    if known != set(labels):
        raise Invalid(_("A label is not there any more. Choose another one."), field="actions")
    return Actions(labels, given.team, given.person, given.note.strip(), given.stop)
