"""What our own texts are like: counts, variety, likeness, and five words in a row that two texts share.

.venv/bin/python -m otklik.analysis.training.texts    one object of JSON per file
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from otklik.analysis.training.rows import Row, read_rows

FILES = (
    "texts_train",
    "texts_third",
    "texts_more",
    "texts_held",
    "abuse_train",
    "abuse_held",
    "abuse_held_second",
)
RUN = 5  # words in a row that no two texts share
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Lower-case words, ё as е."""
    return _WORD.findall(text.lower().replace("ё", "е"))


def shared(files: Mapping[str, Sequence[Row]]) -> list[tuple[str, tuple[str, int], tuple[str, int]]]:
    """Runs of RUN words that stand in two texts: the run, and the file and number of both."""
    first: dict[tuple[str, ...], tuple[str, int]] = {}
    found = []
    for name, rows in files.items():
        for number, row in enumerate(rows):
            for run in set(_runs(words(row["text"]))):
                known = first.setdefault(run, (name, number))
                if known != (name, number):
                    found.append((" ".join(run), known, (name, number)))
    return found


def _runs(row: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(row[k:] for k in range(RUN)), strict=False)


def about(rows: Sequence[Row]) -> dict[str, Any]:
    """Counts of one file; `likeness` is the mean cosine to the nearest other text (words weighed by rarity)."""
    every = [word for row in rows for word in words(row["text"])]
    table = TfidfVectorizer(tokenizer=words, token_pattern=None, lowercase=False).fit_transform(
        [row["text"] for row in rows]
    )
    near = np.asarray((table @ table.T).todense())
    np.fill_diagonal(near, 0)
    told = [row for row in rows if "story" in row]
    return {
        "texts": len(rows),
        "words": len(every),
        "types_per_token": round(len(set(every)) / len(every), 3),
        "likeness": round(float(near.max(axis=1).mean()), 3),
        "stories": round(sum(row["story"] for row in told) / len(told), 3) if told else None,
        "languages": dict(Counter(row.get("lang", "ru") for row in rows).most_common()),
    }


if __name__ == "__main__":
    for one in FILES:
        print(json.dumps({"file": one} | about(read_rows(f"{one}.jsonl")), ensure_ascii=False))  # noqa: T201
