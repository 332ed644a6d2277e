"""What analysis asks of the domains to its left; filled in `web/wiring.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# kind of subject → texts of these ids; ids that are gone, or are not a customer's, are missing
TextSource = Callable[[Sequence[int]], dict[int, str]]
text_sources: dict[str, TextSource] = {}


@dataclass(frozen=True, slots=True)
class Followed:
    """Events of a topic are about a subject of `kind`; its id stands in the payload under `number`."""

    kind: str
    number: str


followed: dict[str, Followed] = {}


@dataclass(frozen=True, slots=True)
class History:
    """All texts of a kind: how many an organisation has, and a page of (id, text) behind an id, in order."""

    count: Callable[[int], int]
    page: Callable[[int, int, int], dict[int, str]]


history: dict[str, History] = {}
