"""A process that only reads: rate in processor seconds, start-up, peak memory. Called by bench_analysis.

It stays on one core, reads the texts several times and tells the best time: the other rounds met other work.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.engine.trained import read_trained

BATCH = 256
ROUNDS = 5


def alone(texts: list[tuple[str, str | None]]) -> dict[str, float]:
    """texts/s of processor time (all fields; the trained half), seconds until the first answer, MB at the peak."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    begin = time.perf_counter()
    reader = Reader()
    reader.settle()
    start = time.perf_counter() - begin
    items = [Item(*one) for one in texts]
    return {
        "rate": rate(items, reader.read),
        "trained": rate(items, lambda part: read_trained([i.text for i in part], [i.object for i in part])),
        "start": start,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def rate(items: list[Item], read: Callable[[list[Item]], Any]) -> float:
    """The best of ROUNDS, in texts per second of processor time."""
    best = 0.0
    for _ in range(ROUNDS):
        begin = time.process_time()
        for k in range(0, len(items), BATCH):
            read(items[k : k + BATCH])
        best = max(best, len(items) / (time.process_time() - begin))
    return best


if __name__ == "__main__":
    print(json.dumps(alone([(text, name) for text, name in json.load(sys.stdin)])))
