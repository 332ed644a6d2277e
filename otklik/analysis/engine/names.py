"""Names that a directory lists, found in any case form: thousands of them cost little more than a few.

Names are kept by the first letters of their first word; a place of the text is compared only with names that begin
as it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

KEY = 3  # first letters by which names are kept
_PLACE = re.compile(r"(?<!\w)\S")
_ENDING = re.compile(r"(?:ия|ья|ая|яя|ий|ый|ой|[аяоеуюиыьй])$", re.IGNORECASE)


class Names:
    """Finds the names of a list: (number of the name, start, end), in order of place, without overlaps."""

    def __init__(self, spellings: Sequence[Sequence[str]]) -> None:
        """`spellings`: for each name the ways to write it; an earlier name goes before a later one."""
        groups: dict[str, list[tuple[int, str]]] = {}
        for number, forms in enumerate(spellings):
            for form in forms:
                literal, pattern = _loose(form)
                if literal:
                    groups.setdefault(literal[:KEY].lower(), []).append((number, pattern))
        self._numbers = {key: [number for number, _ in found] for key, found in groups.items()}
        self._patterns = {
            key: re.compile("(?:" + "|".join(f"({one})" for _, one in found) + r")(?!\w)", re.IGNORECASE)
            for key, found in groups.items()
        }

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        if not self._patterns:
            return
        behind = 0
        for place in _PLACE.finditer(text):
            at = place.start()
            if at < behind:
                continue
            for size in range(KEY, 0, -1):
                key = text[at : at + size].lower()
                match = self._patterns[key].match(text, at) if key in self._patterns else None
                if match is not None:
                    behind = match.end()
                    yield self._numbers[key][(match.lastindex or 1) - 1], at, behind
                    break


def _loose(name: str) -> tuple[str, str]:
    """How a name begins for certain, and its pattern in any case form: long Cyrillic words may change their endings."""
    words, literal = [], ""
    for word in name.split():
        stem = _ENDING.sub("", word)
        bends = len(stem) >= 3 and re.search(r"[а-яё]$", word, re.IGNORECASE)
        words.append(re.escape(stem) + f"[а-яё]{{0,{min(len(stem), 4)}}}" if bends else re.escape(word))
        literal = literal or (stem if bends else word)
    return literal, r"[\s-]+".join(words)
