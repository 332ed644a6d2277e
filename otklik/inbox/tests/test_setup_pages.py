"""Ready texts and labels are written in the settings, by those who may."""

from __future__ import annotations

import pytest

from otklik.accounts.models import Organisation, RoleGrant
from otklik.accounts.services import create_user
from otklik.inbox.models import Label, Template
from otklik.inbox.services import labels, templates
from otklik.kernel import clock

pytestmark = pytest.mark.django_db
TEXT = "{{customer.first_name}}, деньги вернутся за десять дней."


@pytest.fixture
def supervisor(client, boris):
    client.force_login(boris)
    return client


def test_a_supervisor_writes_changes_and_archives_a_template(supervisor, boris, write_in):
    write_in("Где деньги?")
    made = supervisor.post(
        "/settings/templates/new/", {"name": "Возврат", "text": TEXT, "channel_kinds": ["vk"]}
    )
    row = Template.objects.get()
    assert (made.status_code, row.text, row.channel_kinds) == (302, TEXT, ["vk"])
    supervisor.post(f"/settings/templates/{row.pk}/", {"name": "Возврат денег", "text": TEXT})
    assert "Возврат денег" in supervisor.get("/settings/templates/").content.decode()
    supervisor.post(f"/settings/templates/{row.pk}/archive/")
    assert "Возврат денег" not in supervisor.get("/settings/templates/").content.decode()
    assert "Возврат денег" in supervisor.get("/settings/templates/?archived=1").content.decode()
    supervisor.post(f"/settings/templates/{row.pk}/restore/")
    row.refresh_from_db()
    assert row.archived_at is None


def test_an_unknown_variable_is_named_beside_the_text(supervisor):
    answer = supervisor.post("/settings/templates/new/", {"name": "Ответ", "text": "{{customer.salary}}"})
    assert answer.status_code == 422
    assert "customer.salary" in answer.content.decode()
    assert not Template.objects.exists()


def test_the_name_of_an_archived_template_is_free_again(boris):
    old = templates.create("Возврат", "Старый текст", by=boris)
    templates.archive(old.pk, by=boris)
    assert templates.create("Возврат", "Новый текст", by=boris).text == "Новый текст"
    assert Template.objects.count() == 1


def test_a_supervisor_makes_renames_and_archives_a_label(supervisor, boris, write_in):
    talk = write_in("Где деньги?")
    supervisor.post("/settings/labels/", {"name": "Возврат", "colour": "red"})
    row = Label.objects.get()
    labels.add(talk.pk, row.pk, by=boris)
    page = supervisor.get("/settings/labels/").content.decode()
    assert "Возврат" in page
    assert f"?label={row.pk}" in page
    supervisor.post(f"/settings/labels/{row.pk}/", {"name": "Деньги", "colour": "teal"})
    supervisor.post(f"/settings/labels/{row.pk}/archive/")
    row.refresh_from_db()
    assert (row.name, row.colour, row.archived_at is None) == ("Деньги", "teal", False)
    supervisor.post(f"/settings/labels/{row.pk}/restore/")
    row.refresh_from_db()
    assert row.archived_at is None


def test_a_name_that_is_taken_is_said_on_the_form(supervisor, boris):
    labels.create("Возврат", by=boris)
    answer = supervisor.post("/settings/labels/", {"name": "возврат", "colour": "red"})
    assert answer.status_code == 422
    assert "Возврат" in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "first"),
    [("supervisor", "/settings/templates/"), ("qa", "/settings/templates/"), ("operator", None)],
)
def test_settings_begin_with_what_a_role_may_change(client, olga, role, first):
    RoleGrant.objects.filter(user=olga).update(role=role)
    client.force_login(olga)
    page = client.get("/me/").content.decode()
    assert (f'href="{first}"' in page) if first else ("/settings/" not in page)
    assert client.get("/settings/templates/").status_code == (200 if first else 403)
    assert client.get("/settings/labels/").status_code == (200 if role == "supervisor" else 403)


def test_another_company_finds_nothing_here(client, boris):
    template, label = templates.create("Возврат", "Текст", by=boris), labels.create("Возврат", by=boris)
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    client.force_login(create_user(other, email="a@b.test", name="Чужой", roles=["administrator"]))
    for path in (f"templates/{template.pk}", f"labels/{label.pk}"):
        assert client.get(f"/settings/{path}/").status_code == 404
        for action in ("archive", "restore"):
            assert client.post(f"/settings/{path}/{action}/").status_code == 404
    for page in ("templates", "labels"):
        assert "Возврат" not in client.get(f"/settings/{page}/").content.decode()
