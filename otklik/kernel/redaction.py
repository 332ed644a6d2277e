"""Keeps secrets and addresses out of logs, whatever a library writes there."""

from __future__ import annotations

import logging
import re

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"(?i)(authorization|api[-_]key|token|secret|password|auth)(\"?\s*[:=]\s*\"?)(bearer\s+)?[^\s\",}&]+"
        ),
        r"\1\2…",
    ),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "…@…"),
    (re.compile(r"(?<!\d)(\+7|8)[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)"), "+7…"),
)


def redact(text: str) -> str:
    """Mask secrets, mail addresses and Russian phone numbers."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactionFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = None
        return True
