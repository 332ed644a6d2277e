"""Cities in any case form, found by the numbers of their words.

The file comes from GeoNames (CC BY 4.0), made by `otklik.analysis.training.cities`. Words that are also plain words
or surnames (Мирный, Киров) count as cities only where the text says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from otklik.analysis.engine.cues import word_of
from otklik.analysis.engine.text import WORD, Batch, Hashes, hash_words

CITIES = Path(__file__).parent / "data" / "cities.tsv"


@dataclass(frozen=True, slots=True)
class _Places:
    hashes: Hashes  # sorted, of the first words of all forms
    forms: dict[str, tuple[str, int]]  # form → city; 0 a name of its own, 1 also a word, 2 an adjective
    longer: dict[str, list[tuple[str, ...]]]  # first word → the forms of several words that begin so


@cache
def _places() -> _Places:
    forms: dict[str, tuple[str, int]] = {}
    longer: dict[str, list[tuple[str, ...]]] = {}
    for line in CITIES.read_text(encoding="utf-8").splitlines()[1:]:
        city, plain, spellings = line.split("\t")
        for form in spellings.split("|"):
            forms.setdefault(form, (city, int(plain)))
            words = tuple(re.split(r"[ -]", form))
            if len(words) > 1:
                longer.setdefault(words[0], []).append(words)
    for spelled in longer.values():
        spelled.sort(key=len, reverse=True)
    firsts = {form for form in forms if not re.search("[ -]", form)} | set(longer)
    return _Places(np.sort(np.unique(hash_words(sorted(firsts)))), forms, longer)


CALLED = frozenset(
    {
        "г",
        "город",
        "городе",
        "города",
        "городу",
        "городом",
        "м",
        "місті",
        "місто",
        "қала",
        "қаласы",
        "қаласында",
        "city",
    }
)
PREPOSITIONS = frozenset({"в", "во", "из", "до", "под", "около", "з", "із"})


DISTRICTS = re.compile(
    r"район|округ|област|кра[йяе]|проспект|пр|переул|бульвар|шоссе|рын[ок]|отделени|филиал|суд|вокзал|почт|сельс|мост|тракт|"
    r"проезд|площад|магазин|офис|банк|парк|пляж|волост|универ|музе|театр|кварт|микрорайон|мкр|улиц|ул|остров|завод|торгов|"
    r"водо|комбинат|склад|центр|монаст|собор"
)  # what an adjective stands before when it names no city


def cities(batch: Batch) -> dict[int, list[tuple[str, int, int]]]:
    """Cities of every text with their places: only words whose number is known are looked at."""
    known = _places()
    spots = np.minimum(np.searchsorted(known.hashes, batch.hashes), len(known.hashes) - 1)
    found: dict[int, list[tuple[str, int, int]]] = {}
    skip, ended = -1, -1
    for token in np.flatnonzero(known.hashes[spots] == batch.hashes).tolist():
        if token < skip or batch.token_kinds[token] != WORD:
            continue
        answer = _city(batch, token, known, listed=ended >= 0 and _continues(batch, ended, token))
        if answer is None:
            continue
        name, last = answer
        row = int(batch.token_rows[token])
        start = int(batch.where[batch.starts[token]])
        end = int(batch.where[batch.ends[last] - 1]) + 1
        found.setdefault(row, []).append((name, start, end))
        skip, ended = last + 1, last
    return found


def _continues(batch: Batch, last: int, token: int) -> bool:
    """Whether a list of cities goes on: nothing but a comma or `и` since the last one."""
    if token - last != 2 or batch.token_rows[last] != batch.token_rows[token]:  # noqa: PLR2004
        return False
    return word_of(batch, token - 1) in (",", "и", "/", "-", "–", "—", "та", "й", "және", "and")


def _city(batch: Batch, token: int, known: _Places, *, listed: bool) -> tuple[str, int] | None:
    """The city that begins at this token, and its last token."""
    word = word_of(batch, token)
    upper = capital(batch, token)
    if upper and word in known.longer:
        longer = _longer(batch, token, known, word)
        if longer is not None:
            return longer
    if word not in known.forms:
        return None
    city, plain = known.forms[word]
    before = _before(batch, token)
    if before in CALLED:
        return city, token
    if not upper or (plain and not listed and before not in PREPOSITIONS):
        return None
    if plain == 2 and (listed or _district(batch, token)):  # noqa: PLR2004 an adjective
        return None
    if word.endswith(("ском", "цком")) and _district(batch, token):  # в Советском районе, not Советск
        return None
    return city, token


def _district(batch: Batch, token: int) -> bool:
    """Whether the next word is what an adjective belongs to: в Октябрьском районе, в Мирном Ирина."""
    if token + 1 >= len(batch.hashes) or batch.token_rows[token + 1] != batch.token_rows[token]:
        return False
    if batch.token_kinds[token + 1] != WORD:
        return False
    return bool(DISTRICTS.match(word_of(batch, token + 1))) or capital(batch, token + 1)


def _longer(batch: Batch, token: int, known: _Places, word: str) -> tuple[str, int] | None:
    """A name of several words, hyphens or not."""
    row = batch.token_rows[token]
    ahead = [
        (at, one)
        for at in range(token + 1, min(len(batch.hashes), token + 8))
        if batch.token_rows[at] == row and (one := word_of(batch, at)) != "-"
    ]
    for words in known.longer[word]:
        part = ahead[: len(words) - 1]
        if tuple(one for _, one in part) == words[1:]:
            city = known.forms.get(" ".join(words)) or known.forms.get("-".join(words))
            if city is not None:
                return city[0], part[-1][0]
    return None


def _before(batch: Batch, token: int) -> str:
    """The word before, the point of `г.` left out."""
    row = batch.token_rows[token]
    for step in (1, 2):
        if token - step < 0 or batch.token_rows[token - step] != row:
            return ""
        word = word_of(batch, token - step)
        if word != ".":
            return word if step == 1 or word == "г" else "."
    return ""


def capital(batch: Batch, token: int) -> bool:
    """Whether the raw text writes a token with a capital letter."""
    raw = batch.texts[int(batch.token_rows[token])]
    return raw[int(batch.where[batch.starts[token]])].isupper()
