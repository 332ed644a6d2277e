"""A rule in words, and what one version changed in another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from otklik.accounts import queries as accounts
from otklik.inbox.models import Label, RuleVersion
from otklik.inbox.routing.definition import ANY_OF, Condition, Definition, stored
from otklik.inbox.routing.fields import FIELDS, LEAST, NONE


@dataclass
class Names:
    """What the numbers in rules of one organisation are called; read once, when they are needed."""

    organisation_id: int

    def __post_init__(self) -> None:
        self._choices: dict[str, dict[str, Any]] = {}

    def choices(self, field: str) -> dict[str, Any]:
        if field not in self._choices:
            self._choices[field] = FIELDS[field].choices(self.organisation_id)
        return self._choices[field]

    @cached_property
    def labels(self) -> dict[int, Label]:
        return {one.pk: one for one in Label.objects.filter(organisation_id=self.organisation_id)}

    @cached_property
    def teams(self) -> dict[int, str]:
        return dict(accounts.teams(self.organisation_id).values_list("pk", "name"))

    @cached_property
    def people(self) -> dict[int, str]:
        return {one.pk: one.name for one in accounts.everybody(self.organisation_id)}


def conditions(definition: Definition, names: Names) -> list[str]:
    """One line a condition; a group that any of suffices for is one line."""
    lines: list[str] = []
    for group in definition.groups:
        parts = [condition(one, names) for one in group.conditions]
        lines += [_(" or ").join(parts)] if ANY_OF in (group.match, definition.match) else parts
        if definition.match == ANY_OF and group.match != ANY_OF:
            lines[-1] = _(" and ").join(parts)
    return lines


def condition(one: Condition, names: Names) -> str:
    """«Severity: at least 3», «Tone: negative, mixed (also when unsure)»."""
    field = FIELDS[one.field]
    title = f"{field.title} «{one.about}»" if one.about else str(field.title)
    choices = names.choices(one.field)
    values = ", ".join(str(choices.get(value, value)) for value in one.values)
    if one.op == LEAST:
        values = _("at least %(value)s") % {"value": values}
    elif one.op == NONE:
        values = _("not %(values)s") % {"values": values}
    unsure = field.sure and not one.sure
    return f"{title}: {values} ({_('also when unsure')})" if unsure else f"{title}: {values}"


def actions(definition: Definition, names: Names) -> list[str]:
    """One line an action."""
    done = definition.actions
    gone = _("no longer there")
    lines = [
        _("label “%(name)s”") % {"name": names.labels[pk].name if pk in names.labels else gone}
        for pk in done.labels
    ]
    if done.team:
        lines.append(_("team “%(name)s”") % {"name": names.teams.get(done.team, gone)})
    if done.person:
        lines.append(_("owner %(name)s") % {"name": names.people.get(done.person, gone)})
    if done.note:
        lines.append(_("note: %(text)s") % {"text": done.note})
    if done.stop:
        lines.append(_("the rules below are not asked"))
    return lines


@dataclass(frozen=True, slots=True)
class Changed:
    """One line that came, went, or became another."""

    sign: str  # + or −
    text: str


def difference(before: RuleVersion | None, after: RuleVersion, names: Names) -> list[Changed]:
    """What a version changed in the one before it; all of it when it is the first."""
    was = _lines(before, names) if before else []
    now = _lines(after, names)
    return [Changed("−", line) for line in was if line not in now] + [
        Changed("+", line) for line in now if line not in was
    ]


def _lines(version: RuleVersion, names: Names) -> list[str]:
    definition = stored(version.definition)
    joined = _("one group is enough") if definition.match == ANY_OF and len(definition.groups) > 1 else ""
    return [
        _("name: %(name)s") % {"name": version.name},
        *conditions(definition, names),
        *([joined] if joined else []),
        *(f"→ {line}" for line in actions(definition, names)),
    ]
