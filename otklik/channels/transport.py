"""The one way out over HTTP: SSRF guard, limits, time-outs, redaction. Adapters use nothing else.

Addresses are checked when the name is resolved **and** the connection goes to the checked address, so that a
name which changes its mind between the two (DNS rebinding) reaches nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from otklik.kernel.errors import OtklikError

MAX_REDIRECTS = 5
DEFAULT_LIMIT = 10 * 1024 * 1024  # bytes of an answer
TIMEOUT = httpx.Timeout(15.0, connect=5.0)
USER_AGENT = "Otklik/0.1"


class TransportError(OtklikError):
    """`sent`: whether the request may have reached the far end; `permanent`: trying again is no use."""

    code = "transport"
    status = 502
    text = _("%(host)s does not answer: %(reason)s. It will be asked again.")

    def __init__(self, *args: Any, sent: bool = False, permanent: bool = False, **data: Any) -> None:
        super().__init__(*args, **data)
        self.sent = sent
        self.permanent = permanent


class Blocked(TransportError):
    code = "address_blocked"
    status = 422
    text = _(
        "%(host)s leads into the private network. If that is meant, an administrator adds it to TRUSTED_PRIVATE_HOSTS."
    )


class TooLarge(TransportError):
    code = "too_large"
    text = _("%(host)s sent more than %(limit)s bytes: the rest was not read.")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str


def allowed_addresses(host: str) -> list[str]:
    """Addresses of `host` that may be connected to; raises Blocked when one of them is private."""
    trusted = host.lower() in {one.lower() for one in settings.TRUSTED_PRIVATE_HOSTS}
    try:
        found = list(
            dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        )
    except (OSError, UnicodeError) as error:
        raise TransportError(host=host, reason=_("the name is not known")) from error
    for address in found:
        if not trusted and not ipaddress.ip_address(address.split("%")[0]).is_global:
            raise Blocked(host=host, permanent=True)
    return found


class _GuardedBackend(httpcore.SyncBackend):
    """Connects to the address that was checked, not to the name."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        last: Exception | None = None
        for address in allowed_addresses(host):
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                last = error
        raise last or httpcore.ConnectError(f"no address for {host}")


def _client() -> httpx.Client:
    transport = httpx.HTTPTransport(retries=0)
    # httpx offers no public place for a network backend; the pool is the one it has just made
    transport._pool._network_backend = _GuardedBackend()  # noqa: SLF001
    return httpx.Client(transport=transport, timeout=TIMEOUT, follow_redirects=False, trust_env=False)


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    limit: int = DEFAULT_LIMIT,
    redirects: int = MAX_REDIRECTS,
) -> Answer:
    """One exchange; redirects of GET are followed and checked again. Raises TransportError, Blocked, TooLarge."""
    sending = {"user-agent": USER_AGENT, **(headers or {})}
    with _client() as client:
        for _hop in range(redirects + 1):
            host = _require_http(url)
            answer = _exchange(client, method, url, sending, content, limit, host)
            target = answer.headers.get("location")
            if method != "GET" or answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            url = urljoin(url, target)
            if urlsplit(url).hostname != host:
                sending = {name: value for name, value in sending.items() if name.lower() != "authorization"}
    raise TransportError(host=_require_http(url), reason=_("too many redirects"), permanent=True)


def _require_http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TransportError(
            _("“%(url)s” is not an address of a page: it must begin with https:// or http://."),
            url=url,
            permanent=True,
        )
    return parts.hostname


def _exchange(  # noqa: PLR0913, PLR0917 one call site
    client: httpx.Client,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes | None,
    limit: int,
    host: str,
) -> Answer:
    try:
        with client.stream(method, url, headers=dict(headers), content=content) as response:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > limit:
                    raise TooLarge(host=host, limit=limit, permanent=True)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, found, bytes(body), url)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise TransportError(host=host, reason=_("no connection")) from error
    except httpx.TimeoutException as error:
        raise TransportError(host=host, reason=_("no answer in time"), sent=True) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransportError(host=host, reason=str(error)[:200], sent=True) from error
