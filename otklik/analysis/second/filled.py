"""A second opinion beside our own reading: `data["second"]`. It fills what abstained and overrides nothing.

`{"opinion", "model", "at", "filled": [field], "fields": the fields as `answer.parse` gives them}`
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

LEAST = 0.5  # confidence from which an opinion fills a field


def filled(data: Mapping[str, Any]) -> list[str]:
    """Fields whose label comes from the second opinion."""
    return list(data.get("second", {}).get("filled", ()))


def doubts(data: Mapping[str, Any], corrected: Collection[str]) -> list[str]:
    """Fields that abstained, and neither a person nor a second opinion has settled."""
    settled = {*corrected, *filled(data)}
    return [name for name in data["abstained"] if name not in settled]


def labels(data: Mapping[str, Any], field: str) -> list[str] | None:
    """What the second opinion says of a field, the main label first; None when it says nothing."""
    given = data.get("second", {}).get("fields", {}).get(field)
    if given is None:
        return None
    if isinstance(given, list):
        return [str(one["label"]) for one in given] or [""]
    return [str(given["label"] if isinstance(given, Mapping) else given)]


def fills(answer: Mapping[str, Any], data: Mapping[str, Any], corrected: Collection[str]) -> list[str]:
    """Fields that an answer settles: abstained, not spoken of by a person, and answered with confidence."""
    sure = answer.get("confidence", {})
    return [
        name
        for name in data["abstained"]
        if name not in corrected and name in answer and sure.get(name, 0) >= LEAST
    ]
