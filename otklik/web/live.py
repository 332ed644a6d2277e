"""Live updates: server-sent events out of the durable stream of `kernel.events`.

One poller a process reads the database and hands each event to the streams of its organisation, so the cost does
not grow with the number of open tabs. A stream gets ids and topics, never texts: the screen fetches what it shows,
and the rights are checked there.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from otklik.accounts.events import TOPIC_SESSIONS_ENDED
from otklik.accounts.models import User
from otklik.inbox.events import TOPIC_PERSONAL
from otklik.kernel import events
from otklik.kernel.events import Cursor
from otklik.kernel.models import Event

log = logging.getLogger(__name__)

POLL = 0.3  # seconds between two looks at the database
HEARTBEAT = 15.0  # seconds of silence before a line that keeps proxies from closing
SESSION_CHECK = 15.0  # seconds between two looks whether the signed-in still are
QUEUE = 1000  # events a slow client may be behind before its stream ends; it resumes where it was
CATCH_UP = 2000  # events a returning client gets; with more it is told to load its lists again
SHORT = 64  # characters of a string that may be an id or a code

T = TypeVar("T")


@dataclass(eq=False)
class Client:
    """One open stream. `position` is the last event it has: nothing before it is sent again."""

    organisation_id: int
    user_id: int
    session_key: str
    position: Cursor
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))

    def offer(self, event: Event) -> None:
        here = events.position(event)
        if here <= self.position or not _is_for(event, self):
            return
        self.position = here
        self._put(frame(event))

    def _put(self, chunk: bytes) -> None:
        try:
            self.queue.put_nowait(chunk)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """Close the stream; what waits is dropped, the browser comes back with its Last-Event-ID."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


def _is_for(event: Event, client: Client) -> bool:
    if event.organisation_id != client.organisation_id:
        return False
    return event.topic != TOPIC_PERSONAL or event.payload.get("user_id") == client.user_id


def frame(event: Event) -> bytes:
    """One event on the wire. Only ids, codes and flags pass, whatever somebody put into the payload."""
    data = json.dumps({"topic": event.topic, "payload": _plain(event.payload)}, ensure_ascii=False)
    return f"id: {events.position(event)}\ndata: {data}\n\n".encode()


def _plain(payload: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, int) for each in value)
    return isinstance(value, int | bool | None) or (isinstance(value, str) and len(value) <= SHORT)


class Hub:
    """The streams of one process and the poller that feeds them; it rests while nobody listens."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self.cursor = Cursor()
        self._task: asyncio.Task[None] | None = None
        # one thread with one connection: polling never waits behind requests, nor they behind it
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live")

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def join(self, client: Client, resume: Cursor | None) -> bool:
        """Add a stream; False when it missed too much to be told event by event."""
        if self._task is None or self._task.done():
            latest = await self._in_thread(_latest)
            if self._task is None or self._task.done():  # two may have waited
                self.cursor = latest
                self.clients.add(client)
                self._task = asyncio.create_task(self._poll())
        reached = self.cursor
        client.position = max(resume, reached) if resume else reached
        self.clients.add(client)
        if resume is None or resume >= reached:
            return True
        missed = await self._in_thread(_missed, resume, client.organisation_id)
        if len(missed) > CATCH_UP:
            return False
        await self._hand_over(client, [each for each in missed if events.position(each) <= reached])
        return True

    async def _hand_over(self, client: Client, missed: list[Event]) -> None:
        """Put what was missed before what the poller has offered meanwhile."""
        later = []
        while not client.queue.empty():
            later.append(client.queue.get_nowait())
        chunks = [frame(event) for event in missed if _is_for(event, client)]
        client.queue = asyncio.Queue(max(QUEUE, len(chunks) + len(later) + QUEUE))
        for chunk in (*chunks, *later):
            client.queue.put_nowait(chunk)

    def leave(self, client: Client) -> None:
        self.clients.discard(client)

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while self.clients:
            try:
                batch = await self._in_thread(_after, self.cursor)
                self._distribute(batch)
                if loop.time() - checked >= SESSION_CHECK:
                    checked = loop.time()
                    await self._end_signed_out()
            except Exception as error:  # the database may be restarting: the streams stay, nothing is skipped
                log.warning("live updates postponed: %s", type(error).__name__)
            await asyncio.sleep(POLL)
        self._task = None  # before anything else waits: who joins now starts the next poller
        await self._in_thread(connections.close_all)

    def _distribute(self, batch: Iterable[Event]) -> None:
        for event in batch:
            self.cursor = events.position(event)
            for client in list(self.clients):
                client.offer(event)
            if event.topic == TOPIC_SESSIONS_ENDED:
                self._end([each for each in self.clients if each.user_id == event.payload.get("user_id")])

    async def _end_signed_out(self) -> None:
        waiting = list(self.clients)
        alive = await self._in_thread(
            _alive, {each.session_key for each in waiting}, {each.user_id for each in waiting}
        )
        self._end(
            [each for each in waiting if each.session_key not in alive[0] or each.user_id not in alive[1]]
        )

    def _end(self, clients: list[Client]) -> None:
        for client in clients:
            client.end()


def _guarded(work: Callable[[], T]) -> T:
    """A connection that broke is thrown away, so that the next look opens a new one."""
    try:
        return work()
    except Exception:
        connection.close()
        raise


def _latest() -> Cursor:
    return _guarded(events.latest)


def _after(cursor: Cursor) -> list[Event]:
    return _guarded(lambda: events.after(cursor))


def _missed(cursor: Cursor, organisation_id: int) -> list[Event]:
    return _guarded(lambda: events.after(cursor, organisation_id=organisation_id, limit=CATCH_UP + 1))


def _alive(keys: set[str], users: set[int]) -> tuple[set[str], set[int]]:
    sessions = Session.objects.filter(session_key__in=keys).values_list("session_key", flat=True)
    people = User.objects.filter(pk__in=users, is_active=True).values_list("pk", flat=True)
    return _guarded(lambda: (set(sessions), set(people)))


hub = Hub()


async def body(client: Client, resume: Cursor | None) -> AsyncIterator[bytes]:
    """The chunks of one stream until the browser leaves, the session ends or the server stops."""
    # the request's own connection would stay open as long as the tab: with a pool of twelve the thirteenth tab hangs
    await sync_to_async(connections.close_all)()
    try:
        whole = await hub.join(client, resume)
        here = resume if whole and resume else client.position
        yield f"retry: 2000\nevent: position\nid: {here}\ndata: {{}}\n\n".encode()
        if not whole:
            yield b"event: resync\ndata: {}\n\n"
        while True:
            try:
                chunk = await asyncio.wait_for(client.queue.get(), HEARTBEAT)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if chunk is None:
                return
            yield chunk
    finally:
        hub.leave(client)


@login_not_required
async def stream(request: HttpRequest) -> HttpResponseBase:
    """GET /live: `Last-Event-ID` (or `?after=`) resumes; 403 for those who are not signed in."""
    user = await request.auser()
    if not isinstance(user, User) or not user.is_active:
        return HttpResponse(status=403)
    given = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    resume = Cursor.parse(given) if given else None
    client = Client(user.organisation_id, user.pk, request.session.session_key or "", Cursor())
    response = StreamingHttpResponse(body(client, resume), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response
