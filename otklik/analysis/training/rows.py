"""Our own labelled texts, as lines of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"

Row = dict[str, Any]


def read_rows(name: str) -> list[Row]:
    """The lines of one of our data files."""
    return [
        json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.strip()
    ]
