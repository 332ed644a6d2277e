"""Staff: roles, the last administrator, sessions, invitations, teams, keys."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from otklik.accounts import queries, services
from otklik.accounts.models import ApiKey, Invitation, Team, User
from otklik.accounts.services import StaffData
from otklik.accounts.services.staff import LastAdministrator
from otklik.audit.models import Entry
from otklik.kernel import clock
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound

PASSWORD = "correct horse battery"


def sign_in(person, password=PASSWORD):
    client = Client()
    response = client.post("/accounts/login/", {"login": person.email, "password": password})
    assert response.status_code == 302, "the password must open the door"
    return client


def test_an_administrator_changes_roles_and_teams_of_a_colleague(alisa, olga):
    team = services.save_team(by=alisa, name="Доставка", round_robin=True, member_ids=frozenset())
    services.update_staff(
        olga.pk, StaffData("Ольга", "2-я линия", 7, frozenset({"supervisor"}), frozenset({team.pk})), by=alisa
    )
    again = User.objects.get(pk=olga.pk)
    assert (set(again.roles), again.capacity, list(again.teams.all())) == ({"supervisor"}, 7, [team])
    assert "conversation.bulk" in again.rights


def test_the_last_administrator_keeps_the_role_and_the_access(alisa, boris):
    with pytest.raises(LastAdministrator):
        services.update_staff(alisa.pk, StaffData("Алиса", roles=frozenset({"operator"})), by=alisa)
    services.update_staff(boris.pk, StaffData("Борис", roles=frozenset({"administrator"})), by=alisa)
    boris = User.objects.get(pk=boris.pk)
    services.deactivate(alisa.pk, by=boris)
    with pytest.raises(Conflict):
        services.update_staff(boris.pk, StaffData("Борис", roles=frozenset({"operator"})), by=boris)


def test_somebody_switched_off_is_out_at_once_and_comes_back_only_when_let_in(alisa, olga):
    client = sign_in(olga)
    assert client.get("/me/").status_code == 200
    services.deactivate(olga.pk, by=alisa)
    assert client.get("/me/").status_code == 302
    assert not User.objects.get(pk=olga.pk).is_active
    services.activate(olga.pk, by=alisa)
    assert sign_in(olga).get("/me/").status_code == 200


def test_nobody_switches_themselves_off(alisa):
    with pytest.raises(Conflict):
        services.deactivate(alisa.pk, by=alisa)


def test_an_operator_cannot_touch_staff(olga, boris):
    with pytest.raises(Forbidden):
        services.update_staff(boris.pk, StaffData("Б", roles=frozenset({"operator"})), by=olga)
    with pytest.raises(Forbidden):
        services.invite(by=olga, email="x@shop.test", name="", roles=["operator"])


def test_an_invitation_opens_once_and_signs_the_person_in(alisa):
    team = Team.objects.create(organisation=alisa.organisation, name="Магазины")
    _row, link = services.invite(
        by=alisa, email="New@Shop.test", name="Новый", roles=["operator", "qa"], team_ids=[team.pk]
    )
    path = link.split("/", 3)[3]
    client = Client()
    assert "new@shop.test" in client.get(f"/{path}").content.decode()
    weak = client.post(f"/{path}", {"name": "Нина Новая", "password": "12345"})
    assert weak.status_code == 422
    assert client.post(f"/{path}", {"name": "Нина Новая", "password": PASSWORD}).status_code == 302
    person = User.objects.get(email="new@shop.test")
    assert (set(person.roles), person.name, list(person.teams.all())) == (
        {"operator", "qa"},
        "Нина Новая",
        [team],
    )
    assert client.get("/me/").status_code == 200
    assert Client().get(f"/{path}").status_code == 404


def test_an_old_withdrawn_or_replaced_invitation_is_dead(alisa):
    row, first = services.invite(by=alisa, email="a@shop.test", name="", roles=["operator"])
    _row, second = services.renew_invitation(row.pk, by=alisa)
    assert Client().get("/" + first.split("/", 3)[3]).status_code == 404
    with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
        assert Client().get("/" + second.split("/", 3)[3]).status_code == 404
    services.revoke_invitation(row.pk, by=alisa)
    assert Client().get("/" + second.split("/", 3)[3]).status_code == 404


def test_the_link_of_an_invitation_is_not_stored(alisa):
    _row, link = services.invite(by=alisa, email="a@shop.test", name="", roles=["operator"])
    token = link.rstrip("/").rsplit("/", 1)[1]
    assert token not in str(list(Invitation.objects.values())) + str(list(Entry.objects.values()))


def test_a_known_address_cannot_be_invited_again(alisa, olga):
    with pytest.raises(Conflict):
        services.invite(by=alisa, email="OLGA@shop.test", name="", roles=["operator"])


def test_without_mail_the_link_is_shown_once_on_the_page(alisa):
    client = sign_in(alisa)
    page = client.post("/staff/invite/", {"email": "b@shop.test", "roles": ["operator"]})
    assert page.status_code == 200
    assert "/invitation/" in page.content.decode()
    assert "/invitation/" not in client.get("/staff/").content.decode()


def test_a_link_for_a_new_password_works_once(alisa, olga):
    page = sign_in(alisa).post(f"/staff/{olga.pk}/password/").content.decode()
    path = page.split("/accounts/password/reset/key/", 1)[1].split('"', 1)[0]
    client = Client()
    form = client.get(f"/accounts/password/reset/key/{path}", follow=True)
    assert form.status_code == 200
    new = {"password1": "новый длинный пароль", "password2": "новый длинный пароль"}
    assert client.post(form.redirect_chain[-1][0], new).status_code == 302
    assert sign_in(olga, "новый длинный пароль").get("/me/").status_code == 200


def test_a_team_has_one_name_and_only_own_people(alisa, olga):
    services.save_team(by=alisa, name="Доставка", round_robin=False, member_ids=frozenset({olga.pk, 999_999}))
    assert list(Team.objects.get().members.all()) == [olga]
    with pytest.raises(Conflict, match="Доставка"):
        services.save_team(by=alisa, name="Доставка", round_robin=False, member_ids=frozenset())
    services.delete_team(Team.objects.get().pk, by=alisa)
    assert not Team.objects.exists()


def test_a_key_is_shown_once_and_opens_only_its_scopes(alisa):
    key, token = services.create_key(by=alisa, name="Склад", scopes=["customers:write"], days=30)
    assert token not in str(list(ApiKey.objects.values()))
    who = services.authenticate_key(token)
    assert who is not None
    assert "order.import" in who.rights
    assert "conversation.reply" not in who.rights
    assert ApiKey.objects.get(pk=key.pk).last_used_at is not None
    assert services.authenticate_key(token + "x") is None


def test_an_expired_or_revoked_key_opens_nothing(alisa):
    key, token = services.create_key(by=alisa, name="Склад", scopes=["admin"], days=30)
    with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
        assert services.authenticate_key(token) is None
    services.revoke_key(key.pk, by=alisa)
    assert services.authenticate_key(token) is None


def test_unknown_scopes_and_roles_are_refused(alisa):
    with pytest.raises(Invalid):
        services.create_key(by=alisa, name="X", scopes=["everything"])
    with pytest.raises(Invalid):
        services.invite(by=alisa, email="c@shop.test", name="", roles=["king"])


def test_staff_is_found_by_any_part_in_any_case(alisa, olga, boris):
    names = [each.name for each in queries.everybody(alisa.organisation_id, "ИЛЬ")]
    assert names == ["Ольга Ильина"]


def test_own_page_changes_language_theme_and_presence(olga):
    client = sign_in(olga)
    olga.refresh_from_db()
    assert olga.presence == "online", "who signs in is at work"
    fields = {"name": "Ольга", "language": "en", "theme": "dark", "capacity": "5", "undo_seconds": "30"}
    assert client.post("/me/", fields).status_code == 302
    page = client.get("/me/").content.decode()
    assert 'lang="en" data-bs-theme="dark"' in page
    assert 'data-single-keys="off"' in page
    client.post("/me/presence/", {"presence": "away"})
    olga.refresh_from_db()
    assert (olga.presence, olga.preferences["undo_seconds"]) == ("away", 30)


def test_somebody_of_another_company_is_not_found(alisa):
    with pytest.raises(NotFound):
        services.deactivate(alisa.pk + 1000, by=alisa)
