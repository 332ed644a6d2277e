"""Writes of accounts: organisations and staff."""

from __future__ import annotations

import secrets

from django.db import transaction

from otklik.accounts.models import Organisation, Role, RoleGrant, User
from otklik.audit import services as audit
from otklik.kernel import clock


@transaction.atomic
def first_administrator(*, email: str, organisation_name: str) -> tuple[User, str] | None:
    """Organisation and administrator of an empty installation with a random password; None when people exist."""
    if User.objects.exists():
        return None
    organisation = Organisation.objects.create(name=organisation_name, created_at=clock.now())
    password = secrets.token_urlsafe(12)
    user = create_user(organisation, email=email, name="Администратор", roles=[Role.ADMINISTRATOR], password=password)
    return user, password


@transaction.atomic
def create_user(  # noqa: PLR0913 a member of staff has these parts
    organisation: Organisation,
    *,
    email: str,
    name: str,
    roles: list[str],
    password: str | None = None,
    title: str = "",
    by: audit.Actor = audit.SYSTEM,
) -> User:
    """A new member of staff; without a password the person cannot sign in until invited."""
    user = User(organisation=organisation, email=email.lower(), name=name, title=title, created_at=clock.now())
    user.set_password(password)
    user.save()
    RoleGrant.objects.bulk_create([RoleGrant(user=user, role=role) for role in roles])
    audit.record(
        "staff.created",
        organisation_id=organisation.pk,
        by=by,
        kind="user",
        object_id=user.pk,
        roles=list(roles),
    )
    return user
