"""Texts alone, without a database: search tokens and mails taken apart."""

from __future__ import annotations

import random
import time
from typing import Any

from bench.mails import mails
from bench.row import Row, at_least
from bench.stand import measured
from bench.texts import letter

NAME = "Texts"
BUDGET = "no budget of its own; both stand on the path of every mail"
TIMEOUT = 90
COUNT = {"small": 4_000, "full": 40_000}


def run(size: str) -> list[Row]:
    found: dict[str, Any] = measured("bench.bench_text", "texts", "sqlite", count=COUNT[size])
    return [
        at_least("search tokens, first meeting of each word", found["cold"], "tokens/s", limit_name="stems"),
        at_least("search tokens, dictionary warm", found["warm"], "tokens/s", limit_name="stems"),
        at_least("mails parsed, cleaned, cut", found["mails"], "mails/s", limit_name="mails"),
    ]


def texts(count: int) -> dict[str, float]:
    """In the child: tokens/s cold and warm, mails/s through the whole parser."""
    from otklik.channels.mail.engine.parse import parse  # noqa: PLC0415 Django is ready only now
    from otklik.kernel import textindex  # noqa: PLC0415

    rng = random.Random(11)
    letters = [letter(rng) for _ in range(count)]
    words = sum(len(textindex._WORD.findall(one)) for one in letters)
    textindex.token("прогрев")
    rates = []
    for _ in range(2):
        started = time.perf_counter()
        for one in letters:
            textindex.tokens(one)
        rates.append(words / (time.perf_counter() - started))
    raw = list(mails(count // 4, seed=12))
    parse(raw[0])
    started = time.perf_counter()
    for mail in raw:
        parse(mail)
    return {"cold": rates[0], "warm": rates[1], "mails": len(raw) / (time.perf_counter() - started)}
