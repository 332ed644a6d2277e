"""Reads of accounts; every function is bound to one organisation."""

from __future__ import annotations

from django.db.models import QuerySet

from otklik.accounts.models import Organisation, Team, User
from otklik.kernel.errors import NotFound


def organisation(organisation_id: int) -> Organisation:
    return Organisation.objects.get(pk=organisation_id)


def staff(organisation_id: int) -> QuerySet[User]:
    """Active people, by name."""
    return User.objects.filter(organisation_id=organisation_id, is_active=True).order_by("name")


def user(organisation_id: int, user_id: int) -> User:
    found = staff(organisation_id).filter(pk=user_id).first()
    if found is None:
        raise NotFound
    return found


def teams(organisation_id: int) -> QuerySet[Team]:
    return Team.objects.filter(organisation_id=organisation_id).order_by("name")


def team(organisation_id: int, team_id: int) -> Team:
    found = teams(organisation_id).filter(pk=team_id).first()
    if found is None:
        raise NotFound
    return found


def with_role(organisation_id: int, role: str) -> QuerySet[User]:
    return staff(organisation_id).filter(grants__role=role)
