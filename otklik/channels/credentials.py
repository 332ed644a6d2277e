"""The settings of an account with an access token that holds: renewed when its time comes, by one process at a time.

A person enters a refresh token once; it stays in the account as it was entered. What has become of it since (the
present access token, a rotated refresh token) is kept encrypted in `OAuthGrant`, found by a digest of what was
entered, so that a test of settings that are not saved yet and the channel itself go on from the same place. A server
that rotates refresh tokens takes a second use of one for theft: hence the lease.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django.db.models import Q

from otklik.channels.mail import oauth
from otklik.channels.models import ChannelAccount, OAuthGrant
from otklik.kernel import clock, secrets
from otklik.kernel.errors import OtklikError

log = logging.getLogger(__name__)
_pause = threading.Event()  # never set: it only waits

EARLY = 120.0  # seconds before its end that a token is renewed; of a short-lived one, half its life
LEASE = 60.0  # seconds after which a process that was renewing is taken for dead
WAIT = 25.0  # seconds to wait for another process that renews
LOOK_EVERY = 0.2
REFUSED_FOR = 300.0  # seconds until a refused renewal is tried again by itself


def config_of(account: ChannelAccount) -> dict[str, Any]:
    """As `account.config`, ready to sign in. Raises Refused, Unavailable, transport.Blocked."""
    return ready(account.config)


def ready(config: dict[str, Any], *, now: bool = False) -> dict[str, Any]:
    """`config` with a token that holds, if it says how to get one. `now`: a person asks, try what was refused."""
    if not renewable(config):
        return config
    return {**config, "token": _token(config, now=now)}


def renewable(config: dict[str, Any]) -> bool:
    names = ("refresh_token", "client_id", "access_url")
    return config.get("auth") == "xoauth2" and all(config.get(name) for name in names)


def spoil(config: dict[str, Any]) -> bool:
    """The server refuses the token of `config` before its time. True: `ready` will now give another."""
    if not renewable(config):
        return False
    row = OAuthGrant.objects.filter(key=_key(config)).first()
    if row is None or secrets.unseal(row.sealed).get("access_token") != config.get("token"):
        return row is not None  # renewed by another process meanwhile
    OAuthGrant.objects.filter(pk=row.pk, sealed=row.sealed).update(
        renew_at=clock.now(), valid_until=clock.now()
    )
    return True


def _key(config: dict[str, Any]) -> str:
    parts = (config["access_url"], config["client_id"], config["refresh_token"])
    return secrets.digest("\n".join(map(str, parts)))


def _token(config: dict[str, Any], *, now: bool) -> str:
    row, _made = OAuthGrant.objects.get_or_create(key=_key(config), defaults={"created_at": clock.now()})
    end = time.monotonic() + WAIT
    while True:
        held = str(secrets.unseal(row.sealed).get("access_token") or "")
        if held and row.renew_at and row.renew_at > clock.now():
            return held
        if row.refused_until and row.refused_until > clock.now() and not now:
            raise oauth.Refused(row.error.replace("%", "%%"))
        if _claim(row):
            return _renew(row, config)
        if held and row.valid_until and row.valid_until > clock.now():
            return held  # another process renews it; this one still holds
        if time.monotonic() > end:
            raise oauth.Unavailable(host=_client(config).host, reason="…")
        _pause.wait(LOOK_EVERY)
        row.refresh_from_db()


def _claim(row: OAuthGrant) -> bool:
    """Whether this process renews: nobody else does, and nobody has since `row` was read."""
    free = Q(renewing_until=None) | Q(renewing_until__lt=clock.now())
    rows = OAuthGrant.objects.filter(free, pk=row.pk, sealed=row.sealed, renew_at=row.renew_at)
    return bool(rows.update(renewing_until=clock.after(LEASE)))


def _client(config: dict[str, Any]) -> oauth.Client:
    return oauth.Client(config["access_url"], config["client_id"], str(config.get("client_secret") or ""))


def _renew(row: OAuthGrant, config: dict[str, Any]) -> str:
    """Ask, and keep the answer before anybody uses it."""
    refresh = str(secrets.unseal(row.sealed).get("refresh_token") or config["refresh_token"])
    outcome: dict[str, Any] = {}
    try:
        tokens = oauth.renew(_client(config), refresh)
        lives = max(tokens.seconds - EARLY, tokens.seconds / 2)
        outcome = {
            "sealed": secrets.seal(
                {"access_token": tokens.access, "refresh_token": tokens.refresh or refresh}
            ),
            "renew_at": clock.after(lives),
            "valid_until": clock.after(tokens.seconds),
            "refused_until": None,
            "error": "",
        }
        return tokens.access
    except oauth.Refused as error:
        outcome = {"refused_until": clock.after(REFUSED_FOR), "error": error.sentence[:1000]}
        raise
    except OtklikError as error:
        log.info("an access token cannot be renewed now: %s", error.code)
        raise
    finally:
        OAuthGrant.objects.filter(pk=row.pk).update(**outcome, renewing_until=None)
