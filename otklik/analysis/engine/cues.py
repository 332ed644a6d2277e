"""Our lexicons of phrases, matched over a whole batch at once.

A pattern is words between spaces: `слово` exactly, `стем*` any word that begins so, `а|б*` either, `~3` up to
three words between its neighbours, `xq` a question mark, `\\d*` a number. A pattern does not cross the end of a
sentence. Every word of a batch is looked up once; only patterns whose rarest word is there are tried.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from otklik.analysis.engine.text import SIGN, SINGLE, WORD, Batch, Ints

LEXICON = Path(__file__).parent / "lexicon"
FILES = (
    "causes",
    "signals",
    "intents",
    "grade",
    "abuse",
    "rumours",
    "people",
)  # the content model counts these
RULES = (
    "rules"  # narrow phrases that rules alone look at: what they say is meant, whatever a model makes of it
)
REMEMBERED = 200_000  # words whose atoms are kept
NUMBER, QUESTION, STOP = -1, -2, -3

Atoms = frozenset[int]
Steps = tuple[tuple[int, Atoms], ...]
Entry = tuple[
    Atoms, tuple["Trial", ...], tuple[int, ...]
]  # of a word: phrases to try, groups met by it alone
NOTHING: Atoms = frozenset()


@dataclass(frozen=True, slots=True)
class Cue:
    """One phrase of a lexicon: `group` is `file.label`."""

    group: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A pattern seen from its rarest word: what must stand before it (nearest first) and behind it."""

    group: int
    before: Steps
    behind: Steps


@dataclass(slots=True)
class Hits:
    """Phrases found in a batch: text, group, first and last token."""

    rows: Ints
    groups: Ints
    firsts: Ints
    lasts: Ints

    def counts(self, height: int, width: int) -> NDArray[np.float32]:
        """How often each group was met in each text."""
        flat = self.rows.astype(np.int64) * width + self.groups
        return np.bincount(flat, minlength=height * width).reshape(height, width).astype(np.float32)


def read_lexicon(path: Path) -> list[Cue]:
    """A tab-separated file with the columns label and pattern."""
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Cue(f"{path.stem}.{row['label']}", row["pattern"]) for row in rows]


@cache
def shipped() -> Matcher:
    """The matcher of our own lexicons; the groups of the rules stand behind those that the model has learnt."""
    return Matcher([cue for name in (*FILES, RULES) for cue in read_lexicon(LEXICON / f"{name}.tsv")])


class Matcher:
    """Finds the phrases of its lexicon; safe to share between threads (its memory only ever repeats itself)."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self.groups: list[str] = []
        self._number: dict[str, int] = {}
        self._exact: dict[str, int] = {}
        self._prefix: dict[str, int] = {}
        self._trials: dict[int, list[Trial]] = {}
        self._known: dict[int, Entry] = {}
        self._alike: dict[Atoms, Entry] = {}  # one for all words with the same atoms: most have none
        for cue in cues:
            self._learn(cue)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._prefix}))

    def group(self, name: str) -> int:
        """The number of a group (a column of `counts`)."""
        return self._number[name]

    @property
    def learnt(self) -> int:
        """How many groups the content model counts; those of the rules come after them."""
        return sum(not name.startswith(f"{RULES}.") for name in self.groups)

    def _learn(self, cue: Cue) -> None:
        if cue.group not in self._number:
            self._number[cue.group] = len(self.groups)
            self.groups.append(cue.group)
        steps: list[tuple[int, Atoms]] = []
        rarity: list[int] = []
        gap = 0
        for part in cue.pattern.split():
            if part.startswith("~"):
                gap = int(part[1:])
                continue
            words = [word for word in part.split("|") if word]
            steps.append((gap, frozenset(self._atom(word) for word in words)))
            rarity.append(min(0 if word == "xq" or "\\d" in word else len(word) for word in words))
            gap = 0
        if not steps:
            return
        anchor = max(range(len(steps)), key=lambda at: (rarity[at], -at))
        before = tuple((steps[at + 1][0], steps[at][1]) for at in range(anchor - 1, -1, -1))
        trial = Trial(self._number[cue.group], before, tuple(steps[anchor + 1 :]))
        for atom in steps[anchor][1]:
            self._trials.setdefault(atom, []).append(trial)

    def _atom(self, word: str) -> int:
        if word == "xq":
            return QUESTION
        if word == "\\d*":
            return NUMBER
        table = self._prefix if word.endswith("*") else self._exact
        return table.setdefault(word.removesuffix("*"), len(self._exact) + len(self._prefix))

    def _look_up(self, word: str) -> Entry:
        found = {self._prefix[word[:k]] for k in self._lengths if word[:k] in self._prefix and k <= len(word)}
        if word in self._exact:
            found.add(self._exact[word])
        if word[:1].isdigit():
            found.add(NUMBER)
        if "?" in word:
            found.add(QUESTION)
        elif word[:1] in ".!…":
            found.add(STOP)
        atoms = frozenset(found)
        if atoms not in self._alike:
            self._alike[atoms] = self._entry(atoms)
        return self._alike[atoms]

    def _entry(self, found: Atoms) -> Entry:
        trials = [trial for atom in found for trial in self._trials.get(atom, ())]
        longer = tuple(trial for trial in trials if trial.before or trial.behind)
        return (
            found,
            longer,
            tuple(trial.group for trial in trials if not trial.before and not trial.behind),
        )

    def find(self, batch: Batch) -> Hits:
        """All phrases in all texts; a group may be met several times."""
        kept, keys, spots, inverse = batch.once("vocabulary", lambda: _vocabulary(batch))
        entries = self._entries(batch, keys, spots)
        if not any(entry[1] or entry[2] for entry in entries):
            nothing = np.zeros(0, dtype=np.int32)
            return Hits(nothing, nothing, nothing, nothing)
        atoms = [entry[0] for entry in entries]
        active = np.fromiter((bool(entry[1]) for entry in entries), dtype=bool, count=len(entries))
        words, rows, places = inverse.tolist(), batch.token_rows[kept].tolist(), kept.tolist()
        found: list[tuple[int, int, int, int]] = []
        for at in np.flatnonzero(active[inverse]).tolist():
            for trial in entries[words[at]][1]:
                low = high = at
                if trial.before:
                    low = _walk(trial.before, at, -1, words, rows, atoms)
                if low >= 0 and trial.behind:
                    high = _walk(trial.behind, at, 1, words, rows, atoms)
                if low >= 0 and high >= 0:
                    found.append((rows[at], trial.group, places[low], places[high]))
        table = np.vstack([_alone(entries, inverse, batch, kept), np.array(found, np.int32).reshape(-1, 4)])
        return Hits(table[:, 0], table[:, 1], table[:, 2], table[:, 3])

    def _entries(self, batch: Batch, keys: list[int], tokens: list[int]) -> list[Entry]:
        """What is known of each word; `tokens` say where it stands."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
            self._alike.clear()
        known = self._known
        found = [known.get(key) for key in keys]
        return [
            entry or known.setdefault(key, self._look_up(word_of(batch, token)))
            for entry, key, token in zip(found, keys, tokens, strict=True)
        ]


def _vocabulary(batch: Batch) -> tuple[NDArray[np.intp], list[int], list[int], NDArray[np.intp]]:
    """Tokens worth reading, the numbers of their words, where each word stands first, and the word of each token."""
    kept = np.flatnonzero(_worth_reading(batch))
    keys, first, inverse = np.unique(batch.hashes[kept], return_index=True, return_inverse=True)
    return kept, keys.tolist(), kept[first].tolist(), inverse


def _alone(
    entries: Sequence[Entry], inverse: NDArray[np.intp], batch: Batch, kept: NDArray[np.intp]
) -> NDArray[np.int32]:
    """The hits of phrases of one word: text, group, first and last token."""
    many = np.fromiter((len(entry[2]) for entry in entries), dtype=np.intp, count=len(entries))
    groups = np.fromiter((group for entry in entries for group in entry[2]), dtype=np.int32)
    here = many[inverse]
    total = int(here.sum())
    if not total:
        return np.zeros((0, 4), dtype=np.int32)
    starts = (np.cumsum(many) - many)[inverse]
    inside = np.arange(total) - np.repeat(np.cumsum(here) - here, here)
    tokens = np.repeat(kept, here)
    found = groups[np.repeat(starts, here) + inside]
    return np.stack([batch.token_rows[tokens], found, tokens, tokens], axis=1).astype(np.int32)


def word_of(batch: Batch, token: int) -> str:
    """The normalised characters of a token; placeholders are `xurl`, `xuser`, `xblob`."""
    part = batch.points[batch.starts[token] : batch.ends[token]]
    text = part.astype("<u4").tobytes().decode("utf-32-le", "replace")
    return {"\ue000": "xurl", "\ue001": "xuser", "\ue002": "xblob"}.get(text, text)


def _worth_reading(batch: Batch) -> NDArray[np.bool_]:
    """Words, placeholders and the ends of sentences; commas, quotes and emoji do not part a phrase."""
    heads = batch.points[batch.starts]
    ends = (heads == ord("?")) | (heads == ord("!")) | (heads == ord(".")) | (heads == ord("…"))
    marked = (heads >= 0xE000) & (heads <= 0xE002)
    kept: NDArray[np.bool_] = (
        (batch.token_kinds == WORD)
        | ((batch.token_kinds == SIGN) & ends)
        | ((batch.token_kinds == SINGLE) & marked)
    )
    return kept


def _walk(
    steps: Steps, at: int, way: int, words: Sequence[int], rows: Sequence[int], atoms: Sequence[Atoms]
) -> int:
    """Where the last of `steps` stands when they follow from `at` in the given direction, else −1."""
    row, size = rows[at], len(words)
    for gap, wanted in steps:
        for _ in range(gap + 1):
            at += way
            if at < 0 or at >= size or rows[at] != row:
                return -1
            here = atoms[words[at]]
            if not wanted.isdisjoint(here):
                break
            if STOP in here:
                return -1
        else:
            return -1
    return at
