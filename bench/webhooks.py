"""The far end of `bench_webhook`: a platform that keeps many connections open and signs every event.

One process of its own, so that its processor time can be told from ours.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvloop
from standardwebhooks.webhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONNECTIONS = 32  # open at the same time; Telegram, for one, takes up to 40 unless told otherwise


@dataclass
class Load:
    """Milliseconds of every event that was acknowledged, the seconds it all took, processor seconds of this side."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    processor: float = 0.0


def load(port: int, path: str, seconds: float, *, pace: float, name: str) -> Load:
    """Send for `seconds`; `pace`: events/s whatever the answers take, 0 = as fast as they come.

    With a pace the clock of an event starts at the moment it was due, not when a connection was free for it.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_run, (port, path, seconds, pace, name))


def _run(port: int, path: str, seconds: float, pace: float, name: str) -> Load:
    busy = time.process_time()
    found = uvloop.run(_send(port, path, seconds, pace, name))
    found.processor = time.process_time() - busy
    return found


async def _send(port: int, path: str, seconds: float, pace: float, name: str) -> Load:
    found = Load()
    signer = Webhook(SECRET)
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    started = time.perf_counter()
    # shared by all connections: whoever is free takes the next event
    moments = _moments(started, seconds, pace)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, due in moments:
            request = _request(signer, port, path, f"{name}-{number}", number)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            began = due if pace else time.perf_counter()
            writer.write(request)
            await _acknowledged(reader)
            found.latencies.append((time.perf_counter() - began) * 1000)
        writer.close()

    await asyncio.gather(*(one(*each) for each in opened))
    found.seconds = time.perf_counter() - started
    return found


def _moments(started: float, seconds: float, pace: float) -> Iterator[tuple[int, float]]:
    for number in itertools.count():
        due = started + number / pace if pace else time.perf_counter()
        if due - started > seconds:
            return
        yield number, due


async def _acknowledged(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(head.decode("latin-1").splitlines()[0])


def _request(signer: Webhook, port: int, path: str, identity: str, number: int) -> bytes:
    text = json.dumps(_payload(identity, number))
    body, now = text.encode(), datetime.now(UTC)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost:{port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nwebhook-id: {identity}\r\nwebhook-timestamp: {int(now.timestamp())}\r\n"
        f"webhook-signature: {signer.sign(identity, now, text)}\r\n\r\n"
    )
    return head.encode() + body


def _payload(identity: str, number: int) -> dict[str, Any]:
    return {
        "id": identity,
        "author": {"id": f"buyer-{number % 500}", "name": "Анна Белова"},
        "text": f"Заказ {number}: холодильник привезли с вмятиной, прошу заменить или вернуть деньги.",
        "thread": f"chat-{number % 500}" if number % 2 else "",
    }
