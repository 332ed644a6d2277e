"""Addresses of this domain."""

from __future__ import annotations

from django.urls import path

from otklik.accounts.views import company, me, settings, staff

urlpatterns = [
    path("me/", me.profile, name="me"),
    path("me/theme/", me.theme, name="me_theme"),
    path("me/presence/", me.presence, name="me_presence"),
    path("staff/", staff.staff, name="staff"),
    path("staff/invite/", staff.invite, name="staff_invite"),
    path("staff/<int:user_id>/", staff.person, name="person"),
    path("staff/<int:user_id>/deactivate/", staff.deactivate, name="staff_deactivate"),
    path("staff/<int:user_id>/activate/", staff.activate, name="staff_activate"),
    path("staff/<int:user_id>/password/", staff.password_link, name="staff_password"),
    path("staff/invitations/<int:invitation_id>/renew/", staff.renew, name="invitation_renew"),
    path("staff/invitations/<int:invitation_id>/revoke/", staff.revoke, name="invitation_revoke"),
    path("staff/teams/", staff.teams, name="teams"),
    path("staff/teams/new/", staff.team, name="team_new"),
    path("staff/teams/<int:team_id>/", staff.team, name="team"),
    path("staff/teams/<int:team_id>/delete/", staff.delete_team, name="team_delete"),
    path("invitation/<str:token>/", staff.accept, name="invitation"),
    path("settings/", settings.organisation, name="settings"),
    path("settings/keys/", settings.keys, name="api_keys"),
    path("settings/keys/<int:key_id>/revoke/", settings.revoke_key, name="api_key_revoke"),
    path("company/", company.company, name="company"),
    path("company/hours/", company.calendars, name="calendars"),
    path("company/hours/new/", company.calendar, name="calendar_new"),
    path("company/hours/<int:calendar_id>/", company.calendar, name="calendar"),
    path("company/hours/<int:calendar_id>/delete/", company.delete_calendar, name="calendar_delete"),
    path("company/events/", company.events, name="events"),
    path("company/events/new/", company.event, name="event_new"),
    path("company/events/restore/", company.restore_event, name="event_restore"),
    path("company/events/<int:event_id>/", company.event, name="event"),
    path("company/events/<int:event_id>/delete/", company.delete_event, name="event_delete"),
    path("company/<str:kind>/", company.directory, name="directory"),
    path("company/<str:kind>/new/", company.entry, name="directory_new"),
    path("company/<str:kind>/import/", company.import_file, name="directory_import"),
    path("company/<str:kind>/<int:entry_id>/", company.entry, name="directory_entry"),
    path("company/<str:kind>/<int:entry_id>/archive/", company.archive, name="directory_archive"),
    path("company/<str:kind>/<int:entry_id>/restore/", company.restore, name="directory_restore"),
]
