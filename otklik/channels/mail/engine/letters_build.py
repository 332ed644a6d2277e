"""Rebuild `letters.py`: `python -m otklik.channels.mail.engine.letters_build $OTKLIK_SHARED`.

Counts pairs of neighbouring letters in Russian customer texts (SentiRuEval-2016, MIT) and keeps one
digit per pair, so that the table stays readable and small.
"""

from __future__ import annotations

import csv
import gzip
import math
import re
import sys
from collections import Counter
from pathlib import Path

ALPHABET = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
WORD = re.compile(r"[а-яё]+")
HEADER = '''"""How usual a pair of Russian letters is: row = first, column = second, 9 usual … 0 never seen.

The last row and column stand for the edge of a word. Made by `letters_build.py`; do not edit.
"""

from __future__ import annotations

ALPHABET = "{alphabet}"

PAIRS = (
{rows})
'''


def count_pairs(folder: Path) -> Counter[str]:
    pairs: Counter[str] = Counter()
    for path in sorted(folder.glob("listening/sentirueval16_*_train.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                for word in WORD.findall(row["text"].lower().replace("ё", "е")):
                    framed = f"^{word}^"
                    pairs.update(framed[i : i + 2] for i in range(len(framed) - 1))
    return pairs


def digit(count: int, total: int) -> str:
    """9 for one pair in a hundred and more, one step less per factor of about 2.2."""
    if count < 3:
        return "0"
    return str(max(1, min(9, round(9 + math.log(count / total * 100) / 0.8))))


def main(shared: str) -> None:
    pairs = count_pairs(Path(shared) / "data")
    total = sum(pairs.values())
    letters = ALPHABET + "^"
    rows = "".join('    "' + "".join(digit(pairs[a + b], total) for b in letters) + '",\n' for a in letters)
    target = Path(__file__).with_name("letters.py")
    target.write_text(HEADER.format(alphabet=ALPHABET, rows=rows), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
