"""A TCP proxy whose faults a test decides: the network as it is on a bad day.

    with Proxy("127.0.0.1", server.smtp_port) as proxy:
        proxy.next(Fault(lose_answer_to=b"\\r\\n.\\r\\n"))   # accepted, and the client never learns
        send(host="127.0.0.1", port=proxy.port)

Each connection takes the next planned fault, then `always`. `Fault.random(rng, …)` cuts at a random byte:
seed the generator and print the seed.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import struct
import threading
from dataclasses import dataclass, field
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one connection. Bytes are counted as sent by that side."""

    cut_after_client: int | None = None  # this many bytes reach the server, then the client is reset
    cut_after_server: int | None = None  # this many bytes reach the client, then the server is reset
    lose_answer_to: bytes = b""  # once the client has sent this, the server's answer is swallowed, then cut
    delay_answer_to: bytes = b""  # with `delay`: only the answer to this is late
    delay: float = 0.0  # seconds before each piece is passed on
    refuse: bool = False  # reset at once
    silent: bool = False  # accepted, never answered

    @staticmethod
    def random(rng: random.Random, low: int, high: int, side: str = "server") -> Fault:
        """A cut at a random byte between `low` and `high` of "server" or "client"."""
        at = rng.randint(low, high)
        return Fault(cut_after_client=at) if side == "client" else Fault(cut_after_server=at)


@dataclass(slots=True)
class Seen:
    """One connection as the proxy saw it, for assertions at the far end."""

    fault: Fault
    from_client: int = 0
    from_server: int = 0
    swallowed: bytes = b""
    cut: bool = False
    tail: bytes = field(default=b"", repr=False)


class Proxy:
    """Listens on 127.0.0.1:`port` and passes everything to `host`:`target`."""

    def __init__(self, host: str, target: int, *, always: Fault | None = None) -> None:
        self.target = (host, target)
        self.always = always or Fault()
        self.seen: list[Seen] = []
        self._plan: list[Fault] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port: int = self._listener.getsockname()[1]

    def next(self, *faults: Fault) -> None:
        """Plan the faults of the next connections, one each."""
        with self._lock:
            self._plan.extend(faults)

    def __enter__(self) -> Proxy:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in list(self._threads):
            thread.join(5)
        self._listener.close()

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with self._lock:
                fault = self._plan.pop(0) if self._plan else self.always
                seen = Seen(fault)
                self.seen.append(seen)
            self._spawn(self._serve, client, seen)

    def _serve(self, client: socket.socket, seen: Seen) -> None:
        if seen.fault.refuse:
            seen.cut = True
            _reset(client)
            return
        if seen.fault.silent:
            self._stop.wait(60)
            client.close()
            return
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            _reset(client)
            return
        with contextlib.suppress(OSError):
            self._pump(client, server, seen)
        if seen.cut:
            # the side that was promised its bytes gets an orderly end: a reset could take them back
            _reset(server if seen.fault.cut_after_server is not None else client)
        client.close()
        server.close()

    def _pump(self, client: socket.socket, server: socket.socket, seen: Seen) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ)
            ready.register(server, selectors.EVENT_READ)
            while not self._stop.is_set():
                for key, _ in ready.select(0.1):
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    only = seen.fault.delay_answer_to
                    if not only or (key.fileobj is server and only in seen.tail):
                        self._stop.wait(seen.fault.delay)
                    step = self._from_client if key.fileobj is client else self._from_server
                    seen.cut = bool(data) and step(data, server if key.fileobj is client else client, seen)
                    if seen.cut or not data:
                        return

    def _from_client(self, data: bytes, server: socket.socket, seen: Seen) -> bool:
        """Pass on; True = now cut."""
        limit = seen.fault.cut_after_client
        cut = limit is not None and seen.from_client + len(data) >= limit
        if limit is not None:
            data = data[: limit - seen.from_client]
        seen.from_client += len(data)
        seen.tail = (seen.tail + data)[-200:]
        server.sendall(data)
        return cut

    def _from_server(self, data: bytes, client: socket.socket, seen: Seen) -> bool:
        """Pass on or swallow; True = now cut."""
        if seen.fault.lose_answer_to and seen.fault.lose_answer_to in seen.tail:
            seen.swallowed += data
            # the whole answer has to be there, or the server might still be about to refuse
            return data.endswith(b"\n")
        limit = seen.fault.cut_after_server
        cut = limit is not None and seen.from_server + len(data) >= limit
        if limit is not None:
            data = data[: limit - seen.from_server]
        seen.from_server += len(data)
        client.sendall(data)
        return cut


def _reset(sock: socket.socket) -> None:
    """Close with RST, as a connection dies when a machine or a line does."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
