"""People come by invitation; the link is sent by mail or shown once, only its digest is kept."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from otklik.accounts import mailer, policy, queries
from otklik.accounts.models import Invitation, Role, User
from otklik.accounts.services.staff import create_user, set_teams
from otklik.audit import services as audit
from otklik.kernel import clock, secrets
from otklik.kernel.errors import Conflict, Invalid

VALID_FOR = timedelta(days=7)


@transaction.atomic
def invite(
    *, by: User, email: str, name: str, roles: list[str], team_ids: list[int] | None = None
) -> tuple[Invitation, str]:
    """A new invitation and its link. With EMAIL_URL the link goes out by mail as well."""
    policy.require(by, "staff.write")
    email = email.strip().lower()
    if not roles or not set(roles) <= set(Role.values):
        raise Invalid(_("Choose at least one role."), field="roles")
    if User.objects.filter(email__iexact=email).exists():
        raise Conflict(_("Somebody works in Otklik with this address already."), field="email")
    now = clock.now()
    Invitation.objects.filter(
        organisation_id=by.organisation_id, email=email, accepted_at=None, revoked_at=None
    ).update(revoked_at=now)
    token = secrets.new_token()
    invitation = Invitation.objects.create(
        organisation_id=by.organisation_id,
        email=email,
        name=name.strip(),
        roles=sorted(roles),
        team_ids=sorted(
            queries.teams(by.organisation_id).filter(pk__in=team_ids or []).values_list("pk", flat=True)
        ),
        digest=secrets.digest(token),
        invited_by=by,
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    audit.record(
        "staff.invited",
        organisation_id=by.organisation_id,
        by=by,
        kind="invitation",
        object_id=invitation.pk,
        email=email,
        roles=invitation.roles,
    )
    return invitation, _send(invitation, token)


@transaction.atomic
def renew_invitation(invitation_id: int, *, by: User) -> tuple[Invitation, str]:
    """A new link, the old one is dead."""
    policy.require(by, "staff.write")
    invitation = queries.invitation(by.organisation_id, invitation_id)
    token = secrets.new_token()
    invitation.digest = secrets.digest(token)
    invitation.expires_at = clock.now() + VALID_FOR
    invitation.save(update_fields=["digest", "expires_at"])
    audit.record(
        "staff.invited",
        organisation_id=by.organisation_id,
        by=by,
        kind="invitation",
        object_id=invitation.pk,
        email=invitation.email,
        roles=invitation.roles,
    )
    return invitation, _send(invitation, token)


@transaction.atomic
def revoke_invitation(invitation_id: int, *, by: User) -> None:
    policy.require(by, "staff.write")
    invitation = queries.invitation(by.organisation_id, invitation_id)
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    audit.record(
        "staff.invitation_revoked",
        organisation_id=by.organisation_id,
        by=by,
        kind="invitation",
        object_id=invitation.pk,
        email=invitation.email,
    )


def _send(invitation: Invitation, token: str) -> str:
    link = mailer.absolute(f"/invitation/{token}/")
    organisation = invitation.organisation
    with override(organisation.language):
        values = {"organisation": organisation.name, "name": invitation.invited_by.name, "link": link}
        mailer.queue(
            invitation.email,
            _now("Invitation to Otklik: %(organisation)s") % values,
            _now(
                "Hello!\n\n%(name)s invites you to work in Otklik for %(organisation)s.\n"
                "Open the link and choose a password; it works for seven days:\n\n%(link)s\n"
            )
            % values,
            organisation_id=organisation.pk,
        )
    return link


@transaction.atomic
def accept(token: str, *, name: str, password: str) -> User:
    """The invited person chooses name and password. Raises NotFound for a dead link, Invalid for a weak password."""
    invitation = queries.open_invitation(token, lock=True)
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise Conflict(_("Somebody works in Otklik with this address already."), field="email")
    try:
        validate_password(password, User(email=invitation.email, name=name))
    except ValidationError as error:
        raise Invalid(" ".join(error.messages).replace("%", "%%"), field="password") from error
    user = create_user(
        invitation.organisation,
        email=invitation.email,
        name=name,
        roles=list(invitation.roles),
        password=password,
    )
    set_teams(user, frozenset(invitation.team_ids))
    invitation.accepted_at = clock.now()
    invitation.save(update_fields=["accepted_at"])
    audit.record(
        "staff.invitation_accepted",
        organisation_id=user.organisation_id,
        by=user,
        kind="invitation",
        object_id=invitation.pk,
    )
    return user
