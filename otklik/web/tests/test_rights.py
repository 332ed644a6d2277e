"""Every role against every door, and two companies that never see each other."""

from __future__ import annotations

import pytest
from django.test import Client

from otklik.accounts import policy, services
from otklik.accounts.models import ApiKey, Organisation, RoleGrant, User
from otklik.accounts.models.staff import Role
from otklik.accounts.services.calendars import CalendarData, EventData
from otklik.audit import services as audit
from otklik.kernel import clock
from otklik.people.models import Customer, Order

# page → the right it asks for; every page of the shell and of accounts stands here
PAGES = {
    "/staff/": "staff.read",
    "/staff/teams/": "staff.read",
    "/staff/invite/": "staff.write",
    "/staff/{user}/": "staff.write",
    "/staff/teams/new/": "team.write",
    "/staff/teams/{team}/": "team.write",
    "/settings/": "organisation.write",
    "/settings/keys/": "apikey.write",
    "/settings/opinion/": "analysis.opinion",
    "/company/outlet/": "directory.read",
    "/company/hours/": "directory.read",
    "/company/events/": "directory.read",
    "/company/outlet/new/": "directory.write",
    "/company/outlet/import/": "directory.write",
    "/company/outlet/{outlet}/": "directory.write",
    "/company/hours/new/": "directory.write",
    "/company/hours/{calendar}/": "directory.write",
    "/company/events/new/": "calendar.write",
    "/company/events/{event}/": "calendar.write",
    "/audit/": "audit.read",
    "/audit/export.csv": "audit.read",
}
ACTIONS = {
    "/staff/{user}/deactivate/": "staff.write",
    "/staff/{user}/activate/": "staff.write",
    "/staff/{user}/password/": "staff.write",
    "/staff/invitations/{invitation}/renew/": "staff.write",
    "/staff/invitations/{invitation}/revoke/": "staff.write",
    "/settings/keys/{key}/revoke/": "apikey.write",
    "/company/outlet/{outlet}/archive/": "directory.write",
    "/company/outlet/{outlet}/restore/": "directory.write",
    "/company/events/{event}/delete/": "calendar.write",
    "/company/hours/{calendar}/delete/": "directory.write",
    "/staff/teams/{team}/delete/": "team.write",
}


def furnish(admin):
    """One of everything in the administrator's organisation: name → id."""
    services.save_calendar(CalendarData("Главные часы", {"0": [["09:00", "18:00"]]}, {}), by=admin)
    someone = services.create_user(
        admin.organisation,
        email=f"colleague@{admin.organisation_id}.test",
        name="Коллега",
        roles=["operator"],
    )
    return {
        "user": someone.pk,
        "team": services.save_team(
            by=admin, name="Линия доставки", round_robin=False, member_ids=frozenset()
        ).pk,
        "outlet": services.save_entry("outlet", services.EntryData("m1", "Лавка у дома"), by=admin).pk,
        "calendar": services.save_calendar(CalendarData("Второй", {}, {}), by=admin).pk,
        "event": services.save_event(EventData("other", "Ярмарка", clock.now()), by=admin).pk,
        "invitation": services.invite(
            by=admin, email=f"guest@{admin.organisation_id}.test", name="", roles=["operator"]
        )[0].pk,
        "key": services.create_key(by=admin, name="Ключ", scopes=["admin"])[0].pk,
    }


@pytest.mark.parametrize("role", Role.values)
def test_a_role_opens_exactly_the_doors_of_its_rights(role, alisa, olga):
    things = furnish(alisa)
    RoleGrant.objects.filter(user=olga).update(role=role)
    client = Client()
    client.force_login(olga)
    rights = policy.rights_of_roles(frozenset({role}))
    for method, doors in (("get", PAGES), ("post", ACTIONS)):
        for path, right in doors.items():
            status = getattr(client, method)(path.format(**things)).status_code
            expected = (200, 302) if right in rights else (403,)
            assert status in expected, f"{role}: {method} {path} answered {status}"


def test_nobody_enters_without_signing_in(alisa, client):
    things = furnish(alisa)
    for path in [*PAGES, "/me/", "/more/", "/palette", "/inbox/", "/operations/"]:
        answer = client.get(path.format(**things))
        assert (answer.status_code, answer["Location"][:16]) == (302, "/accounts/login/"), path
    for path in ACTIONS:
        assert client.post(path.format(**things)).status_code == 302
    htmx = client.get("/staff/", headers={"HX-Request": "true"})
    assert (htmx.status_code, htmx["HX-Retarget"]) == (401, "#o-alerts")


def test_sign_up_is_closed(db, client):
    form = {"email": "x@x.test", "password1": "correct horse battery", "password2": "correct horse battery"}
    client.post("/accounts/signup/", form)
    assert not User.objects.filter(email="x@x.test").exists()


def test_two_companies_do_not_see_each_other(alisa):
    things = furnish(alisa)
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    stranger = services.create_user(
        other,
        email="admin@other.test",
        name="Чужой",
        roles=list(Role.values),
        password="correct horse battery",
    )
    audit.record(
        "staff.created",
        organisation_id=alisa.organisation_id,
        by=alisa,
        kind="user",
        object_id=1,
        mark="пометка-7",
    )
    client = Client()
    client.force_login(stranger)
    for path in PAGES:
        answer = client.get(path.format(**things))
        if "{" in path:
            assert answer.status_code == 404, path
        else:
            text = b"".join(answer).decode() if answer.streaming else answer.content.decode()
            for own in (
                "Коллега",
                "Линия доставки",
                "Лавка у дома",
                "Главные часы",
                "Ярмарка",
                "пометка-7",
                alisa.email,
            ):
                assert own not in text, f"{own} on {path}"
    for path in ACTIONS:
        assert client.post(path.format(**things)).status_code == 404, path
    assert ApiKey.objects.get(pk=things["key"]).revoked_at is None


def test_what_is_missing_and_what_is_foreign_look_the_same(alisa, client):
    client.force_login(alisa)
    missing = client.get("/staff/999999/")
    nowhere = client.get("/nowhere/")
    assert missing.status_code == nowhere.status_code == 404
    sentence = "Здесь ничего нет, или у вас нет доступа."
    assert sentence in missing.content.decode()
    assert sentence in nowhere.content.decode()


def test_the_palette_finds_people_in_the_wrong_layout_and_orders(alisa, client):
    row = Customer.objects.create(
        organisation=alisa.organisation,
        name="Лаптева Ирина",
        first_seen_at=clock.now(),
        created_at=clock.now(),
    )
    Order.objects.create(
        organisation=alisa.organisation, customer=row, number="С-204518", updated_at=clock.now()
    )
    client.force_login(alisa)
    for query in ("kfgntdf", "Лаптева", "kfgn", "ирин"):
        groups = client.get("/palette", {"q": query}).json()["groups"]
        assert groups[0]["items"][0]["title"] == "Лаптева Ирина", query
    orders = client.get("/palette", {"q": "204518"}).json()["groups"]
    assert [item["title"] for group in orders for item in group["items"]] == ["С-204518"]
