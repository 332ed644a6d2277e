"""How many rows fit into one short transaction: learnt from the time the last ones took.

SQLite has one writer: a transaction that lasts keeps everybody else waiting, one of a few rows wastes its commit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

AIM = 0.025  # seconds of a usual transaction, so that nearly all stay under 0.05 (rule 2 of DESIGN)
GROWTH = 1.5  # at most this much larger than the last one: a fast one may have been luck
MOST = 500


class BatchSize:
    """`size` rows for the next transaction. Falls at once when rows get dear, grows step by step."""

    def __init__(self, start: int, *, least: int = 40, most: int = MOST) -> None:
        self.size = start
        self._least = least
        self._most = most

    @contextmanager
    def timed(self, rows: int) -> Iterator[None]:
        """Around the transaction; one that fails teaches nothing."""
        began = time.perf_counter()
        yield
        self.learn(rows, time.perf_counter() - began)

    def learn(self, rows: int, seconds: float) -> None:
        """A transaction of `rows` rows took so long."""
        if rows < self.size / 2:  # the rest of a file: mostly the cost of the commit
            return
        fitting = rows * AIM / max(seconds, 1e-6)
        self.size = int(max(self._least, min(fitting, self.size * GROWTH, self._most)))
