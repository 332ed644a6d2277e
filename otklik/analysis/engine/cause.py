"""Why the writer is unhappy: causes of the industry's preset, and those the organisation added itself."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from otklik.analysis.engine import facts
from otklik.analysis.engine.content import Content, Met
from otklik.analysis.engine.cues import LEXICON, Cue, Matcher
from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.linear import likeliest
from otklik.analysis.engine.text import Batch
from otklik.analysis.engine.wordforms import pattern

OUTSIDE = 0.25  # what remains of the probability of a cause that the industry's preset does not have
HABIT = 0.5  # how much it counts that a cause is usual or rare in the industry
DOUBT = 0.3  # how much it counts whether the writer is unhappy at all
UNHAPPY = ("complaint", "negative_feedback")
SURE = 0.5
MOST = 3
PLAIN = 0.7  # probability of a cause that the rules find
DOUBTED = 0.2  # what remains of a cause whose own words are missing while those of another are there
OWN = 0.9  # probability of a cause of the organisation whose words were met
SILENT = ("thanks", "advertising", "spam")  # a word of an own cause is no trouble there
CALM = ("thanks", "advertising", "spam", "purchase_interest", "other")


@dataclass(frozen=True, slots=True)
class OwnCause:
    """A cause of the organisation: its key and the phrases that give it away, in any form of their words.

    A key of ours with phrases of theirs adds these phrases to our cause. `wordforms` says what a phrase may hold.
    """

    key: str
    phrases: tuple[str, ...]


class Taxonomy:
    """The causes that may be given: a preset without those switched off, and the organisation's own.

    Raises ValueError for a preset that does not exist. Phrases without a word are passed over.
    """

    def __init__(
        self, preset: str | None = None, off: Iterable[str] = (), own: Sequence[OwnCause] = ()
    ) -> None:
        every = presets()
        if preset is not None and preset not in every:
            raise ValueError(preset)
        self.preset = preset
        self.inside = None if preset is None else every[preset]
        self.off = frozenset(off)
        self.own = tuple(one for one in own if one.key not in self.off)
        phrases = [(one.key, pattern(phrase)) for one in self.own for phrase in one.phrases]
        self._matcher = Matcher([Cue(key, steps) for key, steps in phrases if steps])

    def found(self, batch: Batch) -> dict[int, Met]:
        """Own causes met in each text: key → first and last token of every phrase."""
        met: dict[int, Met] = {}
        if not self._matcher.groups:
            return met
        hits = self._matcher.find(batch)
        columns = (hits.rows.tolist(), hits.groups.tolist(), hits.firsts.tolist(), hits.lasts.tolist())
        for row, group, first, last in zip(*columns, strict=True):
            met.setdefault(row, {}).setdefault(self._matcher.groups[group], []).append((first, last))
        return met


@cache
def presets() -> dict[str, frozenset[str]]:
    """The industries and the causes each of them knows."""
    found: dict[str, set[str]] = {}
    with (LEXICON / "presets.tsv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            found.setdefault(row["preset"], set()).add(row["cause"])
    return {name: frozenset(causes) for name, causes in found.items()}


def causes(
    seen: Content, taxonomy: Taxonomy, intents: Sequence[Sequence[str]]
) -> list[list[tuple[str, float]]]:
    """The causes of every text, main one first; a text without trouble or question about it has none."""
    names, shares = seen.labels("cause"), likelihood(seen, taxonomy)
    level = float(seen.model.card.get("cause_level", 0.25))
    unhappy = _unhappy(seen)
    seen.own = taxonomy.found(seen.batch)
    answers = []
    for row, (wanted, share) in enumerate(zip(intents, shares.tolist(), strict=True)):
        at = likeliest(share, [p >= level for p in share])[:MOST]
        if not at and unhappy[row] >= SURE and max(share) > 0:
            at = [share.index(max(share))]
        if all(one in CALM for one in wanted):
            at = []
        quiet = all(one in SILENT for one in wanted)
        own = [] if quiet else [(key, OWN) for key in seen.own.get(row, ())]
        theirs = {key for key, _ in own}
        answers.append(own + [(names[k], round(share[k], 4)) for k in at if names[k] not in theirs])
    return answers


def likelihood(seen: Content, taxonomy: Taxonomy) -> Floats:
    """Probability of each cause in each text: the model's, seen in the light of the industry and of the intent."""
    names, shares = seen.labels("cause"), _corrected(seen)
    habits = seen.model.card.get("habits", {}).get(taxonomy.preset)
    if habits is not None:
        logits = np.log(shares / (1 - shares)) + HABIT * np.array(habits, dtype=np.float32)
        shares = 1 / (1 + np.exp(-logits))
    if taxonomy.inside is not None:
        outside = [name not in taxonomy.inside for name in names]
        shares = np.where(outside, shares * OUTSIDE, shares)
    shares = np.where([name in taxonomy.off for name in names], 0, shares)
    likely = (shares * _unhappy(seen)[:, None] ** DOUBT).astype(np.float32)
    if "safety" not in taxonomy.off:  # told in so many words, kindly or not
        column, harm = names.index("safety"), facts.harm(seen)
        likely[harm, column] = np.maximum(likely[harm, column], PLAIN)
    return likely


def _corrected(seen: Content) -> Floats:
    """The model's probabilities where no phrase of the rules says otherwise."""
    names, shares = seen.labels("cause"), np.clip(seen.shares("cause"), 1e-4, 1 - 1e-4)
    damaged, late, safety = (names.index(name) for name in ("delivery_damaged", "delivery_late", "safety"))
    waiting = facts.met(seen, "late") & ~facts.met(seen, "damage") & ~seen.met("causes.delivery_damaged")
    shares[waiting, late] = np.maximum(shares[waiting, late], shares[waiting, damaged])
    shares[waiting, damaged] *= DOUBTED  # nothing is said of damage: it has not come
    shares[facts.joking(seen), safety] *= DOUBTED
    twice, refund = facts.met(seen, "paid_twice"), names.index("refund_delay")
    shares[twice, names.index("app_site_fault")] *= DOUBTED  # whatever took it, the money is to come back
    shares[twice, refund] = np.maximum(shares[twice, refund], PLAIN)
    return shares.astype(np.float32)


def _unhappy(seen: Content) -> Floats:
    columns = [seen.labels("intent").index(name) for name in UNHAPPY]
    likelier: Floats = seen.shares("intent")[:, columns].max(axis=1)
    return likelier
