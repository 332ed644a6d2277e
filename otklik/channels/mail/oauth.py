"""One request to a token endpoint: a refresh token becomes an access token (RFC 6749, sections 2.3.1, 5 and 6)."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from otklik.channels import transport
from otklik.kernel.errors import OtklikError

DEADLINE = 20.0  # seconds
ANSWER_LIMIT = 64 * 1024
LIFETIME = 3600.0  # seconds, when the server does not say
LONGEST = 30 * 86400.0
_TOKEN = re.compile(r"[\x20-\x7e]{1,16384}")  # section A.12: nothing else may stand in a token
_WORD = re.compile(r"[^\x20-\x7eа-яёА-ЯЁ]+")
# the client is wrong, not the grant (section 5.2)
CLIENT = frozenset({"invalid_client", "unauthorized_client"})


class Refused(OtklikError):
    """A person has to do something."""

    code = "oauth_refused"
    status = 422
    text = _(
        "%(host)s no longer renews the access to this mailbox (%(reason)s): sign in there again"
        " and enter the new refresh token."
    )


class Unavailable(OtklikError):
    """It is worth trying again."""

    code = "oauth_unavailable"
    status = 502
    text = _(
        "The access to the mailbox cannot be renewed now: %(host)s answers %(reason)s. It will be tried again."
    )


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks. `secret` is empty for a public client."""

    access_url: str
    id: str
    secret: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.access_url).hostname or self.access_url


@dataclass(frozen=True, slots=True)
class Tokens:
    """What came back. `refresh` is empty when the server did not give a new one; `seconds`: how long it holds."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: float


def renew(client: Client, refresh_token: str) -> Tokens:
    """Raises Refused, Unavailable. The client's secret goes in the body; by Basic where the server wants that."""
    _check_address(client)
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client.id}
    secret = {"client_secret": client.secret} if client.secret else {}
    answer = _post(client, {**fields, **secret}, {})
    if client.secret and _error(answer) == "invalid_client":
        pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}".encode()
        answer = _post(client, fields, {"authorization": "Basic " + base64.b64encode(pair).decode()})
    return _tokens(client, answer, (refresh_token, client.secret))


def _check_address(client: Client) -> None:
    parts = urlsplit(client.access_url)
    trusted = (parts.hostname or "").lower() in {one.lower() for one in settings.TRUSTED_PRIVATE_HOSTS}
    if parts.scheme != "https" and not (parts.scheme == "http" and trusted):
        raise Refused(
            _("The address for renewing the access must begin with https://: correct it in the settings.")
        )


def _post(client: Client, fields: dict[str, str], headers: dict[str, str]) -> transport.Answer:
    sent = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **headers}
    body = urlencode(fields).encode()
    try:
        return transport.request(
            "POST",
            client.access_url,
            headers=sent,
            content=body,
            limit=ANSWER_LIMIT,
            redirects=0,
            deadline=DEADLINE,
        )
    except transport.Blocked:
        raise
    except transport.TransportError as error:
        reason = error.data.get("reason", error.code)
        raise Unavailable(host=client.host, reason=str(reason)) from error


def _read(answer: transport.Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _error(answer: transport.Answer) -> str:
    said = _read(answer).get("error")
    if isinstance(said, str) and said:
        return said
    return "invalid_client" if answer.status == 401 else ""  # noqa: PLR2004 unauthorised


def _tokens(client: Client, answer: transport.Answer, secrets: tuple[str, ...]) -> Tokens:
    found = _read(answer)
    access, refresh = found.get("access_token"), found.get("refresh_token")
    if answer.status == 200 and isinstance(access, str) and _TOKEN.fullmatch(access):  # noqa: PLR2004 OK
        usable = isinstance(refresh, str) and _TOKEN.fullmatch(refresh)
        return Tokens(access, str(refresh) if usable else "", _seconds(found.get("expires_in")))
    raise _refusal(client, answer, found, secrets)


def _refusal(
    client: Client, answer: transport.Answer, found: dict[str, Any], secrets: tuple[str, ...]
) -> OtklikError:
    code = _error(answer)
    busy = answer.status == 429 or answer.status >= 500 or code in ("temporarily_unavailable", "server_error")  # noqa: PLR2004
    if busy or not (400 <= answer.status < 500):  # noqa: PLR2004 a page that is no answer of a token endpoint
        return Unavailable(host=client.host, reason=f"HTTP {answer.status}")
    reason = _clean(" ".join(str(found.get(name) or "") for name in ("error", "error_description")), secrets)
    if code in CLIENT:
        return Refused(
            _("%(host)s does not know this application (%(reason)s): check the client id and secret."),
            host=client.host,
            reason=reason or code,
        )
    if not code:
        return Refused(
            _("%(host)s has no renewal of access at this address (%(reason)s): check the address."),
            host=client.host,
            reason=f"HTTP {answer.status}",
        )
    return Refused(host=client.host, reason=reason)


def _clean(words: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        if secret:
            words = words.replace(secret, "…")
    return _WORD.sub(" ", words).strip()[:200]


def _seconds(said: Any) -> float:
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        return LIFETIME
    return min(seconds, LONGEST) if 0 < seconds < float("inf") else LIFETIME
