"""The webhook door in front of Django: no session, no middleware between a platform and the disk."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from otklik.channels.door import calls
from otklik.channels.door.writer import Writer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Application = Callable[
    [Any, Any, Any], Awaitable[None]
]  # Django's own types name dicts where ASGI says mappings

# as in channels/urls.py
ADDRESS = re.compile(r"/hooks/([-\w]+)/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([^/]+)", re.ASCII)


class Front:
    """ASGI application: answers POSTs to the addresses of webhooks, gives everything else to `inner`."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner
        self._writer = Writer()

    def close(self) -> None:
        """Ends the thread that stores."""
        self._writer.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = ADDRESS.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if address is None or scope["method"] != "POST":
            await self._inner(scope, receive, send)
            return
        headers = _headers(scope)
        try:
            body = await _body(headers, receive)
        except ConnectionError:
            return  # the far end hung up: nobody is there to be answered
        if body is None:
            await _say(send, calls.TOO_LARGE, close=True)
            return
        kind, public_id, secret = address.groups()
        call = calls.Call(kind, uuid.UUID(public_id), secret, headers, body)
        await _say(send, await self._writer.answer(call))


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


async def _body(headers: dict[str, str], receive: Receive) -> bytes | None:
    """The body, or None when it is larger than MAX_BODY: the rest of it is not read."""
    said = headers.get("content-length", "")
    if said.isdigit() and int(said) > calls.MAX_BODY:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body += message.get("body", b"")
        if len(body) > calls.MAX_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _say(send: Send, answer: calls.Answer, *, close: bool = False) -> None:
    content = json.dumps(answer.content).encode()
    headers = {**answer.headers, "Content-Type": "application/json", "Content-Length": str(len(content))}
    if close:  # what is still on its way is not wanted
        headers["Connection"] = "close"
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": content})
