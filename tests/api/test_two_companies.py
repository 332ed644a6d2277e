"""Two companies stand apart on every route: what belongs to one does not exist for the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from otklik.accounts.models import User
from otklik.audit.models import Entry
from otklik.channels import intake
from otklik.channels.models import ChannelAccount
from otklik.channels.protocol import RawEvent
from otklik.inbox.models import Conversation
from otklik.kernel import clock, outbox
from otklik.kernel.models import Event
from otklik.web.api import api, schema
from tests.api.conftest import Program
from tests.api.stream import visible
from tests.api.world import build

pytestmark = pytest.mark.django_db

# a body that passes every check but the one under test; ids of the stranger's own are filled in where needed
BODIES: dict[str, Any] = {
    "add_identity": {"kind": "phone", "external_id": "+79160000000"},
    "add_note": {"text": "x"},
    "assign_conversation": {"user_id": None},
    "change_channel": {"active": False},
    "change_webhook": {"active": False},
    "decide_delivery": {"arrived": True},
    "keep_customers_apart": {"other_id": 2**40},
    "label_conversation": {"add": [1]},
    "link_conversations": {"other_id": 2**40},
    "mark_seen": {"message_id": 1},
    "merge_conversations": {"other_id": 2**40},
    "merge_customers": {"other_id": 2**40},
    "apply_rule": {"days": 30},
    "go_back_rule": {"number": 1},
    "rename_label": {"name": "x"},
    "save_rule": {"name": "x", "definition": {"groups": []}},
    "switch_rule": {"active": False},
    "rename_view": {"name": "x"},
    "replay_webhook_time": {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"},
    "reply_to_conversation": {"text": "x"},
    "save_draft": {"text": "x"},
    "set_reminder": {"due_at": "2190-01-01T00:00:00Z"},
    "snooze_conversation": {"until": "2190-01-01T00:00:00Z"},
    "split_conversation": {"message_ids": [1]},
    "start_import": {"channel": "x", "mapping": {"columns": {"text": ["text"]}}},
    "update_calendar": {"name": "x", "week": {}},
    "update_calendar_event": {"kind": "other", "title": "x", "starts_at": "2026-01-01T00:00:00Z"},
    "update_customer": {"city": "Тула"},
    "update_team": {"name": "x"},
    "update_template": {"name": "x", "text": "x"},
}


@pytest.fixture
def world(alisa: User, write_in: Callable[..., Any]) -> dict[str, int]:
    return build(alisa, write_in)


def routes() -> list[tuple[str, str, str]]:
    document = schema.document(api, "/api/v1/")
    return [
        (one["operationId"], method.upper(), path.removeprefix("/api/v1"))
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    ]


def address(name: str, path: str, world: dict[str, int]) -> str:
    def fill(found: re.Match[str]) -> str:
        given = {"kind": "outlet", "mode": "private", "other_id": world["other_conversation_id"]}
        if found[1] == "merge_id" and name == "unmerge_customers":
            return str(world["customer_merge_id"])
        if found[1] == "message_id" and name == "get_reading":
            return str(world["read_message_id"])  # only what a customer wrote is read
        return str(given.get(found[1]) or world[found[1]])

    return re.sub(r"{(\w+)}", fill, path)


def test_no_route_with_a_number_knows_an_object_of_another_company(
    world: dict[str, int], program: Program, foreign_program: Program, company: Any
) -> None:
    before = Entry.objects.filter(organisation_id=company.pk).count()
    events = Event.objects.filter(organisation_id=company.pk).count()
    asked = 0
    for name, method, path in routes():
        if "_id}" not in path or name == "upload_attachment":  # multipart: the test below
            continue
        where = address(name, path, world)
        body = BODIES.get(
            name, {"conversation_id": world["conversation_id"]} if name == "render_template" else {}
        )
        status, answer = foreign_program.call(method, where, body if method != "GET" else None)
        assert (status, answer["error"]["code"]) == (404, "not_found"), (name, status, answer)
        asked += 1
    assert asked >= 60
    assert Entry.objects.filter(organisation_id=company.pk).count() == before
    assert Event.objects.filter(organisation_id=company.pk).count() == events


def test_the_same_addresses_exist_for_their_own_company(world: dict[str, int], program: Program) -> None:
    """Otherwise the test above would prove nothing."""
    found = 0
    for name, method, path in routes():
        if method == "GET" and "_id}" in path and name != "download_import_errors":
            status, _answer = program.get(address(name, path, world))
            assert status == 200, (name, status)
            found += 1
    assert found >= 16


def test_no_list_shows_anything_of_another_company(
    world: dict[str, int], program: Program, foreign_program: Program
) -> None:
    shown = 0
    for name, method, path in routes():
        if method != "GET" or "_id}" in path:
            continue
        where = path.replace("{kind}", "outlet")
        status, answer = foreign_program.get(where)
        assert status == 200, (name, answer)
        text = json.dumps(answer, ensure_ascii=False)
        assert "Тай" not in text, name
        assert "tajna" not in text.lower(), name
        shown += "Тай" in json.dumps(program.get(where)[1], ensure_ascii=False)
    assert shown >= 8  # the own company sees them


def test_a_file_cannot_be_put_to_a_conversation_of_another_company(
    world: dict[str, int], foreign_program: Program
) -> None:
    answer = foreign_program.client.post(
        f"/api/v1/conversations/{world['conversation_id']}/attachments",
        {"file": SimpleUploadedFile("a.txt", b"x")},
        headers={"Authorization": f"Bearer {foreign_program.token}"},
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/conversations/{own}/assign", {"user_id": "user_id"}),
        ("/conversations/{own}/assign", {"team_id": "team_id"}),
        ("/conversations/{own}/labels", {"add": ["label_id"]}),
        ("/conversations/{own}/merge", {"other_id": "conversation_id"}),
        ("/conversations/{own}/links", {"other_id": "conversation_id"}),
        ("/customers/{customer}/merge", {"other_id": "customer_id"}),
        ("/messages?account_id={channel_id}", {"id": "1", "text": "x"}),
        ("/conversations", {"account_id": "channel_id", "to": "a@b.test", "subject": "x", "text": "x"}),
    ],
)
def test_a_number_of_another_company_in_the_body_is_unknown(
    world: dict[str, int], foreign_program: Program, stranger: User, path: str, body: dict[str, Any]
) -> None:
    own, customer = own_conversation(stranger)
    where = path.format(own=own, customer=customer, **world)
    filled = {
        name: [world[one] for one in value] if isinstance(value, list) else world.get(str(value), value)
        for name, value in body.items()
    }
    status, answer = foreign_program.post(where, filled)
    assert (status, answer["error"]["code"]) == (404, "not_found"), answer


def test_a_bulk_action_refuses_what_belongs_to_another_company(
    world: dict[str, int], foreign_program: Program
) -> None:
    status, answer = foreign_program.post(
        "/conversations/bulk", {"action": "close", "ids": [world["conversation_id"]]}
    )
    assert (status, answer["done"]) == (200, [])
    assert answer["refused"][0]["id"] == world["conversation_id"]


@pytest.mark.django_db(transaction=True)
def test_events_of_another_company_are_not_in_the_stream(
    world: dict[str, int], program: Program, foreign_program: Program
) -> None:
    visible()
    assert len(program.get("/events?limit=500")[1]["items"]) > 10
    theirs = foreign_program.get("/events?limit=500")[1]["items"]
    assert {one["topic"] for one in theirs} <= {"staff.changed"}  # their own administrator


def own_conversation(stranger: User) -> tuple[int, int]:
    account = ChannelAccount.objects.create(
        organisation_id=stranger.organisation_id, kind="demo", name="Демо юга", created_at=clock.now()
    )
    payload = {"id": "s1", "author": {"id": "s", "name": "Сосед"}, "text": "Здравствуйте", "thread": "s"}
    intake.store(account, [RawEvent("s1", json.dumps(payload).encode(), "application/json")])
    outbox.drain()
    found = Conversation.objects.get(account=account)
    return found.pk, found.customer_id
