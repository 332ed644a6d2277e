"""Builds `engine/data/vectors.npz` from navec's file of Russian word vectors (MIT, natasha project).

The source is not part of this repository: name its path in $OTKLIK_NAVEC (it lies in the wheel of `natasha`).
Kept are the words of the training sets, the words of our lexicon and the most frequent others.
"""

from __future__ import annotations

import gzip
import re
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np

from otklik.analysis.engine.features import Floats
from otklik.analysis.engine.text import hash_words
from otklik.analysis.engine.vectors import DATA

WORDS = 50_000
DIMENSIONS = 128
SOFTNESS = 1e-4  # smooth inverse frequency: a / (a + p)
_WORD = re.compile(r"[а-яё-]+|[a-z]{2,}")


def navec(path: Path) -> tuple[list[str], list[int], Floats]:
    """Words, their counts and their vectors of length one."""
    with tarfile.open(path) as archive:
        vocabulary, coded = archive.extractfile("vocab.bin"), archive.extractfile("pq.bin")
        if vocabulary is None or coded is None:
            raise ValueError(f"{path}: not a file of navec")
        raw = gzip.decompress(vocabulary.read())
        size = int(np.frombuffer(raw[:4], np.uint32)[0])
        counts = np.frombuffer(raw[4 : 4 + 4 * size], np.uint32).tolist()
        words = raw[4 + 4 * size :].decode("utf-8").splitlines()
        number, _, parts, codes = (int(n) for n in np.frombuffer(coded.read(16), np.uint32))
        indexes = np.frombuffer(coded.read(number * parts), np.uint8).reshape(number, parts)
        book = np.frombuffer(coded.read(), np.float32).reshape(parts, codes, -1)
    full = book[np.arange(parts), indexes].reshape(number, -1)[: len(words)].astype(np.float32)
    full /= np.maximum(np.linalg.norm(full, axis=1, keepdims=True), 1e-6)
    return words, counts, full


def _polarity(full: Floats, words: list[str], lexicon: dict[str, int]) -> Floats:
    """How good or bad every word sounds: ridge regression from vectors to the strengths of our lexicon."""
    known = [k for k, word in enumerate(words) if word in lexicon]
    plain = np.random.default_rng(0).choice(len(words), 6000, replace=False)
    rows = np.vstack([full[known], full[plain]]).astype(np.float64)
    wanted = np.concatenate([[lexicon[words[k]] for k in known], np.zeros(len(plain))])
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    weights = np.linalg.solve(rows.T @ rows + 3 * np.eye(rows.shape[1]), rows.T @ wanted)
    polarity: Floats = (full @ weights[:-1] + weights[-1]).astype(np.float32)
    return polarity


def build(
    source: Path, lexicon: dict[str, int], corpus: list[str], target: Path = DATA / "vectors.npz"
) -> int:
    """Write the file; returns the number of words kept."""
    words, counts, full = navec(source)
    words = [word.replace("ё", "е") for word in words]
    polarity = _polarity(full, words, lexicon)
    seen = Counter(word for text in corpus for word in _WORD.findall(text.lower().replace("ё", "е")))
    rank = [
        (seen[word] >= 2 or word in lexicon, counts[k] + 300 * seen[word])
        if _WORD.fullmatch(word)
        else (False, -1)
        for k, word in enumerate(words)
    ]
    chosen = sorted(range(len(words)), key=lambda k: (rank[k], words[k]), reverse=True)[:WORDS]
    part = full[chosen].astype(np.float64)
    usual = np.sqrt(np.array([counts[k] for k in chosen], dtype=np.float64))[:, None]
    _, axes = np.linalg.eigh((part * usual).T @ part)
    axes = axes[:, ::-1][:, :DIMENSIONS]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(DIMENSIONS)])
    small = part @ axes
    scale = np.abs(small).max(axis=0) / 127
    share = np.array([counts[k] for k in chosen]) / sum(counts)
    hashes = hash_words([words[k] for k in chosen])
    order = np.unique(hashes, return_index=True)[1]
    np.savez_compressed(
        target,
        hashes=hashes[order],
        codes=np.rint(small / scale).astype(np.int8)[order],
        scale=scale.astype(np.float32),
        rarity=np.rint(255 * SOFTNESS / (SOFTNESS + share)).astype(np.uint8)[order],
        polarity=np.clip(np.rint(polarity[chosen] * 40), -127, 127).astype(np.int8)[order],
    )
    return len(order)
