"""The engine's consumer, as the worker command wants it."""

from __future__ import annotations

from huey import Huey
from huey.consumer import Consumer


def consumer(engine: Huey, *, threads: int) -> Consumer:
    """Threads share one process; recurring jobs are ours (kernel.periodic), not the engine's."""
    return Consumer(
        engine, workers=threads, worker_type="thread", periodic=False, initial_delay=0.05, max_delay=1.0
    )
