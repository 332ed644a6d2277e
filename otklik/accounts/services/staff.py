"""Staff: who works here, with which roles, and whether they are at work."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy, queries
from otklik.accounts.events import TOPIC_PRESENCE, TOPIC_SESSIONS_ENDED, TOPIC_STAFF
from otklik.accounts.models import Organisation, Role, RoleGrant, Team, TeamMember, User
from otklik.accounts.models.staff import Presence
from otklik.audit import services as audit
from otklik.kernel import clock, events
from otklik.kernel.errors import Conflict, Invalid
from otklik.kernel.languages import LANGUAGES


class LastAdministrator(Conflict):
    code = "last_administrator"
    text = _("This is the last administrator. Give the role to somebody else first.")


@transaction.atomic
def first_administrator(*, email: str, organisation_name: str) -> tuple[User, str] | None:
    """Organisation and administrator of an empty installation with a random password; None when people exist."""
    if User.objects.exists():
        return None
    organisation = Organisation.objects.create(name=organisation_name, created_at=clock.now())
    password = secrets.token_urlsafe(12)
    user = create_user(
        organisation, email=email, name="Администратор", roles=[Role.ADMINISTRATOR], password=password
    )
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
    user = User(
        organisation=organisation, email=email.lower(), name=name, title=title, created_at=clock.now()
    )
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
    events.publish(TOPIC_STAFF, organisation.pk, user_id=user.pk, change="created")
    return user


@dataclass(frozen=True)
class StaffData:
    """What an administrator says about a colleague."""

    name: str
    title: str = ""
    capacity: int = 30
    roles: frozenset[str] = frozenset()
    team_ids: frozenset[int] = frozenset()
    speaks: tuple[str, ...] | None = None  # None: as it was


@transaction.atomic
def update_staff(user_id: int, data: StaffData, *, by: User) -> User:
    """Name, title, capacity, roles and teams. The last administrator keeps the role."""
    user = _lock(user_id, by)
    unknown = data.roles - set(Role.values)
    if unknown or not data.roles:
        raise Invalid(_("Choose at least one role."), field="roles")
    before = user.roles
    if Role.ADMINISTRATOR in before and Role.ADMINISTRATOR not in data.roles:
        _require_other_administrator(user)
    user.name, user.title, user.capacity = data.name, data.title, data.capacity
    user.speaks = _languages(user.speaks if data.speaks is None else data.speaks)
    user.save(update_fields=["name", "title", "capacity", "speaks"])
    user.grants.exclude(role__in=data.roles).delete()
    RoleGrant.objects.bulk_create(
        [RoleGrant(user=user, role=role) for role in sorted(data.roles - before)], ignore_conflicts=True
    )
    set_teams(user, data.team_ids)
    audit.record(
        "staff.changed",
        organisation_id=user.organisation_id,
        by=by,
        kind="user",
        object_id=user.pk,
        roles=sorted(data.roles),
        roles_before=sorted(before),
        teams=sorted(data.team_ids),
        speaks=user.speaks,
    )
    events.publish(TOPIC_STAFF, user.organisation_id, user_id=user.pk, change="changed")
    return user


def set_teams(user: User, team_ids: frozenset[int]) -> None:
    """Make `user` a member of exactly these teams of the organisation, in the caller's transaction."""
    known = set(
        Team.objects.filter(organisation_id=user.organisation_id, pk__in=team_ids).values_list(
            "pk", flat=True
        )
    )
    TeamMember.objects.filter(user=user).exclude(team_id__in=known).delete()
    TeamMember.objects.bulk_create(
        [TeamMember(user=user, team_id=team_id) for team_id in sorted(known)], ignore_conflicts=True
    )


@transaction.atomic
def deactivate(user_id: int, *, by: User) -> User:
    """Nobody signs in as this person any more; open sessions end at once. History keeps the name."""
    user = _lock(user_id, by)
    if user.pk == by.pk:
        raise Conflict(_("You cannot switch yourself off. Ask another administrator."))
    if Role.ADMINISTRATOR in user.roles:
        _require_other_administrator(user)
    user.is_active = False
    user.presence = Presence.OFFLINE
    user.save(update_fields=["is_active", "presence"])
    end_sessions(user)
    audit.record(
        "staff.deactivated", organisation_id=user.organisation_id, by=by, kind="user", object_id=user.pk
    )
    events.publish(TOPIC_STAFF, user.organisation_id, user_id=user.pk, change="deactivated")
    return user


@transaction.atomic
def activate(user_id: int, *, by: User) -> User:
    """The person can sign in again with the old password."""
    user = _lock(user_id, by)
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record(
        "staff.activated", organisation_id=user.organisation_id, by=by, kind="user", object_id=user.pk
    )
    events.publish(TOPIC_STAFF, user.organisation_id, user_id=user.pk, change="activated")
    return user


def end_sessions(user: User, *, keep: str = "") -> int:
    """Sign out everywhere except the session `keep`, in the caller's transaction; returns how many ended."""
    rows = UserSession.objects.filter(user=user).exclude(session_key=keep)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    if not keep:
        events.publish(TOPIC_SESSIONS_ENDED, user.organisation_id, user_id=user.pk)
    return len(keys)


def _lock(user_id: int, by: User) -> User:
    policy.require(by, "staff.write")
    # one at a time within an organisation: two administrators must not remove each other
    Organisation.objects.select_for_update().get(pk=by.organisation_id)
    return queries.anybody(by.organisation_id, user_id)


def _require_other_administrator(user: User) -> None:
    others = queries.with_role(user.organisation_id, Role.ADMINISTRATOR).exclude(pk=user.pk)
    if user.is_active and not others.exists():
        raise LastAdministrator


@dataclass(frozen=True)
class Profile:
    """What people set for themselves."""

    name: str
    title: str = ""
    language: str = ""
    theme: str = ""
    single_keys: bool = True
    signature: str = ""
    capacity: int = 30
    undo_seconds: int | None = None  # None: as the installation says
    desktop: bool = field(default=False)  # notifications of the browser
    speaks: tuple[str, ...] | None = None  # None: as it was


@transaction.atomic
def update_profile(user: User, data: Profile) -> User:
    """A person changes their own page; needs no right."""
    user.name, user.title, user.language, user.theme = data.name, data.title, data.language, data.theme
    user.single_keys, user.signature, user.capacity = data.single_keys, data.signature, data.capacity
    user.speaks = _languages(user.speaks if data.speaks is None else data.speaks)
    user.preferences = {**user.preferences, "undo_seconds": data.undo_seconds, "desktop": data.desktop}
    user.save(
        update_fields=[
            "name", "title", "language", "theme", "single_keys", "signature", "capacity", "preferences",
            "speaks",
        ]
    )  # fmt: skip
    audit.record(
        "staff.profile_changed", organisation_id=user.organisation_id, by=user, kind="user", object_id=user.pk
    )
    events.publish(TOPIC_STAFF, user.organisation_id, user_id=user.pk, change="profile")
    return user


def _languages(codes: Iterable[str]) -> list[str]:
    """Known codes in the order of the list, each once. Raises Invalid for an unknown one."""
    chosen = set(codes)
    if unknown := chosen - set(LANGUAGES):
        raise Invalid(
            _("“%(language)s” is not a language of the list."), field="speaks", language=sorted(unknown)[0]
        )
    return [code for code in LANGUAGES if code in chosen]


def set_theme(user: User, theme: str) -> None:
    """Light, dark or as the system (empty)."""
    if theme not in ("", "light", "dark"):
        raise Invalid(_("Choose light, dark or as the system."), field="theme")
    user.theme = theme
    user.save(update_fields=["theme"])


@transaction.atomic
def set_presence(user: User, presence: str) -> None:
    """At work, away or not at work; automatic assignment asks this."""
    if presence not in Presence.values:
        raise Invalid(_("Choose one of: at work, away, not at work."), field="presence")
    if user.presence == presence:
        return
    user.presence = presence
    user.save(update_fields=["presence"])
    events.publish(TOPIC_PRESENCE, user.organisation_id, user_id=user.pk, presence=presence)


def note_seen(user: User) -> None:
    """Called by the shell at most once a minute; a conditional write, so parallel requests do it once."""
    now = clock.now()
    won = User.objects.filter(pk=user.pk, seen_at=user.seen_at).update(seen_at=now)
    if won:
        user.seen_at = now


@transaction.atomic
def record_sign_in(user: User, *, ip: str) -> None:
    """Somebody signed in: at work unless they say otherwise."""
    audit.record(
        "staff.signed_in",
        organisation_id=user.organisation_id,
        by=user,
        kind="user",
        object_id=user.pk,
        ip=ip,
    )
    set_presence(user, Presence.ONLINE)


@transaction.atomic
def record_sign_out(user: User) -> None:
    audit.record(
        "staff.signed_out", organisation_id=user.organisation_id, by=user, kind="user", object_id=user.pk
    )
    others = Session.objects.filter(
        session_key__in=UserSession.objects.filter(user=user).values("session_key"),
        expire_date__gt=clock.now(),
    )
    if others.count() <= 1:
        set_presence(user, Presence.OFFLINE)
