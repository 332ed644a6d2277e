"""The organisation's own settings."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from otklik.accounts import policy
from otklik.accounts.events import TOPIC_ORGANISATION
from otklik.accounts.models import Organisation, User
from otklik.audit import services as audit
from otklik.kernel import events
from otklik.kernel.errors import Invalid


@dataclass(frozen=True)
class OrganisationData:
    name: str
    spellings: tuple[str, ...] = ()
    time_zone: str = "Europe/Moscow"
    language: str = "ru"
    signature: str = ""


@transaction.atomic
def update_organisation(data: OrganisationData, *, by: User) -> Organisation:
    """Raises Invalid for a zone or language that does not exist."""
    policy.require(by, "organisation.write")
    try:
        ZoneInfo(data.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise Invalid(_("There is no such time zone. Example: Europe/Moscow."), field="time_zone") from error
    if data.language not in dict(settings.LANGUAGES):
        raise Invalid(_("Choose Russian or English."), field="language")
    organisation = Organisation.objects.select_for_update().get(pk=by.organisation_id)
    fields = ("name", "spellings", "time_zone", "language", "signature")
    new = {**{field: getattr(data, field) for field in fields}, "spellings": list(data.spellings)}
    changed = [field for field in fields if getattr(organisation, field) != new[field]]
    for field in changed:
        setattr(organisation, field, new[field])
    if changed:
        organisation.save(update_fields=changed)
        audit.record(
            "organisation.changed",
            organisation_id=organisation.pk,
            by=by,
            kind="organisation",
            object_id=organisation.pk,
            fields=changed,
        )
        events.publish(TOPIC_ORGANISATION, organisation.pk, change="settings")
    return organisation
