"""At whom strong words are aimed, and rude words that were written so as not to be found.

A legitimate complaint in mat is anger; the same words near a person addressed are an insult. Masked spellings
(stars, digits, gaps between letters) are unfolded here.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine import cues
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import WORD, Batch

NEAR = 4  # tokens between strong words and whom they meet
STRONG = (
    "abuse.person_insult",
    "abuse.mat",
    "abuse.sexual",
    "abuse.hate",
    "abuse.threat_violence",
    "abuse.doxxing",
)
AIMS = ("people.you", "people.employee", "people.thing")
WIDTH = len(STRONG) * len(AIMS) + 2
MOST = 3
READ = 2000  # characters in which masked words are looked for


def aim(batch: Batch, hits: cues.Hits) -> Floats:
    """Per text: strong words of each sort near each sort of target, and masked words, insulting or merely rude."""
    out = np.zeros((len(batch), WIDTH), dtype=np.float32)
    _near(hits, out)
    spaced = _letters_apart(batch)
    for row, text in enumerate(batch.texts):
        if not spaced[row] and not _HINT.search(text, 0, READ):
            continue
        for word, _, _ in unmasked(text[:READ]):
            out[row, -1 if word.startswith("!") else -2] += 1
    return np.minimum(out, MOST)


def _near(hits: cues.Hits, out: Floats) -> None:
    matcher = cues.shipped()
    strong = {matcher.group(name): k for k, name in enumerate(STRONG)}
    aims = {matcher.group(name): k for k, name in enumerate(AIMS)}
    rows, groups = hits.rows.tolist(), hits.groups.tolist()
    firsts = np.minimum(hits.firsts, hits.lasts).tolist()
    lasts = np.maximum(hits.firsts, hits.lasts).tolist()
    targets: dict[int, list[tuple[int, int]]] = {}
    for row, group, first in zip(rows, groups, firsts, strict=True):
        if group in aims:
            targets.setdefault(row, []).append((first, aims[group]))
    for row, group, first, last in zip(rows, groups, firsts, lasts, strict=True):
        if group in strong and row in targets:
            near = {
                kind
                for at, kind in targets[row]
                if first - NEAR <= at <= last + NEAR and not first <= at <= last
            }
            for kind in near:
                out[row, strong[group] * len(AIMS) + kind] += 1


def _letters_apart(batch: Batch) -> NDArray[np.bool_]:
    """Texts with three letters or more that stand alone."""
    alone = (batch.ends - batch.starts == 1) & (batch.token_kinds == WORD)
    return np.bincount(batch.token_rows[alone], minlength=len(batch)) >= 3


_HINT = re.compile(r"[^\W\d_][0136][^\W\d_]|[036][а-яё]{3}|[*@#$€]")
_MASKED = re.compile(
    r"(?<![\w*@#$])[^\W\d_]{0,8}(?:[*@#$€]|(?<=[^\W\d_])[0136](?=[^\W\d_]))[\w*@#$€]{1,12}|(?<!\w)[036][а-яё]{3,12}"
)
_SPACED = re.compile(r"(?<!\w)(?:[а-яё][\s.*_-]{1,2}){2,9}[а-яё](?!\w)", re.IGNORECASE)
_FOLD = str.maketrans(
    {"0": "о", "3": "з", "@": "а", "1": "и", "6": "б", "$": "с", "€": "е", "ё": "е"}
    | dict(zip("aceopxykmthb", "асеорхукмтнв", strict=True))
)


@cache
def _rude() -> tuple[tuple[str, str], ...]:
    """Rude words to which a masked word is compared, and what they are: mat or an insult (with a `!`)."""
    cues_known = cues.read_lexicon(cues.LEXICON / "masked.tsv")
    return tuple(
        (one.pattern, ("!" if one.group.endswith("insult") else "") + one.pattern) for one in cues_known
    )


def unmasked(text: str) -> list[tuple[str, int, int]]:
    """Rude words written with stars, digits or gaps: the word meant (`!` before an insult), start and end."""
    found = []
    if any(sign in text for sign in "*@#$€") or any(map(str.isdigit, text)):
        found += [(meant, *m.span()) for m in _MASKED.finditer(text) if (meant := _meant(m.group()))]
    for match in _SPACED.finditer(text):
        joined = re.sub(r"[\s.*_-]", "", match.group()).lower().translate(_FOLD)
        inside = next((meant for word, meant in _rude() if word in joined), None)
        if inside:
            found.append((inside, *match.span()))
    return found


@lru_cache(maxsize=4096)
def _meant(shown: str) -> str | None:
    plain = shown.lower().replace("@", "*").translate(_FOLD).replace("#", "*").strip(".,!?_")
    letters = len(plain) - plain.count("*")
    if not letters or len(plain) < 3 or len(plain) > 14:
        return None
    if "*" not in plain:
        return next((meant for word, meant in _rude() if word == plain), None)
    exact = "".join("." if sign == "*" else re.escape(sign) for sign in plain)
    loose = ".{1,5}".join(re.escape(part) for part in re.split(r"\*+", plain))
    pattern = re.compile(f"{exact}|{loose}")
    return next((meant for word, meant in _rude() if pattern.fullmatch(word)), None)
