"""The list narrowed by what was read in each conversation's newest message of the customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from otklik.analysis import marks
from otklik.analysis import queries as analysis
from otklik.inbox.models import Conversation, ConversationMark

FEW = 1_000  # conversations that are rather looked up by number than met on the way down the list
NOBODY_ASKS = {
    "abuse": "abuse:none",
    "rumour": "rumour:none",
    "safety": "safety:no",
}  # stands for "no other mark"

# field of the inbox's Filters → field of a reading
READINGS = {
    "priorities": "priority",
    "intents": "intent",
    "causes": "cause",
    "tones": "tone",
    "emotions": "emotions",
    "severities": "severity",
    "urgencies": "urgency",
    "complexities": "complexity",
    "impacts": "impact",
    "safety": "safety",
    "replies": "expects_reply",
    "signals": "signals",
    "abuses": "abuse",
    "rumours": "rumour",
    "langs": "lang",
    "doubts": "unsure",
}


def narrowed(
    rows: QuerySet[Conversation], organisation_id: int, wanted: Mapping[str, Any], *, sure: bool = False
) -> QuerySet[Conversation]:
    """Conversations whose reading satisfies every condition; `wanted` as in `analysis.queries.has`.

    Two plans, since no index serves a rare label and a frequent one alike. A rare label gives its conversations by
    number; without one the list is walked in its order, each row with one look into the marks, and soon full.
    """
    if wanted.get("cause"):
        wanted = {**wanted, "cause": _former(organisation_id, wanted["cause"])}
    rare: list[int] | None = None
    for group in marks.groups(wanted):
        rows = rows.filter(_stands(group))
        if any(one in NOBODY_ASKS.values() for one in group):
            continue
        found = _few(organisation_id, group)
        if found is not None and (rare is None or len(found) < len(rare)):
            rare = found
    for doubt in marks.doubts(wanted) if sure else ():
        rows = rows.exclude(one_of((doubt,)))
    return rows if rare is None else rows.filter(pk__in=rare)


def of_group(
    rows: QuerySet[Conversation], organisation_id: int, group: tuple[str, ...]
) -> QuerySet[Conversation]:
    """Those of `rows` that have one of these marks, by the better of the two plans."""
    found = _few(organisation_id, group)
    return rows.filter(one_of(group)) if found is None else rows.filter(pk__in=found)


def _few(organisation_id: int, group: tuple[str, ...]) -> list[int] | None:
    """The conversations with one of these marks; None when they are many."""
    mine = ConversationMark.objects.filter(organisation_id=organisation_id, mark__in=group)
    found = list(mine.values_list("conversation_id", flat=True)[: FEW + 1])
    return found if len(found) <= FEW else None


def _former(organisation_id: int, causes: Iterable[str]) -> list[str]:
    """Causes with those that were merged into them: earlier readings still hold these."""
    known = analysis.causes(organisation_id)
    return [former for one in causes for former in known.former(one)]


def _stands(group: tuple[str, ...]) -> Any:
    usual = next((one for one in group if one in NOBODY_ASKS.values()), None)
    if usual is None:
        return one_of(group)
    field = usual.partition(":")[0]
    others = ConversationMark.objects.filter(conversation=OuterRef("pk"), mark__startswith=f"{field}:")
    known = ConversationMark.objects.filter(conversation=OuterRef("pk"))
    return Exists(known) & ~Exists(others.exclude(mark__in=group))


def one_of(group: tuple[str, ...]) -> Exists:
    """A condition: one of these marks stands."""
    return Exists(ConversationMark.objects.filter(conversation=OuterRef("pk"), mark__in=group))
