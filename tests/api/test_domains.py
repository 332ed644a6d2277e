"""What the screen does beside conversations, a program does: a sentence for each part of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from otklik.accounts.models import User
from otklik.channels.models import ChannelAccount, Delivery, DeliveryState
from otklik.inbox.models import Conversation
from otklik.kernel import outbox
from otklik.people.models import Order
from tests.api.conftest import Program
from tests.api.stream import visible

pytestmark = pytest.mark.django_db


def test_a_customer_is_found_changed_merged_and_parted(program: Program) -> None:
    _status, anna = program.post("/customers", {"name": "Анна Белова", "phone": "+7 916 123-45-67"})
    _status, twin = program.post("/customers", {"name": "Анна Белова", "email": "anna@shop.test"})
    assert [one["id"] for one in program.get("/customers?q=белову")[1]["items"]] == [twin["id"], anna["id"]]
    assert program.call("PATCH", f"/customers/{anna['id']}", {"city": "Казань"})[1]["city"] == "Казань"
    _status, merge = program.post(f"/customers/{anna['id']}/merge", {"other_id": twin["id"]})
    assert program.get(f"/customers/{twin['id']}")[1]["id"] == anna["id"]
    program.post(f"/customer-merges/{merge['id']}/undo")
    assert program.get(f"/customers/{twin['id']}")[1]["id"] == twin["id"]
    assert len(program.get(f"/customers/{anna['id']}/timeline")[1]) >= 2


def test_a_change_based_on_an_old_card_is_refused(program: Program) -> None:
    _status, anna = program.post("/customers", {"name": "Анна Белова"})
    program.call("PATCH", f"/customers/{anna['id']}", {"city": "Казань"})
    status, body = program.call(
        "PATCH", f"/customers/{anna['id']}", {"city": "Тула", "seen": anna["version"]}
    )
    assert (status, body["error"]["code"]) == (409, "conflict")


def test_orders_are_created_and_then_updated(program: Program) -> None:
    order = {"number": "С-1", "email": "anna@shop.test", "name": "Анна", "total": "54990"}
    assert program.post("/orders", {"orders": [order, {"total": "1"}]})[1]["created"] == 1
    _status, again = program.post("/orders", {"orders": [{**order, "total": "100"}, {"total": "1"}]})
    assert (again["updated"], again["errors"][0]["row"], again["errors"][0]["code"]) == (1, 2, "no_number")
    assert Order.objects.get().total == 100


def test_the_directory_is_updated_by_key(program: Program) -> None:
    rows = {"entries": [{"key": "a", "name": "Тверская", "city": "Москва"}, {"key": "b", "name": "Невский"}]}
    assert program.post("/directory/outlet", rows)[1]["created"] == 2
    assert program.post("/directory/outlet", rows)[1] == {
        "created": 0,
        "updated": 0,
        "unchanged": 2,
        "errors": [],
    }
    rows["entries"][0]["name"] = "Тверская, 12"
    assert program.post("/directory/outlet", rows)[1]["updated"] == 1
    people = {
        "entries": [{"key": "p", "name": "Пётр", "outlet": "a"}, {"key": "q", "name": "Яна", "outlet": "zzz"}]
    }
    _status, found = program.post("/directory/employee", people)
    assert (found["created"], found["errors"][0]["key"]) == (1, "q")
    assert "zzz" in found["errors"][0]["message"]


def test_an_archived_entry_comes_back_when_its_key_is_sent(program: Program) -> None:
    program.post("/directory/brand", {"entries": [{"key": "n", "name": "Север"}]})
    one = program.get("/directory/brand")[1]["items"][0]
    program.call("DELETE", f"/directory/brand/{one['id']}")
    assert program.get("/directory/brand")[1]["items"] == []
    assert program.post("/directory/brand", {"entries": [{"key": "n", "name": "Север"}]})[1]["updated"] == 1
    assert len(program.get("/directory/brand")[1]["items"]) == 1


def test_the_calendar_of_events_is_told_and_corrected(program: Program) -> None:
    outage = {"kind": "outage", "title": "Касса", "starts_at": "2026-11-22T12:00:00+03:00"}
    _status, event = program.post("/calendar-events", outage)
    outage["ends_at"] = "2026-11-22T11:00:00+03:00"
    status, body = program.call("PUT", f"/calendar-events/{event['id']}", outage)
    assert (status, body["error"]["data"]["field"]) == (422, "ends_at")
    assert program.call("DELETE", f"/calendar-events/{event['id']}")[0] == 200


def test_working_hours_are_written_and_bad_ones_refused(program: Program) -> None:
    assert program.post("/calendars", {"name": "Будни", "week": {"0": [["09:00", "18:00"]]}})[0] == 201
    assert program.post("/calendars", {"name": "Ночь", "week": {"0": [["xx", "18:00"]]}})[0] == 422


def test_staff_and_teams_are_read(program: Program, olga: User) -> None:
    found = {one["id"]: one for one in program.get("/staff")[1]}
    assert found[olga.pk]["roles"] == ["operator"]
    assert program.get("/teams")[0] == 200


def test_a_message_of_any_system_arrives_once(program: Program, alisa: User) -> None:
    body = {"kind": "hook", "name": "Форма", "config": {"signing_secret": "whsec_" + "a" * 32}}
    status, channel = program.post("/channels", body)
    assert (status, channel["settings"]) == (201, {})
    message = {
        "id": "f1",
        "author": {"id": "anna", "name": "Анна"},
        "text": "Когда вернут деньги?",
        "thread": "t",
    }
    assert program.post("/messages", message) == (202, {"stored": 1, "new": 1})
    assert program.post("/messages", [message, {**message, "id": "f2", "text": "Ау"}])[1] == {
        "stored": 2,
        "new": 1,
    }
    outbox.drain()
    talk = Conversation.objects.get()
    assert sorted(talk.messages.filter(direction="in").values_list("text", flat=True)) == [
        "Ау",
        "Когда вернут деньги?",
    ]


def test_without_an_account_for_messages_a_sentence_says_what_is_missing(program: Program) -> None:
    status, body = program.post("/messages", {"id": "1", "text": "x"})
    assert (status, body["error"]["data"]["field"]) == (422, "account_id")


def test_a_channel_is_tested_paused_and_its_secret_never_shown(program: Program) -> None:
    secret = "whsec_" + "b" * 32
    _status, channel = program.post(
        "/channels", {"kind": "hook", "name": "Форма", "config": {"signing_secret": secret}}
    )
    assert program.post(f"/channels/{channel['id']}/check")[1]["ok"] is True
    assert program.post("/channels/check", {"kind": "hook", "config": {}})[1]["ok"] is False
    assert program.call("PATCH", f"/channels/{channel['id']}", {"active": False})[1]["active"] is False
    assert secret not in str(program.get("/channels")[1])
    assert ChannelAccount.objects.get().config["signing_secret"] == secret


def test_an_unknown_kind_of_channel_lists_the_known_ones(program: Program) -> None:
    status, body = program.post("/channels", {"kind": "icq", "name": "x"})
    assert status == 422
    assert "mail" in body["error"]["message"]


def test_a_file_of_reviews_is_uploaded_imported_and_watched(program: Program) -> None:
    up = program.client.post(
        "/api/v1/imports",
        {"file": SimpleUploadedFile("reviews.csv", "Отзыв;Автор\nХолодильник шумит;Пётр\n".encode())},
        headers={"Authorization": f"Bearer {program.token}"},
    )
    assert up.status_code == 201, up.content
    job = up.json()
    assert job["table"]["headers"] == ["Отзыв", "Автор"]
    mapping = {"columns": {"text": ["Отзыв"], "author_name": ["Автор"]}}
    status, started = program.post(f"/imports/{job['id']}/start", {"channel": "Отзывы", "mapping": mapping})
    assert (status, started["state"]) == (200, "running"), started
    outbox.drain()
    found = program.get(f"/imports/{job['id']}")[1]
    assert (found["state"], found["created"]) == ("done", 1)


def test_operations_say_how_it_runs(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Где заказ?")
    program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет"})
    Delivery.objects.update(state=DeliveryState.UNCERTAIN)
    _status, found = program.get("/operations")
    assert found["deliveries"][0]["conversation_id"] == talk.pk
    assert found["channels"][0]["name"] == "Демо"


def test_the_audit_is_read_by_action(program: Program) -> None:
    program.post("/labels", {"name": "Возврат"})
    _status, page = program.get("/audit?action=label.created")
    assert [one["actor_name"] for one in page["items"]] == ["CRM"]


@pytest.mark.django_db(transaction=True)
def test_the_stream_of_events_goes_on_where_it_was(program: Program, write_in: Callable[..., Any]) -> None:
    start = program.get("/events?after=now")[1]["cursor"]
    write_in("Раз")
    visible()
    first = program.get(f"/events?after={start}")[1]
    assert "message.created" in {one["topic"] for one in first["items"]}
    write_in("Два")
    visible()
    second = program.get(f"/events?after={first['cursor']}")[1]
    ids = [one["id"] for one in first["items"] + second["items"]]
    assert len(ids) == len(set(ids))
    third = program.get(f"/events?after={second['cursor']}")[1]
    assert (third["items"], third["cursor"], third["more"]) == ([], second["cursor"], False)


@pytest.mark.django_db(transaction=True)
def test_a_personal_notice_is_only_in_the_stream_of_its_person(
    program: Program, olga: User, write_in: Callable[..., Any]
) -> None:
    talk = write_in("Раз")
    program.post(f"/conversations/{talk.pk}/assign", {"user_id": olga.pk})
    visible()
    topics = [one["topic"] for one in program.get("/events")[1]["items"]]
    assert "staff.notified" not in topics
    assert "conversation.changed" in topics
