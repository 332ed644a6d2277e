"""A far end on loopback: a real HTTP server that answers as the test says and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Page:
    """An answer; `location` makes it a redirect."""

    body: bytes = b""
    content_type: str = "text/plain"
    status: int = 200
    location: str = ""
    headers: dict[str, str] = field(default_factory=dict)


Answering = Page | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Website:
    """`pages`: path → answer, or a function that writes to the handler itself."""

    url: str = ""
    pages: dict[str, Answering] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, path: str) -> int:
        return sum(one.path == path for one in self.asked)

    def drip(self, first: bytes, every: float) -> Callable[[BaseHTTPRequestHandler], None]:
        """Sends `first` and then a byte now and then, for as long as somebody listens."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(first)
            with suppress(OSError):
                while not self.over.wait(every):
                    handler.wfile.write(b"x")
                    handler.wfile.flush()

        return answer

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self.lock:
            self.asked.append(Asked(handler.command, handler.path, headers, body))
        page = self.pages.get(handler.path.partition("?")[0], Page(status=404))
        if not isinstance(page, Page):
            page(handler)
            return
        handler.send_response(page.status)
        handler.send_header("content-type", page.content_type)
        handler.send_header("content-length", str(len(page.body)))
        if page.location:
            handler.send_header("location", page.location)
        for name, value in page.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(page.body)


@contextmanager
def website() -> Iterator[Website]:
    site = Website()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):
                site.take(self)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        site.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
