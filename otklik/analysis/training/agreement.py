"""How far two labellers agree on the labels of our texts: `.venv/bin/python -m otklik.analysis.training.agreement`.

The second labels are in `data/second_labels.jsonl`, tied to a text by the SHA-1 of its UTF-8. Cohen's kappa is
(p_o - p_e) / (1 - p_e): agreement above what two labellers with these habits would reach by chance. Where a text has
several labels, the main one is compared with kappa and the sets with micro-F1.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from otklik.analysis.training.rows import Row, read_rows

MAIN = ("intent", "cause")  # several labels a text, the main one first
SETS = ("intent", "cause", "signals")
ONE = (
    "tone", "intent", "cause", "expects_reply", "severity", "complexity", "impact", "urgency", "safety", "abuse",
    "rumour",
)  # fmt: skip


def pairs() -> list[tuple[Row, Row]]:
    """Texts of the training files that were labelled twice: the first and the second labels."""
    first = {
        hashlib.sha1(row["text"].encode(), usedforsecurity=False).hexdigest(): row
        for name in ("texts_train.jsonl", "texts_more.jsonl")
        for row in read_rows(name)
    }
    return [(first[row["sha1"]], row) for row in read_rows("second_labels.jsonl")]


def agreement(first: Sequence[Any], second: Sequence[Any]) -> tuple[float, float]:
    """The share of equal labels and Cohen's kappa; kappa is 1 where both only ever gave one and the same label."""
    count = len(first)
    equal = sum(a == b for a, b in zip(first, second, strict=True)) / count
    ours, theirs = Counter(first), Counter(second)
    chance = sum(ours[label] * theirs[label] for label in ours) / count**2
    return equal, 1.0 if chance == 1 else (equal - chance) / (1 - chance)


def overlap(first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]) -> float:
    """Micro-F1 between two labellers who give several labels a text."""
    both = sum(len(set(a) & set(b)) for a, b in zip(first, second, strict=True))
    given = sum(len(set(labels)) for labels in (*first, *second))
    return 2 * both / given if given else 1.0


def main_label(row: Row, field: str) -> Any:
    if field not in MAIN:
        return row[field]
    return row[field][0] if row[field] else ""


def table(twice: Sequence[tuple[Row, Row]]) -> str:
    """The agreement of every field as lines of Markdown."""
    lines = ["| field | texts | agree | kappa |", "|---|---|---|---|"]
    for field in ONE:  # the short texts have no first label but intent, cause and signals
        labels = [(main_label(a, field), main_label(b, field)) for a, b in twice if field in a]
        equal, kappa = agreement([a for a, _ in labels], [b for _, b in labels])
        lines.append(
            f"| {'main ' if field in MAIN else ''}{field} | {len(labels)} | {equal:.3f} | {kappa:.3f} |"
        )
    several = [
        f"{field} {overlap([a[field] for a, _ in twice], [b[field] for _, b in twice]):.3f}" for field in SETS
    ]
    return "\n".join([*lines, "", f"Several labels a text, micro-F1: {', '.join(several)}."])


def main() -> int:
    twice = pairs()
    print(f"{len(twice)} texts labelled twice\n")
    print(table(twice))
    return 0


if __name__ == "__main__":
    sys.exit(main())
