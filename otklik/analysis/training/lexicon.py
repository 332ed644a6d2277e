"""Builds `engine/data/lexicon.npz`: every form of every word of `engine/lexicon/sentiment.tsv`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pymorphy3

from otklik.analysis.engine.text import hash_words
from otklik.analysis.engine.vectors import DATA
from otklik.analysis.engine.words import LEXICON

ORDER = {"ru": 0, "uk": 1, "en": 2, "kk": 3, "emo": 4}  # whose strength wins when two languages share a word


def entries(path: Path = LEXICON / "sentiment.tsv") -> list[tuple[str, str, int]]:
    """(language, word, strength) of the lexicon."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(language, word, int(score)) for language, word, score in rows]


def forms() -> dict[str, int]:
    """Every normalised form with its strength; a word of the list itself beats a form of another word."""
    morph = pymorphy3.MorphAnalyzer()
    found: dict[str, int] = {}
    listed = sorted(entries(), key=lambda entry: ORDER[entry[0]])
    for language, word, score in listed:
        if language != "ru":
            continue
        parses = [p for p in morph.parse(word) if p.normal_form.replace("ё", "е") == word] or morph.parse(
            word
        )[:1]
        for parse in parses[:2]:
            for form in parse.lexeme:
                found.setdefault(form.word.replace("ё", "е"), score)
    for _, word, score in reversed(listed):
        found[word] = score
    return found


def build(target: Path = DATA / "lexicon.npz") -> dict[str, int]:
    """Write the file; returns the forms."""
    found = forms()
    names = sorted(found)
    hashes = hash_words(names)
    order = np.argsort(hashes, kind="stable")
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        target, hashes=hashes[order], scores=np.array([found[n] for n in names], np.int8)[order]
    )
    return found
