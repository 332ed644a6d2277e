"""Staff, teams, invitations, keys and the organisation over the API: what the screens of an administrator do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from otklik.accounts import queries, services
from otklik.accounts.api import KeyOut, StaffOut, TeamOut, staff_router
from otklik.accounts.models import Organisation, Team, User
from otklik.kernel.rest import ANYBODY, Call, Done, Given, Id, operation

router = staff_router  # one address of the API lies in one router
Role = Literal[
    "operator", "supervisor", "analyst", "publisher", "pr", "qa", "lawyer", "manager", "administrator"
]
Roles = Annotated[list[Role], Field(min_length=1, max_length=9)]
Ids = Annotated[list[Id], Field(max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class StaffChange(Given):
    """Only the fields that are sent change."""

    name: Name | None = None
    title: str | None = Field(None, max_length=200)
    capacity: int | None = Field(None, ge=0, le=500)
    roles: Roles | None = None
    team_ids: Ids | None = None


@operation(
    router, "PATCH", "/staff/{user_id}", right="staff.write", answer=StaffOut, example={"roles": ["operator"]}
)
def change_staff(request: Call, user_id: Id, data: StaffChange) -> User:
    """Name, roles, teams, how much a person is given. The last administrator keeps the role."""
    one = queries.anybody(request.auth.organisation_id, user_id)
    given = {name: value for name, value in data.dict(exclude_unset=True).items() if value is not None}
    now = {
        "name": one.name,
        "title": one.title,
        "capacity": one.capacity,
        "roles": one.roles,
        "team_ids": one.teams.values_list("pk", flat=True),
    }
    wanted: dict[str, Any] = {**now, **given}
    for name in ("roles", "team_ids"):
        wanted[name] = frozenset(wanted[name])
    services.update_staff(user_id, services.StaffData(**wanted), by=request.auth)
    return queries.anybody(request.auth.organisation_id, user_id)


@operation(router, "POST", "/staff/{user_id}/deactivate", right="staff.write", answer=Done)
def deactivate_staff(request: Call, user_id: Id) -> Done:
    """Nobody signs in as this person any more. Open sessions end, keys made by the person open nothing."""
    services.deactivate(user_id, by=request.auth)
    return Done()


@operation(router, "POST", "/staff/{user_id}/activate", right="staff.write", answer=Done)
def activate_staff(request: Call, user_id: Id) -> Done:
    """The person can sign in again."""
    services.activate(user_id, by=request.auth)
    return Done()


class PresenceIn(Given):
    presence: Literal["online", "away", "offline"]


@operation(router, "POST", "/me/presence", right=ANYBODY, answer=Done, example={"presence": "away"})
def set_my_presence(request: Call, data: PresenceIn) -> Done:
    """At work, away or not at work: automatic assignment asks this."""
    services.set_presence(request.auth, data.presence)
    return Done()


class InvitationIn(Given):
    email: Email
    name: str = Field("", max_length=200)
    roles: Roles
    team_ids: Ids = []


class InvitationOut(Schema):
    id: int
    email: str
    name: str
    roles: list[str]
    created_at: datetime
    expires_at: datetime


class InvitationLinkOut(InvitationOut):
    """The link opens an account: it is given once, and goes out by mail where mail is set up."""

    link: str


def _with_link(made: tuple[Any, str]) -> InvitationLinkOut:
    return InvitationLinkOut(**InvitationOut.from_orm(made[0]).dict(), link=made[1])


@operation(router, "GET", "/invitations", right="staff.write", answer=list[InvitationOut])
def list_invitations(request: Call) -> Any:
    """Invitations not yet accepted or withdrawn."""
    return queries.invitations(request.auth.organisation_id)


@operation(
    router,
    "POST",
    "/invitations",
    right="staff.write",
    answer=InvitationLinkOut,
    status=201,
    example={"email": "pavel@shop.example", "name": "Павел Орлов", "roles": ["operator"]},
)
def invite_staff(request: Call, data: InvitationIn) -> InvitationLinkOut:
    """Invite somebody. The link works for seven days, once."""
    made = services.invite(
        by=request.auth, email=data.email, name=data.name, roles=list(data.roles), team_ids=data.team_ids
    )
    return _with_link(made)


@operation(
    router, "POST", "/invitations/{invitation_id}/renew", right="staff.write", answer=InvitationLinkOut
)
def renew_invitation(request: Call, invitation_id: Id) -> InvitationLinkOut:
    """A new link. The old one is dead."""
    return _with_link(services.renew_invitation(invitation_id, by=request.auth))


@operation(router, "DELETE", "/invitations/{invitation_id}", right="staff.write", answer=Done)
def revoke_invitation(request: Call, invitation_id: Id) -> Done:
    """Withdraw an invitation."""
    services.revoke_invitation(invitation_id, by=request.auth)
    return Done()


class TeamIn(Given):
    """`round_robin`: new conversations go to the next free member."""

    name: str = Field(min_length=1, max_length=100)
    round_robin: bool = False
    member_ids: Ids = []


@operation(
    router,
    "POST",
    "/teams",
    right="team.write",
    answer=TeamOut,
    status=201,
    example={"name": "Доставка", "round_robin": True, "member_ids": [7, 9]},
)
def create_team(request: Call, data: TeamIn) -> Team:
    """A new team."""
    return _save(request, data, None)


@operation(router, "PUT", "/teams/{team_id}", right="team.write", answer=TeamOut)
def update_team(request: Call, team_id: Id, data: TeamIn) -> Team:
    """Another name, way of giving out or members."""
    return _save(request, data, team_id)


def _save(request: Call, data: TeamIn, team_id: int | None) -> Team:
    return services.save_team(
        by=request.auth,
        name=data.name,
        round_robin=data.round_robin,
        member_ids=frozenset(data.member_ids),
        team_id=team_id,
    )


@operation(router, "DELETE", "/teams/{team_id}", right="team.write", answer=Done)
def delete_team(request: Call, team_id: Id) -> Done:
    """Delete a team for good. A team that still has conversations stays."""
    services.delete_team(team_id, by=request.auth)
    return Done()


class KeyListOut(KeyOut):
    prefix: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@operation(router, "GET", "/keys", right="apikey.write", answer=list[KeyListOut])
def list_keys(request: Call) -> Any:
    """API keys, never their secrets. New ones are made by a person, in Settings."""
    return queries.api_keys(request.auth.organisation_id)


@operation(router, "DELETE", "/keys/{key_id}", right="apikey.write", answer=Done)
def revoke_key(request: Call, key_id: Id) -> Done:
    """From now on the key opens nothing."""
    services.revoke_key(key_id, by=request.auth)
    return Done()


class OrganisationFullOut(Schema):
    id: int
    name: str
    spellings: list[str]
    time_zone: str
    language: str
    signature: str


class OrganisationChange(Given):
    """Only the fields that are sent change."""

    name: Name | None = None
    spellings: list[Annotated[str, Field(max_length=200)]] | None = Field(None, max_length=100)
    time_zone: str | None = Field(None, max_length=64)
    language: Literal["ru", "en"] | None = None
    signature: str | None = Field(None, max_length=2000)


@operation(router, "GET", "/organisation", right="organisation.write", answer=OrganisationFullOut)
def get_organisation(request: Call) -> Organisation:
    """The company's own settings."""
    return queries.organisation(request.auth.organisation_id)


@operation(
    router,
    "PATCH",
    "/organisation",
    right="organisation.write",
    answer=OrganisationFullOut,
    example={"signature": "Север-Техника, забота о клиентах"},
)
def change_organisation(request: Call, data: OrganisationChange) -> Organisation:
    """Change them."""
    row = queries.organisation(request.auth.organisation_id)
    fields = ("name", "spellings", "time_zone", "language", "signature")
    given = {name: value for name, value in data.dict(exclude_unset=True).items() if value is not None}
    wanted: dict[str, Any] = {**{name: getattr(row, name) for name in fields}, **given}
    wanted["spellings"] = tuple(wanted["spellings"])
    return services.update_organisation(services.OrganisationData(**wanted), by=request.auth)


__all__ = ["router"]
