"""The list in the order of a field that was read: label by label, of one label the newest first, without any last.

No index serves fifteen such orders. A short list is sorted here; a long one is walked label by label, and its first
labels mostly fill the page.
"""

from __future__ import annotations

from django.db.models import QuerySet

from otklik.analysis import queries as analysis
from otklik.analysis.marks import mark
from otklik.inbox import meanings, orders
from otklik.inbox.models import Conversation, ConversationMark
from otklik.inbox.places import Place

Ladder = list[tuple[str, ...]]  # for each label the marks that stand for it


def page(
    rows: QuerySet[Conversation], organisation_id: int, field: str, at: Place | None, size: int
) -> list[tuple[Conversation, int]]:
    """The next `size` of `rows` behind the place `at`, each with the number of its label, for the place of the last.

    A place holds though its row has changed or gone meanwhile.
    """
    ladder = _ladder(organisation_id, field)
    keys = list(rows.order_by().values_list("last_message_at", "pk")[: meanings.FEW + 1])
    if len(keys) > meanings.FEW:
        return _walked(rows, organisation_id, ladder, at, size)
    steps = _steps([pk for _moment, pk in keys], ladder)
    places = [Place(*key, steps.get(key[1], len(ladder))) for key in keys]
    places.sort(key=_down)
    if at is not None:
        places = [one for one in places if _down(one) > _down(at)]
    shown = rows.in_bulk([one.pk for one in places[:size]])
    return [(shown[one.pk], one.step) for one in places[:size] if one.pk in shown]


def _down(one: Place) -> tuple[int, float, int]:
    """What the list is sorted by."""
    return one.step, -one.micros, -one.pk


def _ladder(organisation_id: int, field: str) -> Ladder:
    if field != "cause":
        return [(mark(field, label),) for label in orders.LADDERS[field]]
    known = analysis.causes(organisation_id)
    live = [one.key for one in known.every if not one.into]
    return [tuple(mark(field, key) for key in known.former(one)) for one in (*live, "")]


def _steps(ids: list[int], ladder: Ladder) -> dict[int, int]:
    """Of each conversation the first step one of whose marks it has."""
    numbers = {one: step for step, group in enumerate(ladder) for one in group}
    found: dict[int, int] = {}
    rows = ConversationMark.objects.filter(conversation_id__in=ids, mark__in=numbers)
    for pk, one in rows.values_list("conversation_id", "mark"):
        found[pk] = min(numbers[one], found.get(pk, len(ladder)))
    return found


def _walked(
    rows: QuerySet[Conversation], organisation_id: int, ladder: Ladder, at: Place | None, size: int
) -> list[tuple[Conversation, int]]:
    rows = rows.order_by(*orders.of("newest"))
    found: list[tuple[Conversation, int]] = []
    for step in range(at.step if at else 0, len(ladder) + 1):
        above = tuple(one for group in ladder[:step] for one in group)
        part = rows.exclude(meanings.one_of(above)) if above else rows
        if step < len(ladder):
            part = meanings.of_group(part, organisation_id, ladder[step])
        if at is not None and step == at.step:
            part = part.filter(orders.behind("newest", at.moment, at.pk))
        found += [(row, step) for row in part[: size - len(found)]]
        if len(found) == size:
            break
    return found
