"""Group commit: what waits while one commit is on its way is stored together by the next.

One thread a process. Nobody waits for others to come: a single call is worked at once, a crowd shares a transaction.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from dataclasses import dataclass

from django.db import connection

from otklik.channels.door import calls

log = logging.getLogger(__name__)

TOGETHER = 64  # calls of one transaction
TOGETHER_BYTES = 4 * 1024 * 1024
WAITING = 1000  # calls that may wait; the next one hears "busy"
WAITING_BYTES = 128 * 1024 * 1024
IDLE = 2.0  # seconds without a call after which the connection to the database is given back


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: calls.Call
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[calls.Answer]


class Writer:
    """`answer` from the event loop; the thread starts with the first call and ends with the process."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()  # None: the end
        self._count = self._bytes = 0  # of what waits or is being stored; touched in the event loop alone
        self._thread: threading.Thread | None = None

    async def answer(self, call: calls.Call) -> calls.Answer:
        """After the commit. A caller that goes away takes nothing back: the event is stored all the same."""
        if self._count >= WAITING or self._bytes >= WAITING_BYTES:
            return calls.BUSY
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[calls.Answer] = loop.create_future()
        self._count += 1
        self._bytes += len(call.body)
        try:
            self._calls.put(_Waiting(call, loop, future))
            return await future
        finally:
            self._count -= 1
            self._bytes -= len(call.body)

    def close(self) -> None:
        """What waits is still answered, then the thread ends and gives its connection back."""
        if self._thread is not None:
            self._calls.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while waiting := self._next():
            try:
                answers = calls.answer([one.call for one in waiting])
            except BaseException:
                log.exception("webhooks")
                answers = [calls.BROKEN] * len(waiting)
            if any(one.status >= 500 for one in answers):  # noqa: PLR2004 our side
                connection.close()  # it may be dead: the next round gets another
            _tell(waiting, answers)
        connection.close()

    def _next(self) -> list[_Waiting]:
        """What waits now, at least one, not more than a short transaction holds; nothing at the end."""
        try:
            one = self._calls.get(timeout=IDLE)
        except queue.Empty:
            connection.close()
            one = self._calls.get()
        found: list[_Waiting] = []
        size = 0
        while one is not None:
            found.append(one)
            size += len(one.call.body)
            if len(found) >= TOGETHER or size >= TOGETHER_BYTES:
                break
            try:
                one = self._calls.get_nowait()
            except queue.Empty:
                break
        if one is None and found:
            self._calls.put(None)  # the next look finds the end again
        return found


def _tell(waiting: list[_Waiting], answers: list[calls.Answer]) -> None:
    for loop in {one.loop for one in waiting}:
        own = [(one.answer, answer) for one, answer in zip(waiting, answers, strict=True) if one.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, own)
        except RuntimeError:
            log.info("a web process ended before its webhooks were answered")  # they come again


def _settle(answered: list[tuple[asyncio.Future[calls.Answer], calls.Answer]]) -> None:
    for future, answer in answered:
        if not future.done():
            future.set_result(answer)
