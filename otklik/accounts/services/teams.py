"""Teams: who shares a queue."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy, queries
from otklik.accounts.events import TOPIC_STAFF
from otklik.accounts.models import Team, TeamMember, User
from otklik.audit import services as audit
from otklik.kernel import events
from otklik.kernel.errors import Conflict


@transaction.atomic
def save_team(
    *, by: User, name: str, round_robin: bool, member_ids: frozenset[int], team_id: int | None = None
) -> Team:
    """Create or change; `round_robin` gives new conversations to the next free member."""
    policy.require(by, "team.write")
    team = queries.team(by.organisation_id, team_id) if team_id else Team(organisation_id=by.organisation_id)
    team.name, team.round_robin = name, round_robin
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        raise Conflict(_("There is a team called “%(name)s” already."), name=name, field="name") from error
    known = set(queries.staff(by.organisation_id).filter(pk__in=member_ids).values_list("pk", flat=True))
    TeamMember.objects.filter(team=team).exclude(user_id__in=known).delete()
    TeamMember.objects.bulk_create(
        [TeamMember(team=team, user_id=pk) for pk in sorted(known)], ignore_conflicts=True
    )
    audit.record(
        "team.changed" if team_id else "team.created",
        organisation_id=by.organisation_id,
        by=by,
        kind="team",
        object_id=team.pk,
        name=name,
        members=sorted(known),
        round_robin=round_robin,
    )
    events.publish(TOPIC_STAFF, by.organisation_id, team_id=team.pk, change="team")
    return team


@transaction.atomic
def delete_team(team_id: int, *, by: User) -> None:
    """For good; what the team had stays with its people or with nobody."""
    policy.require(by, "team.write")
    team = queries.team(by.organisation_id, team_id)
    name, pk = team.name, team.pk
    try:
        with transaction.atomic():
            team.delete()
    except ProtectedError as error:
        raise Conflict(_("The team still has conversations. Give them to another team first.")) from error
    audit.record(
        "team.deleted", organisation_id=by.organisation_id, by=by, kind="team", object_id=pk, name=name
    )
    events.publish(TOPIC_STAFF, by.organisation_id, team_id=pk, change="team")
