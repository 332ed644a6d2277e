"""The one way out over HTTP: SSRF guard, limits, deadlines, redaction. Adapters use nothing else.

Addresses are checked when the name is resolved **and** the connection goes to the checked address, so that a
name which changes its mind between the two (DNS rebinding) reaches nothing. A far end that sends a byte now and then
never runs into a time-out of silence: a deadline over the whole request ends it.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
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
TIMEOUT = httpx.Timeout(15.0, connect=5.0)  # seconds of silence
DEADLINE = 45.0  # seconds of a whole request, redirects included; names are resolved outside of it
WRITTEN_AT_ONCE = 16 * 1024  # bytes given to the system between two looks at the clock
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
        if not trusted and not _is_public(ipaddress.ip_address(address.split("%")[0])):
            raise Blocked(host=host, permanent=True)
    return found


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """A single machine of the open network; an IPv4 address packed into IPv6 counts as what it leads to."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return all(_is_public(one) for one in inner if one is not None)


class _Deadline:
    """The moment at which a request ends, however busy the far end looks."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, timeout: float | None, late: type[Exception]) -> float:
        """Seconds that one step may take; raises `late` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise late("deadline")
        return left if timeout is None else min(timeout, left)

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._end


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step fits into what is left of the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITTEN_AT_ONCE):
            left = self._deadline.left(timeout, httpcore.WriteTimeout)
            self._stream.write(buffer[start : start + WRITTEN_AT_ONCE], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _GuardedBackend(httpcore.SyncBackend):
    """Connects to the address that was checked, not to the name, and keeps to the deadline."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline

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
            left = self._deadline.left(timeout, httpcore.ConnectTimeout)
            try:
                stream = super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _TimedStream(stream, self._deadline)
        raise last or httpcore.ConnectError(f"no address for {host}")


def _client(deadline: _Deadline, silence: float | None) -> httpx.Client:
    transport = httpx.HTTPTransport(retries=0)
    # httpx offers no public place for a network backend; the pool is the one it has just made
    transport._pool._network_backend = _GuardedBackend(deadline)  # noqa: SLF001
    timeout = TIMEOUT if silence is None else httpx.Timeout(silence, connect=TIMEOUT.connect)
    return httpx.Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)


def request(  # noqa: PLR0913 what a request may need
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    limit: int = DEFAULT_LIMIT,
    redirects: int = MAX_REDIRECTS,
    deadline: float = DEADLINE,
    silence: float | None = None,
    cookies: bool = True,
) -> Answer:
    """One exchange of at most `deadline` seconds; redirects of GET are followed and checked again.

    `silence`: seconds without a byte after which a far end is given up; one that thinks before it answers gets more.
    `cookies`: whether one hop's cookies go along to the next; nothing outlives the request.
    Raises TransportError, Blocked, TooLarge.
    """
    sending = {"user-agent": USER_AGENT, **(headers or {})}
    clock = _Deadline(deadline)
    with _client(clock, silence) as client:
        for hop in range(redirects + 1):
            try:
                host = _require_http(url)
                answer = _exchange(client, method, url, sending, content, limit, host, clock)
            except TransportError as error:
                error.sent = error.sent or hop > 0  # who sent us on knows of the request
                raise
            if not cookies:
                client.cookies.clear()
            target = answer.headers.get("location")
            if method != "GET" or answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            url = urljoin(url, target)
            if urlsplit(url).hostname != host:
                sending = {name: value for name, value in sending.items() if name.lower() != "authorization"}
    raise TransportError(host=_require_http(url), reason=_("too many redirects"), permanent=True, sent=True)


def _require_http(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:  # a bracket or a port that is none
        host = None
    if not host:
        raise TransportError(
            _("“%(url)s” is not an address of a page: it must begin with https:// or http://."),
            url=url,
            permanent=True,
        )
    return host


def _exchange(  # noqa: PLR0913, PLR0917 one call site
    client: httpx.Client,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes | None,
    limit: int,
    host: str,
    deadline: _Deadline,
) -> Answer:
    try:
        with client.stream(method, url, headers=dict(headers), content=content) as response:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > limit:
                    raise TooLarge(host=host, limit=limit, permanent=True, sent=True)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, found, bytes(body), url)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise TransportError(host=host, reason=_("no connection")) from error
    except httpx.TimeoutException as error:
        if deadline.over:
            reason = _("the answer was not complete after %(seconds)s s") % {
                "seconds": f"{deadline.seconds:g}"
            }
            raise TransportError(host=host, reason=reason, sent=True) from error
        raise TransportError(host=host, reason=_("no answer in time"), sent=True) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransportError(host=host, reason=str(error)[:200], sent=True) from error
