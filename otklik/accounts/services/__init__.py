"""Writes of accounts: who works here, what programs may do, what the company consists of."""

from __future__ import annotations

from otklik.accounts.services.calendars import (
    delete_calendar,
    delete_event,
    save_calendar,
    save_event,
)
from otklik.accounts.services.company import EntryData, archive_entry, restore_entry, save_entry
from otklik.accounts.services.invitations import accept, invite, renew_invitation, revoke_invitation
from otklik.accounts.services.keys import authenticate_key, create_key, revoke_key
from otklik.accounts.services.organisation import OrganisationData, update_organisation
from otklik.accounts.services.staff import (
    Profile,
    StaffData,
    activate,
    create_user,
    deactivate,
    end_sessions,
    first_administrator,
    note_seen,
    record_sign_in,
    record_sign_out,
    set_presence,
    set_theme,
    update_profile,
    update_staff,
)
from otklik.accounts.services.teams import delete_team, save_team

__all__ = [
    "EntryData",
    "OrganisationData",
    "Profile",
    "StaffData",
    "accept",
    "activate",
    "archive_entry",
    "authenticate_key",
    "create_key",
    "create_user",
    "deactivate",
    "delete_calendar",
    "delete_event",
    "delete_team",
    "end_sessions",
    "first_administrator",
    "invite",
    "note_seen",
    "record_sign_in",
    "record_sign_out",
    "renew_invitation",
    "restore_entry",
    "revoke_invitation",
    "revoke_key",
    "save_calendar",
    "save_entry",
    "save_event",
    "save_team",
    "set_presence",
    "set_theme",
    "update_organisation",
    "update_profile",
    "update_staff",
]
