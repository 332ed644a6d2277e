"""Keys for programs: shown once, stored as a digest."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy, queries
from otklik.accounts.models import ApiKey, User
from otklik.accounts.principals import KeyPrincipal
from otklik.audit import services as audit
from otklik.kernel import clock, secrets
from otklik.kernel.errors import Invalid

SHOWN = 12  # characters by which a person recognises a key
USED_EVERY = 60.0  # seconds between two notes of use


@transaction.atomic
def create_key(*, by: User, name: str, scopes: list[str], days: int | None = None) -> tuple[ApiKey, str]:
    """A new key and its secret, which is never shown again; `days` until it expires, None: never."""
    policy.require(by, "apikey.write")
    if not scopes or not set(scopes) <= set(policy.SCOPES):
        raise Invalid(_("Choose what the key may do."), field="scopes")
    token = "otk_" + secrets.new_token()
    now = clock.now()
    key = ApiKey.objects.create(
        organisation_id=by.organisation_id,
        name=name,
        prefix=token[:SHOWN],
        digest=secrets.digest(token),
        scopes=sorted(scopes),
        created_by=by,
        created_at=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    audit.record(
        "apikey.created",
        organisation_id=by.organisation_id,
        by=by,
        kind="apikey",
        object_id=key.pk,
        name=name,
        scopes=key.scopes,
    )
    return key, token


@transaction.atomic
def revoke_key(key_id: int, *, by: User) -> None:
    """From now on the key opens nothing; cannot be taken back."""
    policy.require(by, "apikey.write")
    key = queries.api_key(by.organisation_id, key_id)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
        audit.record(
            "apikey.revoked",
            organisation_id=by.organisation_id,
            by=by,
            kind="apikey",
            object_id=key.pk,
            name=key.name,
        )


def authenticate_key(token: str) -> KeyPrincipal | None:
    """Who a program is, or None for an unknown, expired or revoked key. Notes the use at most once a minute."""
    now = clock.now()
    key = (
        ApiKey.objects.select_related("created_by")
        .filter(digest=secrets.digest(token), revoked_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .first()
    )
    if key is None:
        return None
    if key.last_used_at is None or key.last_used_at < clock.ago(USED_EVERY):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return KeyPrincipal(key, policy.rights_of_scopes(key.scopes))
