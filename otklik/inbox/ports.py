"""What the inbox asks of domains to its left; filled in `web/wiring.py`, harmless until then."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from otklik.kernel.errors import NotFound, OtklikError

__all__ = ["Gate", "NotFound", "Refusal", "Refused", "reply_gates", "require_gates"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer must wait: a stable code and a sentence."""

    code: str
    sentence: str


# (conversation id, text, user id) → reasons; a gate returns reasons and never raises
Gate = Callable[[int, str, int], list[Refusal]]
reply_gates: list[Gate] = []


class Refused(OtklikError):
    code = "reply_refused"
    status = 409
    text = _("The answer cannot go yet: %(reasons)s")


def require_gates(conversation_id: int, text: str, user_id: int) -> None:
    """Ask every gate; one that fails means wait. Raises Refused with all reasons."""
    reasons: list[Refusal] = []
    for gate in reply_gates:
        try:
            reasons += gate(conversation_id, text, user_id)
        except Exception:
            log.exception("reply gate failed")
            reasons.append(Refusal("gate_failed", str(_("a check could not be made; try again"))))
    if reasons:
        raise Refused(reasons="; ".join(reason.sentence for reason in reasons))
