"""Chat completions of OpenAI-compatible endpoints: the request, and what an answer means.

Written from the public reference of OpenAI (POST {base}/chat/completions; errors as {"error": {"message", "type",
"code", "param"}}) and from where compatible servers differ: older ones know neither `response_format` nor
`max_completion_tokens`, reasoning models refuse `max_tokens` and `temperature`. What an endpoint refuses is learnt from
its answer (a quirk) and left out from then on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from otklik.analysis.second.prompt import Labels, messages, schema

MOST_ANSWERED = 1_500  # tokens
SIGNS_A_TOKEN = 2  # of Cyrillic, at worst
LONGEST_WAIT = 3_600.0  # seconds an endpoint may ask for
EXCERPT = 200
OK, MOVED, REFUSED = 2, 3, 4  # hundreds of a status
# what may be left out, in the order it is tried
QUIRKS = ("no_schema", "no_object", "new_limit", "no_temperature")


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent: path, body, and how many tokens it may cost at most."""

    body: bytes
    tokens: int


@dataclass(frozen=True, slots=True)
class Said:
    """An answer with its price."""

    content: str
    tokens: int | None  # None: the endpoint names no price


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is none. `again`: asking again may help; `person`: somebody must change something first."""

    code: str
    again: bool = False
    person: bool = False
    paid: bool = False  # tokens may have been spent
    wait: float = 0.0  # seconds the endpoint asks for
    quirk: str = ""  # to be left out from now on
    detail: str = ""


def question(
    model: str, text: str, labels: Labels, quirks: Sequence[str], notes: Mapping[str, str] | None = None
) -> Question:
    """The request of one text (masked). `notes`: what is to be added to the meaning of a field."""
    body: dict[str, Any] = {"model": model, "messages": messages(text, labels, notes or {})}
    body["max_completion_tokens" if "new_limit" in quirks else "max_tokens"] = MOST_ANSWERED
    if "no_temperature" not in quirks:
        body["temperature"] = 0
    if "no_schema" not in quirks:
        answer = {"name": "reading", "strict": True, "schema": schema(labels)}
        body["response_format"] = {"type": "json_schema", "json_schema": answer}
    elif "no_object" not in quirks:
        body["response_format"] = {"type": "json_object"}
    sent = json.dumps(body, ensure_ascii=False)
    return Question(sent.encode(), len(sent) // SIGNS_A_TOKEN + MOST_ANSWERED)


def headers(key: str) -> dict[str, str]:
    """A key may be missing: servers of one's own often want none."""
    given = {"content-type": "application/json", "accept": "application/json"}
    return {**given, "authorization": f"Bearer {key}"} if key else given


def judge(status: int, head: Mapping[str, str], content: bytes, now: datetime) -> Said | Trouble:
    """What an answer means. Never raises."""
    document = _document(content)
    kind = status // 100
    if kind == OK:
        return Trouble("not_json", paid=True) if document is None else _said(document)
    if kind == MOVED:
        return Trouble("moved", person=True)
    fault = _fault(document)
    if status in _FIXED:
        return _FIXED[status]
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return Trouble("no_model" if _names_model(fault) else "wrong_address", person=True)
    asked = _wait(head.get("retry-after", ""), now)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        spent = "insufficient_quota" in (fault["code"], fault["type"])
        return Trouble("no_money", person=True) if spent else Trouble("too_often", again=True, wait=asked)
    if kind != REFUSED or status == HTTPStatus.REQUEST_TIMEOUT:
        return Trouble("far_fault", again=True, wait=asked, detail=str(status))
    quirk = _quirk(fault)
    return Trouble("bad_request", quirk=quirk, detail=fault["message"][:EXCERPT] or str(status))


_FIXED: dict[int, Trouble] = {
    HTTPStatus.UNAUTHORIZED: Trouble("wrong_key", person=True),
    HTTPStatus.PAYMENT_REQUIRED: Trouble("no_money", person=True),
    HTTPStatus.FORBIDDEN: Trouble("forbidden", person=True),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Trouble("too_long"),
}


def _document(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _said(document: dict[str, Any]) -> Said | Trouble:
    choices = document.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        return Trouble("no_answer", paid=True)
    if message.get("refusal") or first.get("finish_reason") == "content_filter":
        return Trouble("refused", paid=True)
    content = message.get("content")
    if isinstance(content, list):  # parts, as some servers send them
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str) or not content.strip():
        return Trouble("no_answer", paid=True)
    return Said(content, _tokens(document.get("usage")))


def _tokens(usage: Any) -> int | None:
    given = usage if isinstance(usage, dict) else {}
    total = _count(given.get("total_tokens"))
    parts = _count(given.get("prompt_tokens")) + _count(given.get("completion_tokens"))
    return min(total or parts, 10**9) or None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _fault(document: dict[str, Any] | None) -> dict[str, str]:
    """The parts of an error, as text."""
    given = (document or {}).get("error", document)
    parts = given if isinstance(given, dict) else {"message": given if isinstance(given, str) else ""}
    named = {name: str(parts.get(name) or "") for name in ("message", "type", "code", "param")}
    named["message"] = named["message"] or str(parts.get("detail") or "")
    return named


def _names_model(fault: Mapping[str, str]) -> bool:
    return "model" in f"{fault['code']} {fault['param']} {fault['message']}".lower()


def _quirk(fault: Mapping[str, str]) -> str:
    """Which part of the request a refusal names."""
    told = f"{fault['param']} {fault['message']} {fault['code']}".lower()
    if (
        "response_format" in told
        or "json_schema" in told
        or "json_object" in told
        or "structured output" in told
    ):
        return "no_schema" if "json_schema" in told or "json_object" not in told else "no_object"
    if "max_tokens" in told or "max_completion_tokens" in told:
        return "new_limit"
    return "no_temperature" if "temperature" in told else ""


def left_out(quirks: Sequence[str], more: str) -> list[str] | None:
    """The quirks with one more; None when it brings nothing new (then asking again is no use)."""
    if more == "no_schema" and more in quirks:
        more = "no_object"
    return None if not more or more in quirks else [*quirks, more]


def _wait(value: str, now: datetime) -> float:
    """Seconds of a Retry-After: a number or a date (RFC 9110, 10.2.3)."""
    value = value.strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return min(float(value[:12]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return 0.0
    if moment.tzinfo is None:
        return 0.0
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_WAIT)
