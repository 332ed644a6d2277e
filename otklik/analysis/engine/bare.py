"""What a text says apart from its praise: kind words must not hide what is wrong.

«Спасибо за быструю доставку, но утюг ударил током ребёнка» is read twice, whole and without its kind clauses; the
graver of both counts. So praise before or behind a trouble can never lower what follows from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from otklik.analysis.engine import cues, facts, text, words
from otklik.analysis.engine.content import Content, understand

LONGEST = (
    2000  # characters of a text of which the praise is taken away; longer ones show their trouble anyway
)
FEWEST = 2  # words that must remain
KIND = ("rules.praise", "rules.fine")
AGAINST = ("rules.harm", "rules.bad_idiom", "rules.sarcasm", "rules.cut_need", "rules.threat", "rules.theft")
_BORDER = re.compile(
    r"[.!?;…\n)(]+|,|\s[—–-]\s|\s(?=(?:но|однако|хотя|только|but|however|але|бірақ)\s)", re.IGNORECASE
)
_JOINT = re.compile(r"^(?:[\s,;:—–-]|(?:но|а|и|однако|хотя|только|but|and|але|бірақ)\s)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bare:
    """Texts of a batch that hold praise and trouble: their numbers, and what was read of them without the praise."""

    rows: list[int]
    seen: Content


def bare(seen: Content) -> Bare | None:
    """The second reading of those texts of a batch that need one; made once."""
    return seen.batch.once("bare", lambda: _bare(seen))


def _bare(seen: Content) -> Bare | None:
    kind = seen.met(KIND[0]) | seen.met(KIND[1])
    rows = np.flatnonzero(kind & facts.reported(seen)).tolist()
    if not rows:
        return None
    marks = _marks(seen, set(rows))
    rest = {row: _rest(seen.batch.texts[row][:LONGEST], marks[row]) for row in rows}
    rows = [row for row in rows if len(rest[row].split()) >= FEWEST]
    if not rows:
        return None
    return Bare(rows, understand(text.read([rest[row] for row in rows]), seen.model))


Mark = tuple[int, int, bool]  # start and end in the raw text, and whether it is kind (or speaks against)


def _marks(seen: Content, rows: set[int]) -> dict[int, list[Mark]]:
    """Where the texts are kind, and where something in them speaks against it."""
    batch, matcher = seen.batch, cues.shipped()
    begins, ends = seen.places()
    kind = {matcher.group(name) for name in KIND}
    against = {matcher.group(name) for name in AGAINST}
    fine = matcher.group("rules.fine")
    marks, behind = words.negated(batch)
    found: dict[int, list[Mark]] = {row: [] for row in rows}
    hits = seen.hits
    columns = (hits.rows.tolist(), hits.groups.tolist(), hits.firsts.tolist(), hits.lasts.tolist())
    for row, group, one, other in zip(*columns, strict=True):
        if row not in rows or (group not in kind and group not in against):
            continue
        first, last = min(one, other), max(one, other)
        good = group in kind and (group == fine or not (behind[first] and not marks[first]))
        found[row].append((begins[first], ends[last], good))
    for token in np.flatnonzero(facts.against(seen)).tolist():
        row = int(batch.token_rows[token])
        if row in rows:
            found[row].append((begins[token], ends[token], False))
    return found


def _rest(raw: str, marks: list[Mark]) -> str:
    """The text without its kind clauses; of a clause that is both, only the kind words go."""
    kept, start = [], 0
    for border in [*_BORDER.finditer(raw), None]:
        end = len(raw) if border is None else border.end()
        here = [one for one in marks if start <= one[0] < end]
        if not any(good for _, _, good in here):
            kept.append(raw[start:end])
        elif any(not good for _, _, good in here):
            kept.append(_without(raw, start, end, [one for one in here if one[2]]))
        start = end
    return _JOINT.sub("", "".join(kept)).strip()


def _without(raw: str, start: int, end: int, kind: list[Mark]) -> str:
    left, at = [], start
    for first, last, _ in sorted(kind):
        left.append(raw[at : max(at, first)])
        at = max(at, min(last, end))
    return "".join(left) + raw[at:end]
