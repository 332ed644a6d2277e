"""A far end that speaks chat completions as OpenAI documents them, and as compatible servers differ.

It keeps its own log of questions, checks key, model and shape, limits the rate, and is unfriendly on demand: one mood
of `moods` a request.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-4711-never-shown"
Reply = tuple[int, dict[str, Any] | bytes, dict[str, str]]


def fault(status: int, message: str, code: str = "", param: str = "", **headers: str) -> Reply:
    """An error as OpenAI writes it."""
    error = {
        "message": message,
        "type": "invalid_request_error",
        "param": param or None,
        "code": code or None,
    }
    return status, {"error": error}, headers


@dataclass
class ModelServer:
    """`says`: message and labels of the question → what the model writes; `moods`: played first, one a request."""

    url: str = ""
    key: str = KEY
    model: str = "small-model"
    knows: frozenset[str] = frozenset({"json_schema", "json_object", "max_tokens", "temperature"})
    per_window: int | None = None  # requests before 429
    usage: bool = True
    says: Callable[[str, dict[str, list[str]]], str] = lambda message, labels: "{}"
    moods: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)  # of every request that arrived
    raw: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answered: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def messages(self) -> list[str]:
        """The texts of customers that arrived."""
        return [self.question(body)["message"] for body in self.bodies]

    @staticmethod
    def question(body: dict[str, Any]) -> dict[str, Any]:
        asked: dict[str, Any] = json.loads(body["messages"][1]["content"])
        return asked

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Reply | str:
        """The answer, or the name of a mood that the connection must play."""
        with self.lock:
            self.raw.append(body)
            self.headers.append(headers)
            given = json.loads(body)
            self.bodies.append(given)
            mood = self.moods.pop(0) if self.moods else ""
            if self.per_window is not None:
                self.per_window -= 1
        if path != "/v1/chat/completions":
            return 404, b"<html>nothing here</html>", {}
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return fault(
                401, f"Incorrect API key provided: {headers.get('authorization')}", "invalid_api_key"
            )
        if given.get("model") != self.model:
            return fault(404, f"The model `{given.get('model')}` does not exist", "model_not_found")
        return self._mood(mood) or self._refusal(given) or self._complete(given)

    def _mood(self, mood: str) -> Reply | str | None:
        known: dict[str, Reply | str] = {
            "500": fault(500, "The server had an error while processing your request"),
            "429": (429, fault(429, "Rate limit reached", "rate_limit_exceeded")[1], {"retry-after": "20"}),
            "broke": fault(429, "You exceeded your current quota", "insufficient_quota"),
            "html": (200, b"<html>Welcome to nginx!</html>", {}),
            "nothing": (200, {"object": "chat.completion", "choices": []}, {}),
            "away": (302, b"", {"location": "http://evil.example/v1/chat/completions"}),
            "slow": "slow",
            "cut": "cut",
        }
        if mood == "refuses":
            return self._completion(None, refusal="I cannot help with that.")
        if mood == "talks":
            return self._completion("I'd rather talk about the weather.")
        return known.get(mood)

    def _refusal(self, given: dict[str, Any]) -> Reply | None:
        if self.per_window is not None and self.per_window < 0:
            return (429, fault(429, "Rate limit reached", "rate_limit_exceeded")[1], {"retry-after": "7"})
        kind = given.get("response_format", {}).get("type", "")
        if kind and kind not in self.knows:
            return fault(
                400,
                f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model.",
            )
        if "max_tokens" in given and "max_tokens" not in self.knows:
            told = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return fault(400, told, "unsupported_parameter", "max_tokens")
        if "temperature" in given and "temperature" not in self.knows:
            return fault(400, "Unsupported value: 'temperature'", "unsupported_value", "temperature")
        return None

    def _complete(self, given: dict[str, Any]) -> Reply:
        question = self.question(given)
        labels = {name: one["from"] for name, one in question["fields"].items()}
        return self._completion(self.says(question["message"], labels))

    def _completion(self, content: str | None, refusal: str | None = None) -> Reply:
        self.answered += 1
        message = {"role": "assistant", "content": content, "refusal": refusal}
        document: dict[str, Any] = {
            "id": f"chatcmpl-{self.answered}",
            "object": "chat.completion",
            "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }
        if self.usage:
            document["usage"] = {"prompt_tokens": 700, "completion_tokens": 80, "total_tokens": 780}
        return 200, document, {}

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        found = self.answer(handler.path, headers, body)
        if found == "slow":
            self.over.wait(30)
            return
        if found == "cut":
            handler.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{"choices": [{"mess')
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        assert not isinstance(found, str)
        status, document, extra = found
        sent = document if isinstance(document, bytes) else json.dumps(document).encode()
        handler.send_response(status)
        for name, value in {"content-length": str(len(sent)), **extra}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(sent)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    far = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(ConnectionError, OSError):
                far.serve(self)

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `bodies`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    far.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield far
    finally:
        far.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def labelled(**chosen: Any) -> Callable[[str, dict[str, list[str]]], str]:
    """A model that gives these labels to the fields it is asked about: `tone="negative"`, `intent=["complaint"]`."""

    def says(message: str, labels: dict[str, list[str]]) -> str:
        quotes = [" ".join(message.split()[:2])]
        return json.dumps(
            {
                name: {
                    ("labels" if isinstance(label, list) else "label"): label,
                    "confidence": 0.9,
                    "quotes": quotes,
                }
                for name, label in chosen.items()
                if name in labels
            },
            ensure_ascii=False,
        )

    return says
