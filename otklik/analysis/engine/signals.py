"""Signals beside the intent: tried before, leaves, threatens with law or media, a child, a promise not kept …"""

from __future__ import annotations

import numpy as np

from otklik.analysis.engine import facts
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.linear import likeliest

CERTAIN = frozenset({"legal_threat", "media_threat", "child", "vulnerable_person", "deadline_named"})
PLAIN = 0.7  # probability of a deadline that is named in so many words
ENOUGH = 0.3  # with a phrase of its own, this much probability is enough


def signals(seen: Content) -> list[list[tuple[str, float]]]:
    """The signals of every text with their probabilities, the likeliest first."""
    head = seen.model.heads["signals"]
    shares, chosen = seen.shares("signals"), head.chosen(seen.head("signals"))
    for k, name in enumerate(head.labels):
        if name in CERTAIN:
            chosen[:, k] |= seen.met(f"signals.{name}") & (shares[:, k] >= ENOUGH)
    dated, named = facts.met(seen, "deadline"), head.labels.index("deadline_named")
    chosen[:, named] |= dated
    chosen[facts.mocking(seen), head.labels.index("praise_employee")] = False
    chosen[facts.pleased(seen), head.labels.index("legal_threat")] = False  # «претензий нет»
    shares = shares.copy()
    shares[dated, named] = np.maximum(shares[dated, named], PLAIN)
    return [
        [(head.labels[k], round(share[k], 4)) for k in likeliest(share, given)]
        for share, given in zip(shares.tolist(), chosen.tolist(), strict=True)
    ]
