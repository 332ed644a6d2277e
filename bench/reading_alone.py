"""A process that only reads: rate in processor seconds, start-up, peak memory. Called by bench_analysis."""

from __future__ import annotations

import json
import resource
import sys
import time

from otklik.analysis.engine.trained import models, read_trained

BATCH = 256


def alone(texts: list[tuple[str, str | None]]) -> dict[str, float]:
    """texts/s of processor time, seconds until the first answer, MB at the peak."""
    begin = time.perf_counter()
    models()
    read_trained(["Добрый день"])
    start = time.perf_counter() - begin
    begin = time.process_time()
    for k in range(0, len(texts), BATCH):
        part = texts[k : k + BATCH]
        read_trained([text for text, _ in part], [name for _, name in part])
    rate = len(texts) / (time.process_time() - begin)
    return {"rate": rate, "start": start, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    print(json.dumps(alone([(text, name) for text, name in json.load(sys.stdin)])))
