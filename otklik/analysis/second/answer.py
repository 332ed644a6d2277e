"""The answer of an outside model, believed in nothing: known labels only, quotes only where they stand in the text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from otklik.analysis.second.masking import Masked
from otklik.analysis.second.prompt import QUOTES, SEVERAL, Labels

LONGEST_QUOTE = 300
LONGEST_ANSWER = 60_000  # characters that are looked through
NUMBERS = ("severity",)
_THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


class Unreadable(ValueError):
    """There is no JSON object in what came."""


def parse(content: str, masked: Masked, labels: Labels) -> dict[str, Any]:
    """The fields of the contract that could be believed, with `evidence` in code points of the original text.

    `{"tone": {"label", "p"}, "intent": [{"label", "p"}], "severity": 2, …, "evidence": {}, "confidence": {}}`; a field
    without a known label is missing. Raises Unreadable.
    """
    given = _object(content)
    found: dict[str, Any] = {"evidence": {}, "confidence": {}}
    for name, known in labels.items():
        one = given.get(name)
        if isinstance(one, (str, int, list)):  # a bare label, from models that take no schema
            one = {"labels": one} if isinstance(one, list) else {"label": one}
        if not isinstance(one, dict):
            continue
        chosen = _labels(name, one, known)
        if not chosen and not (name == "cause" and one.get("labels") == []):
            continue
        sure = _share(one.get("confidence"))
        found[name] = _shaped(name, chosen, sure)
        found["confidence"][name] = sure
        if spans := _spans(one.get("quotes"), masked):
            found["evidence"][name] = spans
    return found


def _object(content: str) -> dict[str, Any]:
    """The first JSON object in a text that may have fences, thoughts or politeness around it."""
    text = _THINKING.sub("", content[:LONGEST_ANSWER])
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            found, _end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    raise Unreadable


def _labels(name: str, given: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    asked = given.get("labels", given.get("label"))
    several = asked if isinstance(asked, list) else [asked]
    words = [str(one) for one in several if isinstance(one, (str, int)) and not isinstance(one, bool)]
    kept = list(dict.fromkeys(one for one in words if one in known))
    return kept[: SEVERAL.get(name, 1)]


def _shaped(name: str, chosen: list[str], sure: float) -> Any:
    if name in SEVERAL:
        return [{"label": one, "p": sure} for one in chosen]
    if name == "tone":
        return {"label": chosen[0], "p": {chosen[0]: sure}}
    return int(chosen[0]) if name in NUMBERS else chosen[0]


def _share(value: Any) -> float:
    """A number between 0 and 1; what is none counts as not sure."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0.5
    return round(min(max(float(value), 0.0), 1.0), 3)


def _spans(quotes: Any, masked: Masked) -> list[list[int]]:
    """Where the quotes stand in the original; one that does not stand there literally is dropped."""
    found = []
    for quote in quotes[:QUOTES] if isinstance(quotes, list) else ():
        if not isinstance(quote, str) or not quote.strip() or len(quote) > LONGEST_QUOTE:
            continue
        words = quote.strip()
        start = masked.text.find(words)
        if start >= 0:
            found.append(masked.back(start, start + len(words)))
    return sorted(found)
