"""What an administrator does on the screen, over the API."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from otklik.accounts.models import User
from otklik.channels import intake
from otklik.channels import queries as channel_queries
from otklik.channels.protocol import RawEvent
from otklik.inbox.services import reminders
from otklik.kernel import clock, outbox
from otklik.kernel.models import Outbox
from otklik.web.api import api, schema
from tests.api.conftest import Program, make_program

pytestmark = pytest.mark.django_db


def test_an_invitation_made_by_a_program_opens_an_account_once(program: Program) -> None:
    wanted = {"email": "pavel@shop.test", "name": "Павел Орлов", "roles": ["operator"]}
    status, made = program.post("/invitations", wanted)
    assert status == 201
    assert [one["email"] for one in program.get("/invitations")[1]] == ["pavel@shop.test"]
    path = made["link"][made["link"].index("/invitation/") :]
    form = {"name": "Павел Орлов", "password": "correct horse battery"}
    assert Client().post(path, form).status_code == 302
    assert Client().post(path, form).status_code == 404
    assert User.objects.get(email="pavel@shop.test").roles == {"operator"}
    assert program.post("/invitations", wanted)[0] == 409


def test_a_withdrawn_and_a_renewed_invitation_lose_their_links(program: Program) -> None:
    made = program.post("/invitations", {"email": "a@shop.test", "roles": ["qa"]})[1]
    again = program.post(f"/invitations/{made['id']}/renew")[1]
    old, new = (one["link"][one["link"].index("/invitation/") :] for one in (made, again))
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200
    assert program.call("DELETE", f"/invitations/{made['id']}")[0] == 200
    assert Client().get(new).status_code == 404


def test_a_colleague_is_changed_switched_off_and_on(program: Program, olga: User) -> None:
    team = program.post("/teams", {"name": "Доставка", "member_ids": []})[1]["id"]
    status, one = program.call("PATCH", f"/staff/{olga.pk}", {"roles": ["qa"], "team_ids": [team]})
    assert (status, one["roles"], one["team_ids"], one["name"]) == (200, ["qa"], [team], olga.name)
    assert program.call("PATCH", f"/staff/{olga.pk}", {"title": "ОТК"})[1]["roles"] == ["qa"]
    browser = Client()
    browser.force_login(olga)
    assert program.post(f"/staff/{olga.pk}/deactivate")[0] == 200
    assert browser.get("/me/").status_code == 302
    assert program.post(f"/staff/{olga.pk}/activate")[0] == 200
    assert User.objects.get(pk=olga.pk).is_active


def test_the_last_administrator_stays_one(program: Program, alisa: User) -> None:
    status, body = program.call("PATCH", f"/staff/{alisa.pk}", {"roles": ["operator"]})
    assert (status, body["error"]["code"]) == (409, "last_administrator")
    assert program.post(f"/staff/{alisa.pk}/deactivate")[0] == 409


def test_a_key_of_an_operator_cannot_raise_its_maker(olga: User) -> None:
    own = make_program(olga, "admin")
    assert own.call("PATCH", f"/staff/{olga.pk}", {"roles": ["administrator"]})[0] == 403
    assert own.post("/invitations", {"email": "x@shop.test", "roles": ["administrator"]})[0] == 403
    assert own.get("/keys")[0] == 403
    assert own.call("PATCH", "/organisation", {"name": "Моё"})[0] == 403


def test_a_team_is_made_changed_and_deleted(program: Program, olga: User) -> None:
    team = program.post("/teams", {"name": "Доставка", "round_robin": True, "member_ids": [olga.pk]})[1]
    assert team["member_ids"] == [olga.pk]
    changed = program.call("PUT", f"/teams/{team['id']}", {"name": "Возвраты"})[1]
    assert (changed["name"], changed["member_ids"]) == ("Возвраты", [])
    assert program.call("DELETE", f"/teams/{team['id']}")[0] == 200
    assert program.get("/teams")[1] == []


def test_keys_are_listed_without_secrets_and_revoked(program: Program) -> None:
    listed = program.get("/keys")[1]
    assert [one["id"] for one in listed] == [program.key.pk]
    assert "digest" not in listed[0]
    assert program.call("DELETE", f"/keys/{program.key.pk}")[0] == 200
    assert program.get("/me")[0] == 401


def test_the_organisation_changes_only_what_is_sent(program: Program) -> None:
    before = program.get("/organisation")[1]
    after = program.call("PATCH", "/organisation", {"signature": "Север-Техника"})[1]
    assert after == {**before, "signature": "Север-Техника"}
    assert program.call("PATCH", "/organisation", {"time_zone": "Mars/Base"})[0] == 422


def test_an_event_that_was_not_understood_is_listed_and_read_again(
    program: Program, demo_channel: Any
) -> None:
    intake.store(demo_channel, [RawEvent("k1", b"{{{", "application/json")])
    outbox.drain()
    (one,) = program.get("/raw-events")[1]["items"]
    assert one["error"]
    assert program.post(f"/raw-events/{one['id']}/replay")[0] == 200
    outbox.drain()
    assert program.post("/raw-events/replay")[1] == {"replayed": 1}


def test_work_that_was_given_up_is_listed_and_tried_again(program: Program, demo_channel: Any) -> None:
    outbox.put("channels.parse", "given-up", {"ids": []}, organisation_id=demo_channel.organisation_id)
    outbox.put("channels.parse", "at-work", {"ids": []}, organisation_id=demo_channel.organisation_id)
    Outbox.objects.filter(key="given-up").update(state="dead", last_error="ConnectionError: gone")
    (one,) = program.get("/dead-work")[1]["items"]
    assert (one["topic"], one["error"]) == ("channels.parse", "ConnectionError: gone")
    assert program.post(f"/dead-work/{one['id']}/revive")[0] == 200
    assert program.get("/dead-work")[1]["items"] == []
    assert program.post(f"/dead-work/{one['id']}/revive")[0] == 404  # it is not given up any more
    outbox.drain()
    assert Outbox.objects.get(key="given-up").state == "done"


def test_a_webhook_gets_another_address_and_secret_and_the_old_ones_stop(
    program: Program, demo_channel: Any, client: Client
) -> None:
    hook = program.post(
        "/channels", {"kind": "hook", "name": "Сайт", "config": {"signing_secret": "whsec_b2xk"}}
    )[1]
    account = channel_queries.account(demo_channel.organisation_id, hook["id"])
    old = urlsplit(channel_queries.hook_address(account)).path
    answer = program.post(f"/channels/{hook['id']}/secret")[1]
    new = urlsplit(answer["url"]).path
    assert answer["secret"].startswith("whsec_") and new != old
    assert client.post(old, b"{}", content_type="application/json").status_code == 404
    assert (
        client.post(new, b"{}", content_type="application/json").status_code == 401
    )  # there, and not signed
    assert program.post(f"/channels/{demo_channel.pk}/secret")[0] == 404  # no webhook


def test_my_reminders_are_mine(program: Program, write_in: Any, alisa: User, olga: User) -> None:
    talk = write_in("Где заказ?")
    later = clock.now() + timedelta(days=2)
    mine = reminders.set(talk.pk, later, "позвонить", by=alisa)
    reminders.set(talk.pk, later, "чужое", by=olga)
    assert [one["id"] for one in program.get("/reminders")[1]] == [mine.pk]
    program.post(f"/reminders/{mine.pk}/done")
    assert program.get("/reminders")[1] == []


def test_a_channel_goes_to_the_archive_and_comes_back_paused(program: Program, demo_channel: Any) -> None:
    assert program.post(f"/channels/{demo_channel.pk}/archive")[1]["active"] is False
    assert program.post(f"/channels/{demo_channel.pk}/restore")[0] == 200
    assert program.post(f"/channels/{demo_channel.pk}/rescan")[0] == 200


def test_every_address_of_the_document_takes_its_methods(db: None) -> None:
    """Two routers that share an address hide each other's methods."""
    for path, methods in schema.document(api, "/api/v1/")["paths"].items():
        address = path.replace("{kind}", "outlet").replace("{mode}", "note")
        for method in methods:
            answer = Client().generic(method.upper(), re.sub(r"{\w+}", "1", address))
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
