"""Writes of channels: connect, change, pause, archive, fetch again. Secrets are sealed and nowhere shown again.

What a person does to answers and raw events on the operations page is in repairs.py.
"""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts import queries as staff
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels import credentials, polling, registry
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import CheckResult
from otklik.kernel import clock, secrets
from otklik.kernel.errors import Invalid, NotFound, OtklikError

log = logging.getLogger(__name__)

SECRET_NAMES = frozenset(
    {"password", "smtp_password", "token", "refresh_token", "client_secret", "signing_secret"}
)


def _split(config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    shown = {name: value for name, value in config.items() if name not in SECRET_NAMES}
    hidden = {name: value for name, value in config.items() if name in SECRET_NAMES and value}
    return shown, hidden


def connect(  # noqa: PLR0913 an account has these parts
    kind: str,
    name: str,
    config: dict[str, Any],
    *,
    by: User,
    team_id: int | None = None,
    treat_as: str = ChannelAccount.TreatAs.MESSAGE,
    poll_every: int = 60,
) -> ChannelAccount:
    """A new account; polling starts at once when the kind is asked. Test the settings with `registry` before."""
    policy.require(by, "channel.write")
    able = registry.adapter(kind).capabilities(config)
    if not name.strip():
        raise Invalid(_("Give the channel a name by which your colleagues recognise it."), field="name")
    begin = getattr(registry.adapter(kind), "begin", None)
    cursor = _begin(begin, config) if begin else {}  # asks the far end: not inside the transaction
    shown, hidden = _split(config)
    with transaction.atomic():
        account = ChannelAccount.objects.create(
            organisation=by.organisation,
            kind=kind,
            name=name.strip()[:200],
            settings=shown,
            sealed=secrets.seal(hidden),
            treat_as=treat_as,
            cursor=cursor,
            team_id=staff.team(by.organisation_id, team_id).pk if team_id else None,
            poll_every=poll_every,
            poll_due_at=clock.now() if able.poll else None,
            created_at=clock.now(),
        )
        _record("channel.connected", account, by, channel=kind)
    return account


def _begin(begin: Callable[[dict[str, Any]], dict[str, Any]], config: dict[str, Any]) -> dict[str, Any]:
    try:
        return begin(credentials.ready(config))
    except OtklikError:  # as with a server that does not answer: the first look says what is wrong
        return {}


@transaction.atomic
def change(
    account_id: int,
    *,
    by: User,
    name: str | None = None,
    config: dict[str, Any] | None = None,
    team_id: int | None = None,
    poll_every: int | None = None,
) -> ChannelAccount:
    """New settings; a secret left empty keeps its old value. `team_id` 0 means no team."""
    account = _locked(account_id, by)
    fields = []
    if name is not None and name.strip():
        account.name = name.strip()[:200]
        fields.append("name")
    if team_id is not None:
        account.team_id = staff.team(by.organisation_id, team_id).pk if team_id else None
        fields.append("team")
    if poll_every:
        account.poll_every = poll_every
        fields.append("poll_every")
    if config is not None:
        shown, hidden = _split(config)
        account.settings = shown
        account.sealed = secrets.seal({**secrets.unseal(account.sealed), **hidden})
        account.error = account.error_code = ""
        account.failing_since = None
        if account.poll_due_at is not None:
            account.poll_due_at = clock.now()
        fields += ["settings", "sealed", "error", "error_code", "failing_since", "poll_due_at"]
    account.save(update_fields=fields)
    _record("channel.changed", account, by)
    return account


@transaction.atomic
def switch(account_id: int, *, on: bool, by: User) -> ChannelAccount:
    """Pause or resume; nothing that was stored is touched."""
    account = _locked(account_id, by)
    account.active = on
    if on and registry.adapter(account.kind).capabilities(account.settings).poll:
        account.poll_due_at = clock.now()
    account.save(update_fields=["active", "poll_due_at"])
    _record("channel.switched_on" if on else "channel.switched_off", account, by)
    return account


@transaction.atomic
def archive(account_id: int, *, on: bool, by: User) -> ChannelAccount:
    """Out of the list and silent; conversations and their history stay. Comes back paused."""
    account = _locked(account_id, by)
    account.archived_at = clock.now() if on else None
    account.active = False
    account.save(update_fields=["archived_at", "active"])
    _record("channel.archived" if on else "channel.restored", account, by)
    return account


@transaction.atomic
def rescan(account_id: int, *, by: User) -> ChannelAccount:
    """Fetch again from the beginning of what was asked for; keys keep what is known from doubling."""
    account = _locked(account_id, by)
    if account.kind == "mail":
        # every mail since the first day is looked at anew; how far back that is stays as it was asked for
        account.cursor = {
            folder: {
                **state,
                "uid": 0,
                "owed": [],
                "backlog_to": max(state["uid"], state.get("backlog_to") or 0),
            }
            for folder, state in account.cursor.items()
        }
    else:
        account.cursor = {}
    account.poll_due_at = clock.now()
    account.save(update_fields=["cursor", "poll_due_at"])
    _record("channel.rescan", account, by)
    return account


def new_signing_secret() -> str:
    """As Standard Webhooks want it: base64 of random bytes behind a prefix."""
    return "whsec_" + base64.b64encode(os.urandom(24)).decode()


@transaction.atomic
def renew_hook(account_id: int, *, by: User) -> tuple[ChannelAccount, str]:
    """Another address and signing secret, shown this once; the old ones are refused from now on.

    Raises NotFound for an account that is no webhook.
    """
    account = _locked(account_id, by)
    if account.kind != "hook":
        raise NotFound
    signing_secret = new_signing_secret()
    account.path_secret = secrets.new_token()
    account.sealed = secrets.seal({**secrets.unseal(account.sealed), "signing_secret": signing_secret})
    account.save(update_fields=["path_secret", "sealed"])
    _record("channel.secret_renewed", account, by)
    return account, signing_secret


def check(account_id: int, *, by: User) -> CheckResult:
    """Test the stored settings now, and let the channel's state follow what was found."""
    policy.require(by, "channel.write")
    account = ChannelAccount.objects.filter(pk=account_id, organisation_id=by.organisation_id).first()
    if account is None:
        raise NotFound
    result = try_settings(account.kind, account.config)
    if result.ok:
        polling.recovered(account)
    else:
        polling.failing(account, CheckFailed(result.message.replace("%", "%%"), code=result.code))
    return result


def try_settings(kind: str, config: dict[str, Any]) -> CheckResult:
    """Ask the far end with settings that need not be stored. Never raises: a surprise is a sentence too."""
    try:
        return registry.adapter(kind).check(credentials.ready(config, now=True))
    except OtklikError as error:
        return CheckResult(ok=False, code=error.code, message=error.sentence)
    except Exception as error:
        log.exception("check of %s failed", kind)
        return CheckResult(
            ok=False,
            code="check_failed",
            message=_("The check broke off: %(reason)s. Look at host and port.")
            % {"reason": type(error).__name__},
        )


class CheckFailed(OtklikError):
    code = "check_failed"


def refused(account_id: int, calls: int = 1) -> None:
    """Calls of the webhook with a wrong signature: counted, shown on the operations page."""
    ChannelAccount.objects.filter(pk=account_id).update(refused=F("refused") + calls, refused_at=clock.now())


def _locked(account_id: int, by: User) -> ChannelAccount:
    policy.require(by, "channel.write")
    account = (
        ChannelAccount.objects.select_for_update()
        .filter(pk=account_id, organisation_id=by.organisation_id)
        .first()
    )
    if account is None:
        raise NotFound
    return account


def _record(action: str, account: ChannelAccount, by: User, **data: Any) -> None:
    audit.record(
        action,
        organisation_id=account.organisation_id,
        by=by,
        kind="channel",
        object_id=account.pk,
        name=account.name,
        **data,
    )
