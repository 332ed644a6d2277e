"""Whose words are whose: the clauses of a text that names several objects are shared out among them.

A clause belongs to the objects it names, one without a name to those named last; what stands before the first name
belongs to it. Measured on tweets that name several companies (`docs/models/general.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.cues import word_of
from otklik.analysis.engine.objects import Named
from otklik.analysis.engine.text import WORD, Batch, Hashes, hash_words

Parts = dict[int, list[int]]  # place of an object in a list → tokens
ENDS = ".!?;,…():—–-|/"
GOING = """
ухожу уйду уходим уйдем перехожу перейду переходим перейдем ушел ушла ушли перешел перешла перешли перебрался
перебралась переезжаю переключился переключилась сменил сменила сменили поменял поменяла поменяли меняю йду переходжу
перейшов перейшла перейшли switching switched switch moving moved
"""
NOT_YET = "ухожу уйду уходим уйдем перехожу перейду переходим перейдем меняю переезжаю йду переходжу"
AWAY = "с со от из з із від from"
TOWARDS = "на в во к ко до to"
WORSE, BETTER = "хуже гірше worse", "лучше краще better"
NO = frozenset(["не", "not", "ничем", "нічим", "no"])
REGRET = "пожалел пожалела пожалели жалею зря ошибка ошибкой прогадал прогадала прогадали regret"
FAR = 10  # tokens behind the verb in which the names stand
PARTING = "а но зато однако хотя але проте зате but while whereas though бірақ ал"


def shared_out(batch: Batch, named: Sequence[Named]) -> Parts:
    """For each object (its place in `named`) of a text with several the tokens that speak of it.

    Objects alone in their text, not named in it, or with no word of their own are missing: the whole text speaks
    of them.
    """
    together: dict[int, list[int]] = {}
    for k, one in enumerate(named):
        if one.tokens:
            together.setdefault(one.row, []).append(k)
    several = {
        row: lines for row, lines in together.items() if len({tuple(named[k].tokens) for k in lines}) > 1
    }
    if not several:
        return {}
    last, parting = _breaks(batch)
    parts: dict[int, list[int]] = {}
    for row, lines in several.items():
        owners: dict[int, set[int]] = {}
        for k in lines:
            for token in named[k].tokens:
                owners.setdefault(token, set()).add(k)
        clauses = _clauses(batch, row, last, parting)
        parts |= _given(clauses, owners)
    return {k: part for k, part in parts.items() if _says_something(batch, part, named[k])}


def _breaks(batch: Batch) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tokens that end a clause and stay in it, and words that begin another."""
    heads = batch.points[batch.starts]
    return np.isin(heads, [ord(sign) for sign in ENDS]), np.isin(batch.hashes, _parting())


@cache
def _parting() -> Hashes:
    return hash_words(PARTING.split())


def _clauses(batch: Batch, row: int, last: NDArray[np.bool_], parting: NDArray[np.bool_]) -> list[list[int]]:
    clauses: list[list[int]] = [[]]
    for token in range(int(batch.bounds[row]), int(batch.bounds[row + 1])):
        if parting[token]:
            clauses.append([])
            continue
        clauses[-1].append(token)
        if last[token]:
            clauses.append([])
    return [clause for clause in clauses if clause]


def _given(clauses: list[list[int]], owners: dict[int, set[int]]) -> dict[int, list[int]]:
    named_in = [set().union(*(owners.get(token, set()) for token in clause)) for clause in clauses]
    current = next(found for found in named_in if found)
    parts: dict[int, list[int]] = {}
    for clause, found in zip(clauses, named_in, strict=True):
        current = found or current
        for k in current:
            parts.setdefault(k, []).extend(clause)
    return parts


def _says_something(batch: Batch, part: list[int], one: Named) -> bool:
    return any(batch.token_kinds[token] == WORD for token in set(part) - set(one.tokens))


def preferred(batch: Batch, named: Sequence[Named]) -> dict[int, str]:
    """Objects (places in `named`) that a text sets against each other: «ушёл с X на Y», «X хуже Y»."""
    known = _signals()
    hits = np.flatnonzero(np.isin(batch.hashes, known))
    if not len(hits) or not named:
        return {}
    rows = {one.row for one in named if one.tokens}
    said: dict[int, str] = {}
    for row in {int(batch.token_rows[token]) for token in hits.tolist()} & rows:
        first, last = int(batch.bounds[row]), int(batch.bounds[row + 1])
        text = [word_of(batch, token) for token in range(first, last)]
        owners: dict[int, set[int]] = {}
        for k, one in enumerate(named):
            if one.row == row:
                for token in one.tokens:
                    owners.setdefault(token - first, set()).add(k)
        for at, label in _compared(text, owners).items():
            said |= dict.fromkeys(owners[at], label)
    return said


@cache
def _signals() -> Hashes:
    return hash_words(sorted({*GOING.split(), *WORSE.split(), *BETTER.split()}))


def _compared(text: list[str], owners: dict[int, set[int]]) -> dict[int, str]:
    found: dict[int, str] = {}
    going, worse, better, regret = (set(words.split()) for words in (GOING, WORSE, BETTER, REGRET))
    for at, word in enumerate(text):
        if word in going:
            found |= _left(text, owners, at, sorry=not regret.isdisjoint(text[at:]))
        elif word in worse or word in better:
            found |= _ranked(text, owners, at, worse=word in worse)
    return found


def _left(text: list[str], owners: dict[int, set[int]], at: int, *, sorry: bool) -> dict[int, str]:
    """Who leaves one for another thinks better of the other, unless he regrets it."""
    near = [place for place in sorted(owners) if at < place <= at + FAR and not _ends(text[at:place])]
    away = [place for place in near if text[place - 1] in AWAY.split() or place == at + 1]
    to = [
        place
        for place in near
        if text[place - 1] in TOWARDS or text[place - 2] in TOWARDS and place not in away
    ]
    earlier = [place for place in owners if place < at and not away]
    if not away and not (text[at] in NOT_YET.split() or (earlier and to)):
        return {}
    good, bad = ("negative", "positive") if sorry else ("positive", "negative")
    source = away or (earlier if to else [])
    return dict.fromkeys(source, bad) | dict.fromkeys(to, good)


def _ranked(text: list[str], owners: dict[int, set[int]], at: int, *, worse: bool) -> dict[int, str]:
    """«X хуже Y», «X лучше, чем Y»: both stand in one sentence, a name on each side."""
    before = [place for place in owners if place < at and at - place <= 4 and not _ends(text[place:at])]
    behind = [place for place in owners if place > at and place - at <= 4 and not _ends(text[at:place])]
    if not before or not behind:
        return {}
    first, second = ("negative", "positive") if worse else ("positive", "negative")
    if text[at - 1] in NO:  # «не хуже» makes them equally good, «не лучше» equally bad
        first = second = "positive" if worse else "negative"
    return {max(before): first, min(behind): second}


def _ends(words: Sequence[str]) -> bool:
    return any(word[0] in ".!?;" for word in words)
