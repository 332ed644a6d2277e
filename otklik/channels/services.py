"""Writes of channels: connect, change, switch off. Secrets are sealed here and nowhere shown again."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts import queries as staff
from otklik.accounts.principals import User
from otklik.audit import services as audit
from otklik.channels import registry
from otklik.channels.models import ChannelAccount
from otklik.kernel import clock, secrets
from otklik.kernel.errors import Invalid

SECRET_NAMES = frozenset(
    {"password", "smtp_password", "token", "refresh_token", "client_secret", "signing_secret"}
)


def _split(config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    shown = {name: value for name, value in config.items() if name not in SECRET_NAMES}
    hidden = {name: value for name, value in config.items() if name in SECRET_NAMES and value}
    return shown, hidden


@transaction.atomic
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
    shown, hidden = _split(config)
    account = ChannelAccount.objects.create(
        organisation=by.organisation,
        kind=kind,
        name=name.strip()[:200],
        settings=shown,
        sealed=secrets.seal(hidden),
        treat_as=treat_as,
        team_id=staff.team(by.organisation_id, team_id).pk if team_id else None,
        poll_every=poll_every,
        poll_due_at=clock.now() if able.poll else None,
        created_at=clock.now(),
    )
    _record("channel.connected", account, by, channel=kind)
    return account


@transaction.atomic
def change(
    account_id: int, *, by: User, name: str | None = None, config: dict[str, Any] | None = None
) -> ChannelAccount:
    """New settings; a secret left empty keeps its old value."""
    account = _locked(account_id, by)
    fields = []
    if name is not None and name.strip():
        account.name = name.strip()[:200]
        fields.append("name")
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


def _locked(account_id: int, by: User) -> ChannelAccount:
    policy.require(by, "channel.write")
    account = (
        ChannelAccount.objects.select_for_update()
        .filter(pk=account_id, organisation_id=by.organisation_id)
        .first()
    )
    if account is None:
        raise policy.NotFound
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
