"""What analysis asks of the domains to its left; filled in `web/wiring.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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


# kind of subject → names of the people its texts are from, by id: what must not leave the house
Names = Callable[[Sequence[int]], dict[int, tuple[str, ...]]]
names_of: dict[str, Names] = {}


# kind of subject → the pages on which its texts stand among what was said before and after, by id
Pages = Callable[[Sequence[int]], dict[int, str]]
pages_of: dict[str, Pages] = {}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a far end answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Unreached(Exception):
    """No answer came. `sent`: the question may have arrived; `code` as `opinion_words.TROUBLES` has it."""

    def __init__(self, code: str, *, sent: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.sent = sent


class OpinionDoor(Protocol):
    """The way out to the endpoint of a second opinion: guarded, limited, timed."""

    def check(self, url: str) -> None:
        """Raises OtklikError with a sentence when the address may not be called."""

    def ask(self, url: str, *, headers: Mapping[str, str], content: bytes, seconds: float) -> Reply:
        """POST; raises Unreached."""


class Closed:
    """Nothing leaves until `web/wiring.py` opens a door."""

    def check(self, url: str) -> None:
        """Any address: nobody will call it."""

    def ask(self, url: str, *, headers: Mapping[str, str], content: bytes, seconds: float) -> Reply:
        raise Unreached("no_connection")


@dataclass
class Doors:
    opinion: OpinionDoor


doors = Doors(Closed())
