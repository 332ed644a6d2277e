"""Whose words are whose: the clauses of a text that names several objects are shared out among them.

A clause belongs to the objects it names, one without a name to those named last; what stands before the first name
belongs to it. Measured on tweets that name several companies (`docs/models/general.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.objects import Named
from otklik.analysis.engine.text import WORD, Batch, Hashes, hash_words

Parts = dict[int, list[int]]  # place of an object in a list → tokens
ENDS = ".!?;,…():—–-|/"
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
