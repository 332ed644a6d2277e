"""The conditions of a rule as SQL on messages, for history.

What the database does not know (tone towards a name, places named, working hours) is left open: the rows found then
hold all that meet the rule, and `matching.meets` decides. Every condition costs one look into an index for a row, so
the caller gives a bounded window of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q

from otklik.analysis import queries as analysis
from otklik.inbox.models import Direction, Message
from otklik.inbox.routing.definition import ANY_OF, Condition, Definition
from otklik.inbox.routing.fields import FIELDS, NONE, YES, values_of
from otklik.inbox.subjects import KIND
from otklik.kernel import textindex

OPEN = ("object_tone", "city", "outlet", "has_order", "working_hours")  # only known in memory
COLUMNS = {
    "account": "account_id",
    "channel": "conversation__channel_kind",
    "place": "visibility",
    "customer_language": "conversation__customer__language",
}


def condition(definition: Definition) -> Q:
    """Holds for every message with a reading that meets the rule; for no other when `is_exact`."""
    return (
        _all_or_any(
            (
                _all_or_any((_leaf(one) for one in group.conditions), group.match)
                for group in definition.groups
            ),
            definition.match,
        )
        or Q()
    )


def is_exact(definition: Definition) -> bool:
    """Whether SQL alone decides."""
    return all(one.field not in OPEN for one in definition.conditions)


def _all_or_any(parts: Iterable[Q | None], match: str) -> Q | None:
    """None: open, which swallows an "any" and is left out of an "all"."""
    found = list(parts)
    if match == ANY_OF:
        if any(part is None for part in found):
            return None
        joined = Q()
        for part in found:
            joined |= part or Q()
        return joined
    known = [part for part in found if part is not None]
    joined = Q()
    for part in known:
        joined &= part
    return joined if known else None


def _leaf(one: Condition) -> Q | None:
    if one.field in OPEN:
        return None
    found = _found(one)
    if one.op == NONE:
        found = ~found
    if one.sure and FIELDS[one.field].sure:
        found &= ~Q(analysis.has(KIND, "pk", unsure=(one.field,)))
    return found


def _found(one: Condition) -> Q:
    values = sorted(values_of(one.field, one.op, one.values))
    if one.field == "words":
        joined = Q()
        for value in values:
            joined |= Q(textindex.holds(KIND, "pk", value))
        return joined
    if one.field == "first":
        earlier = Message.objects.filter(
            conversation=OuterRef("conversation"), direction=Direction.IN, pk__lt=OuterRef("pk")
        )
        kinds = [~Q(Exists(earlier)) if value == YES else Q(Exists(earlier)) for value in values]
        return kinds[0] if len(kinds) == 1 else Q(pk__isnull=False)
    if one.field in COLUMNS:
        return Q(**{f"{COLUMNS[one.field]}__in": values})
    wanted: dict[str, Any] = {one.field: values}
    return Q(analysis.has(KIND, "pk", **wanted))
