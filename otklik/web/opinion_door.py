"""The way out for second opinions: the one transport, with what went wrong as a code that has words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from otklik.analysis.ports import Reply, Unreached
from otklik.channels import transport
from otklik.kernel.errors import Invalid

LIMIT = 512 * 1024  # bytes of an answer


class Door:
    """`analysis.ports.OpinionDoor` through `channels.transport`."""

    def check(self, url: str) -> None:
        """https, or http for a host that an administrator of the server has allowed; never a private address else."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if parts.scheme == "http" and host not in {one.lower() for one in settings.TRUSTED_PRIVATE_HOSTS}:
            raise Invalid(
                _(
                    "The address must begin with https://: texts of customers are sent there. A server of your own "
                    "that speaks http must stand in TRUSTED_PRIVATE_HOSTS."
                ),
                field="base_url",
            )
        try:
            transport.allowed_addresses(host)
        except transport.Blocked as error:
            raise Invalid(
                _("%(sentence)s"), code=error.code, field="base_url", sentence=error.sentence
            ) from error
        except transport.TransportError as error:
            raise Invalid(
                _("There is no server %(host)s. Look for a slip in the address."),
                code=error.code,
                field="base_url",
                host=host,
            ) from error

    def ask(self, url: str, *, headers: Mapping[str, str], content: bytes, seconds: float) -> Reply:
        """One POST of at most `seconds`; a redirect is not followed: it would carry the key elsewhere."""
        try:
            answer = transport.request(
                "POST",
                url,
                headers=headers,
                content=content,
                limit=LIMIT,
                redirects=0,
                deadline=seconds,
                silence=seconds,
            )
        except transport.TransportError as error:
            raise Unreached(_code(error), sent=error.sent) from error
        return Reply(answer.status, answer.headers, answer.content)


def _code(error: transport.TransportError) -> str:
    """What went wrong, from the error and what caused it."""
    if isinstance(error, transport.Blocked):
        return "blocked"
    if isinstance(error, transport.TooLarge):
        return "too_large"
    causes = list(_causes(error))
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return "tls"
    if any(isinstance(one, socket.gaierror) for one in causes):
        return "no_name"
    if error.sent and any("timeout" in type(one).__name__.lower() for one in causes):
        return "timeout"
    return "cut" if error.sent else "no_connection"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
