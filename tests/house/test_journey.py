"""docs/journeys/message.md names files and functions: they must exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "journeys" / "message.md"


def test_every_file_and_function_of_the_journey_exists() -> None:
    for path, name in re.findall(r"`(otklik/[\w/.]+)`: `(\w+)(?:\.\w+)?`", DOCUMENT.read_text()):
        place = ROOT / path
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        text = "\n".join(file.read_text() for file in files)
        assert re.search(rf"^(async )?(def|class) {name}\b|^{name}\b", text, re.MULTILINE), f"{path}: {name}"


def test_the_journey_has_six_steps() -> None:
    assert len(re.findall(r"^\| \d \|", DOCUMENT.read_text(), re.MULTILINE)) == 6
