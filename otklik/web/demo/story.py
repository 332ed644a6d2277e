"""The demo's texts as a list of moments, in the order in which they happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Moment:
    """Somebody does something: a message of a customer, an answer or note of staff, or the end of a story."""

    at: datetime
    story: dict[str, Any]
    index: int  # of the message; -1 for the end
    message: dict[str, Any]


def company() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / "company.json").read_text(encoding="utf-8"))
    return data


def stories() -> Iterator[dict[str, Any]]:
    for path in sorted(DATA.glob("conversations-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def moments(now: datetime) -> list[Moment]:
    """Everything that happened before `now`, oldest first."""
    found = []
    for story in stories():
        at = now - timedelta(days=float(story["days_ago"]))
        for index, message in enumerate(story["messages"]):
            at += timedelta(minutes=float(message["after_min"] or 0))
            found.append(Moment(min(at, now), story, index, message))
        found.append(Moment(min(at + timedelta(minutes=3), now), story, -1, {}))
    return sorted(found, key=lambda moment: (moment.at, moment.story["key"], moment.index < 0, moment.index))
