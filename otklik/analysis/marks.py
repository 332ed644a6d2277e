"""A reading as marks: one word for each label of each field (`intent:question`), which conditions and lists match.

A field with several labels has several marks: a text that is a complaint and a question is found as either. A field
that the machine is not sure of adds `unsure:field`. Where a person has spoken, only the person's word counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from otklik.analysis.second import filled

SINGLE = (
    "lang", "tone", "expects_reply", "severity", "complexity", "impact", "urgency", "priority", "abuse", "rumour",
)  # fmt: skip
SEVERAL = ("emotions", "intent", "cause", "signals")
FIELDS = (*SINGLE, "safety", *SEVERAL)
LEAST = {"min_severity": "severity", "min_complexity": "complexity", "min_urgency": "urgency"}
NONE = "none"  # the label of "no cause", which is empty elsewhere
YES = "yes"
NO = "no"
TOP = 4  # of any scale


def mark(field: str, label: object) -> str:
    """`cause:delivery_late`; what is empty or a truth value gets a word."""
    if isinstance(label, bool):
        label = YES if label else NO
    return f"{field}:{label if label != '' else NONE}"


def joined(marks: Iterable[str]) -> str:
    """As a reading keeps them: each between spaces, so that one can be looked for inside."""
    return f" {' '.join(marks)} "


def of(reading: Any) -> list[str]:
    """The marks of a reading, from its columns, its data and what people said."""
    found = [mark(field, getattr(reading, field)) for field in (*SINGLE, "safety")]
    for field in SEVERAL:
        given = _said(reading, field) or labels(reading.data.get(field) or ())
        if field == "cause" and not given:
            given = [""]
        found += [mark(field, label) for label in given]
    found += [mark("unsure", field) for field in filled.doubts(reading.data, reading.corrected)]
    return list(dict.fromkeys(found))


def _said(reading: Any, field: str) -> list[str]:
    """What a person said of a field with several labels: joined by `|`, or the column of the main one.

    Where nobody has spoken, what a second opinion has filled in.
    """
    if field not in reading.corrected:
        return (filled.labels(reading.data, field) or []) if field in filled.filled(reading.data) else []
    return str(reading.spoken.get(field, getattr(reading, field, ""))).replace(",", "|").split("|")


def labels(several: Iterable[Any]) -> list[str]:
    """Labels of a field with several: bare names, or `{"label", "p"}`."""
    return [one["label"] if isinstance(one, Mapping) else str(one) for one in several]


def groups(wanted: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Conditions as groups of marks: one mark of every group must stand.

    `wanted`: fields of FIELDS with a label or several, `unsure` with names of fields, `min_severity` and its like.
    Raises ValueError for a field that is not there.
    """
    found = []
    for name, value in wanted.items():
        field = LEAST.get(name, name)
        if field not in FIELDS and field != "unsure":
            raise ValueError(name)
        given = range(int(value or TOP + 1), TOP + 1) if name in LEAST else _several(value)
        if given:
            found.append(tuple(dict.fromkeys(mark(field, label) for label in given)))
    return found


def _several(value: Any) -> Collection[Any]:
    if value is None:
        return ()
    return [value] if isinstance(value, (str, bool, int)) else list(value)


def doubts(wanted: Mapping[str, Any]) -> list[str]:
    """The marks that must not stand when the machine has to be sure of what is asked for."""
    asked = dict.fromkeys(group[0].partition(":")[0] for group in groups(wanted))
    return [mark("unsure", field) for field in asked if field != "unsure"]


def fits(marks: Collection[str], wanted: Mapping[str, Any], *, sure: bool = False) -> bool:
    """Whether these marks satisfy the conditions."""
    if sure and any(one in marks for one in doubts(wanted)):
        return False
    return all(any(one in marks for one in group) for group in groups(wanted))
