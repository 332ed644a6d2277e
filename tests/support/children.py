"""Real child processes that are killed at random moments. The seed is printed, so that a run can be repeated."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable

from django.db import connections


def seed() -> int:
    """OTKLIK_SEED, or a new one; printed so that pytest shows it with a failure."""
    value = int(os.environ.get("OTKLIK_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"OTKLIK_SEED={value}")
    return value


def spawn(work: Callable[..., object]) -> int:
    """Run `work` in a forked child with its own database connections; returns the pid."""
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        # psycopg's pool has threads that do not survive a fork: every child opens its own
        for connection in connections.all():
            connection.settings_dict["OPTIONS"] = {
                name: value for name, value in connection.settings_dict["OPTIONS"].items() if name != "pool"
            }
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001 a child has nobody above it who would report
        sys.stderr.write(f"child: {type(error).__name__}: {error}\n")
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int) -> bool:
    """Whether the child has ended by itself (reaped then)."""
    done, _ = os.waitpid(pid, os.WNOHANG)
    return bool(done)


def kill_at_random_moments(
    work: Callable[..., object], *, kills: int, shortest: float, longest: float, rng: random.Random
) -> int:
    """Start `work`, kill -9 it after a random time in seconds, start again; `kills` times. Returns how many hit."""
    hit = 0
    for _ in range(kills * 3):
        pid = spawn(work)
        deadline = time.monotonic() + rng.uniform(shortest, longest)
        finished = False
        while time.monotonic() < deadline and not finished:
            finished = ended(pid)
            time.sleep(0.001)
        if not finished:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            hit += 1
        if hit >= kills:
            break
    return hit


def finish(work: Callable[..., object]) -> None:
    """Run `work` to its end in a child; raises when it fails."""
    pid = spawn(work)
    _, status = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise AssertionError("the last child failed")
