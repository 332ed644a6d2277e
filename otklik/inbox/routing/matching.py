"""Does a message meet a rule? In memory, on its facts; `narrowing.py` says the same as SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from otklik.accounts import queries as accounts
from otklik.analysis import queries as analysis
from otklik.inbox.routing.definition import ANY_OF, Condition, Definition, Group
from otklik.inbox.routing.facts import Facts
from otklik.inbox.routing.fields import FIELDS, NONE, values_of
from otklik.kernel import textindex


def meets(definition: Definition, facts: Facts) -> bool:
    """Whether a message meets the groups of a rule."""
    return _joined(definition.match)(_group(group, facts) for group in definition.groups)


def _group(group: Group, facts: Facts) -> bool:
    return _joined(group.match)(_holds(one, facts) for one in group.conditions)


def _joined(match: str) -> Callable[[Iterable[bool]], bool]:
    return any if match == ANY_OF else all


def _holds(one: Condition, facts: Facts) -> bool:
    if one.sure and FIELDS[one.field].sure and analysis.fits(facts.reading, unsure=(one.field,)):
        return False
    return _found(one, facts) != (one.op == NONE)


def _found(one: Condition, facts: Facts) -> bool:
    values = values_of(one.field, one.op, one.values)
    if one.field == "words":
        return any(facts.words.issuperset(textindex.tokens(value)) for value in values)
    if FIELDS[one.field].typed:
        return not facts.named(one.field).isdisjoint(accounts.fold(value) for value in values)
    if one.field == "object_tone":
        return not facts.tones(one.about).isdisjoint(values)
    if FIELDS[one.field].group == "conversation":
        return facts.of_talk(one.field) in values
    wanted: dict[str, Any] = {one.field: sorted(values)}
    return analysis.fits(facts.reading, **wanted)
