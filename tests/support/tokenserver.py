"""A token endpoint as RFC 6749 (sections 2.3.1, 5.1, 5.2, 6) and RFC 9700 (4.14) allow it to be: strict and rotating.

Every refresh token works once; the second use of one revokes everything that came of it.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from tests.support.website import Page, Website

CLIENT, SECRET = "otklik-app", "s3cret:of/the app"


@dataclass
class TokenServer:
    """`make`: the access token for a life in seconds. `basic`: the secret is taken only from the header."""

    site: Website
    make: Callable[[int], str]
    seconds: Any = 3600  # as the answer says it; None leaves it out
    basic: bool = False
    rotates: bool = True
    slow: float = 0.0
    broken: Page | None = None  # answered instead, when set
    issued: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _valid: set[str] = field(default_factory=set)
    _used: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{self.site.url}/token"

    def first(self) -> str:
        """What a person gets who has just signed in."""
        token = "1//" + secrets.token_urlsafe(24)
        self._valid.add(token)
        return token

    def revoke(self) -> None:
        """The person withdrew the application's access."""
        self._valid.clear()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = self.site.asked[-1]
        if self.slow:
            self.site.over.wait(self.slow)
        page = self.broken or self._answer(asked.headers, asked.body)
        handler.send_response(page.status)
        handler.send_header("content-type", page.content_type)
        handler.send_header("cache-control", "no-store")
        handler.end_headers()
        handler.wfile.write(page.body)

    def _answer(self, headers: dict[str, str], body: bytes) -> Page:
        if headers.get("content-type") != "application/x-www-form-urlencoded":
            return self._no("invalid_request")
        sent = {name: values for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        if any(len(values) != 1 for values in sent.values()):
            return self._no("invalid_request")
        fields = {name: values[0] for name, values in sent.items()}
        header = headers.get("authorization", "")
        if header and "client_secret" in fields:
            return self._no("invalid_request")  # not more than one method
        if header:
            pair = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            client, secret = unquote_plus(pair[0]), unquote_plus(pair[2])
        else:
            client, secret = (
                fields.get("client_id", ""),
                "" if self.basic else fields.get("client_secret", ""),
            )
        if (client, secret) != (CLIENT, SECRET):
            return self._no("invalid_client", 401)
        if fields.get("grant_type") != "refresh_token":
            return self._no("unsupported_grant_type")
        return self._refresh(fields.get("refresh_token", ""))

    def _refresh(self, token: str) -> Page:
        with self.site.lock:
            if token in self._used:
                self._valid.clear()  # somebody has stolen it: nobody gets in any more
            if token not in self._valid:
                return self._no("invalid_grant")
            life = int(float(self.seconds)) if self.seconds is not None else 3600
            found: dict[str, Any] = {"access_token": self.make(life), "token_type": "Bearer", "scope": "mail"}
            if self.seconds is not None:
                found["expires_in"] = self.seconds
            if self.rotates:
                self._valid.discard(token)
                self._used.add(token)
                found["refresh_token"] = "1//" + secrets.token_urlsafe(24)
                self._valid.add(found["refresh_token"])
            self.issued.append(found["access_token"])
        return Page(json.dumps(found).encode(), "application/json")

    def _no(self, code: str, status: int = 400) -> Page:
        self.refused.append(code)
        said = {"error": code, "error_description": "Token has been expired or revoked."}
        return Page(json.dumps(said).encode(), "application/json", status)
