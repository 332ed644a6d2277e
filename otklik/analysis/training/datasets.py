"""The labelled sets a model may learn from ($OTKLIK_SHARED, default ../shared) and their split by date."""

from __future__ import annotations

import csv
import gzip
import os
import re
from dataclasses import dataclass
from pathlib import Path

COMPANIES = ("bank", "telecom")
SPLIT = {"bank": "2014-08-09", "telecom": "2014-08-05"}  # rows from this day on are scored
SUMMER = "2014-07"
_SAME = re.compile(r"https?://\S+|@\w+|\brt\b|[\W_]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text; `target` and `date` are empty where the set has none."""

    text: str
    label: str
    target: str = ""
    date: str = ""
    source: str = ""


def shared() -> Path:
    return Path(os.environ.get("OTKLIK_SHARED", Path(__file__).parents[3].parent / "shared"))


def load(name: str) -> list[Row]:
    """The rows of `data/listening/NAME.csv.gz`."""
    with gzip.open(
        shared() / "data" / "listening" / f"{name}.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        return [
            Row(r["text"], r["label"], r.get("target") or "", r.get("date") or "", name)
            for r in csv.DictReader(file)
        ]


def same(text: str) -> str:
    """What two copies of one post share: letters and digits without links, names and RT."""
    return _SAME.sub(" ", text.lower().replace("ё", "е")).strip()


def companies(part: str = "train") -> list[Row]:
    """Both sets of tweets about companies."""
    return [row for domain in COMPANIES for row in load(f"sentirueval16_{domain}_{part}")]


def once(rows: list[Row]) -> list[Row]:
    """Copies of one post about one company with the same label count once."""
    kept: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        kept.setdefault((same(row.text), row.target, row.label), row)
    return list(kept.values())
