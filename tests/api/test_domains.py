"""What the screen does, a program does: a sentence for each part of the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from otklik.accounts.models import Team, User
from otklik.channels.models import ChannelAccount, Delivery, DeliveryState
from otklik.inbox.models import Conversation, Message
from otklik.kernel import clock, outbox
from otklik.people.models import Order
from tests.api.conftest import Program
from tests.api.stream import visible

pytestmark = pytest.mark.django_db


def test_the_list_is_cut_by_a_cursor_without_gaps_or_repeats(
    program: Program, write_in: Callable[..., Any]
) -> None:
    talks = [write_in(f"Вопрос {number}", author=f"a{number}") for number in range(7)]
    found, cursor = [], ""
    for _page in range(10):
        _status, page = program.get(f"/conversations?limit=3&cursor={cursor}")
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == [one.pk for one in reversed(talks)]


@pytest.mark.parametrize("order", ["oldest", "waiting", "newest"])
def test_every_order_of_the_list_has_its_cursor(
    program: Program, write_in: Callable[..., Any], order: str
) -> None:
    talks = {write_in(f"Вопрос {number}", author=f"a{number}").pk for number in range(5)}
    _status, first = program.get(f"/conversations?limit=2&order={order}")
    _status, second = program.get(f"/conversations?limit=50&order={order}&cursor={first['next']}")
    assert {one["id"] for one in first["items"] + second["items"]} == talks
    assert len(first["items"]) + len(second["items"]) == 5


def test_a_cursor_that_is_none_of_ours_gets_a_sentence(program: Program) -> None:
    status, body = program.get("/conversations?cursor=bm9uc2Vuc2U")
    assert (status, body["error"]["data"]["field"]) == (422, "cursor")


def test_the_list_finds_words_in_any_form(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Не работает холодильник")
    write_in("Спасибо", author="petr")
    _status, page = program.get("/conversations?q=холодильники")
    assert [one["id"] for one in page["items"]] == [talk.pk]


def test_filters_are_those_of_the_screen(program: Program, write_in: Callable[..., Any], olga: User) -> None:
    talk = write_in("Раз")
    write_in("Два", author="petr")
    program.post(f"/conversations/{talk.pk}/assign", {"user_id": olga.pk})
    _status, page = program.get(f"/conversations?assignee={olga.pk}&state=open")
    assert [one["id"] for one in page["items"]] == [talk.pk]


def test_a_thread_is_read_and_answered(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Где заказ?")
    status, answer = program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет", "close": True})
    assert (status, answer["direction"], answer["delivery_state"]) == (201, "out", "queued")
    outbox.drain()
    _status, thread = program.get(f"/conversations/{talk.pk}/messages")
    assert [one["text"] for one in thread["items"] if one["direction"] in ("in", "out")] == [
        "Где заказ?",
        "Едет",
    ]
    assert program.get(f"/conversations/{talk.pk}")[1]["state"] == "closed"
    assert program.get(f"/messages/{answer['id']}")[1]["delivery_state"] == "sent"


def test_an_answer_to_an_older_state_of_the_thread_is_refused(
    program: Program, write_in: Callable[..., Any]
) -> None:
    talk = write_in("Где заказ?")
    first = Message.objects.get(direction="in")
    write_in("И ещё вопрос")
    status, body = program.post(
        f"/conversations/{talk.pk}/replies", {"text": "Едет", "seen_message_id": first.pk}
    )
    assert (status, body["error"]["code"]) == (409, "newer_message")


def test_an_answer_is_taken_back_in_time_and_becomes_a_draft(
    program: Program, write_in: Callable[..., Any], settings: Any
) -> None:
    settings.UNDO_SECONDS = 60
    talk = write_in("Где заказ?")
    _status, answer = program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет"})
    status, draft = program.post(f"/messages/{answer['id']}/undo")
    assert (status, draft["text"]) == (200, "Едет")
    assert program.get(f"/conversations/{talk.pk}/drafts")[1][0]["mode"] == "private"


def test_an_answer_that_left_cannot_be_taken_back(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Где заказ?")
    _status, answer = program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет"})
    outbox.drain()
    status, body = program.post(f"/messages/{answer['id']}/undo")
    assert (status, body["error"]["code"]) == (409, "too_late")


def test_a_file_goes_up_leaves_with_the_answer_and_comes_down(
    program: Program, write_in: Callable[..., Any]
) -> None:
    talk = write_in("Пришлите чек")
    up = program.client.post(
        f"/api/v1/conversations/{talk.pk}/attachments",
        {"file": SimpleUploadedFile("чек.txt", b"42 rub")},
        headers={"Authorization": f"Bearer {program.token}"},
    )
    assert up.status_code == 201, up.content
    file = up.json()
    status, answer = program.post(
        f"/conversations/{talk.pk}/replies", {"text": "Вот", "attachment_ids": [file["id"]]}
    )
    assert (status, answer["files"][0]["filename"]) == (201, "чек.txt")
    status, content = program.get(f"/attachments/{file['id']}")
    assert (status, content) == (200, b"42 rub")
    assert program.last["Content-Type"] == "application/octet-stream"
    assert "attachment" in program.last["Content-Disposition"]


def test_a_draft_is_kept_and_thrown_away(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Где заказ?")
    assert program.call("PUT", f"/conversations/{talk.pk}/drafts/note", {"text": "думаю"})[0] == 200
    assert program.call("DELETE", f"/conversations/{talk.pk}/drafts/note")[0] == 200
    assert program.get(f"/conversations/{talk.pk}/drafts")[1] == []


def test_a_note_stays_inside(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Где заказ?")
    status, note = program.post(f"/conversations/{talk.pk}/notes", {"text": "Склад ищет"})
    assert (status, note["direction"]) == (201, "note")
    assert not Delivery.objects.exists()


def test_states_are_entered_and_left(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Где заказ?")
    until = (clock.now() + timedelta(days=1)).isoformat()
    steps = [
        ("close", {}, "closed"),
        ("reopen", {}, "open"),
        ("wait", {}, "waiting"),
        ("snooze", {"until": until}, "snoozed"),
    ]
    for step, body, state in steps:
        assert program.post(f"/conversations/{talk.pk}/{step}", body)[1]["state"] == state


def test_assigning_a_team_keeps_the_owner(
    program: Program, write_in: Callable[..., Any], olga: User, company: Any
) -> None:
    talk = write_in("Где заказ?")
    team = Team.objects.create(organisation=company, name="Доставка")
    program.post(f"/conversations/{talk.pk}/assign", {"user_id": olga.pk})
    _status, found = program.post(f"/conversations/{talk.pk}/assign", {"team_id": team.pk})
    assert (found["assignee_id"], found["team_id"]) == (olga.pk, team.pk)
    _status, found = program.post(f"/conversations/{talk.pk}/assign", {"user_id": None})
    assert (found["assignee_id"], found["team_id"]) == (None, team.pk)


def test_labels_are_made_put_on_and_taken_off(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Верните деньги")
    _status, label = program.post("/labels", {"name": "Возврат", "colour": "red"})
    _status, found = program.post(f"/conversations/{talk.pk}/labels", {"add": [label["id"]]})
    assert found["label_ids"] == [label["id"]]
    _status, page = program.get(f"/conversations?label={label['id']}")
    assert len(page["items"]) == 1
    _status, found = program.post(f"/conversations/{talk.pk}/labels", {"remove": [label["id"]]})
    assert found["label_ids"] == []


def test_a_merge_is_taken_back(program: Program, write_in: Callable[..., Any]) -> None:
    one, two = write_in("Раз", author="anna"), write_in("Два", author="anna", thread="t2")
    status, merge = program.post(f"/conversations/{one.pk}/merge", {"other_id": two.pk})
    assert status == 201
    assert program.get(f"/conversations/{two.pk}")[1]["id"] == one.pk
    assert program.post(f"/merges/{merge['id']}/undo")[1]["id"] == two.pk


def test_a_split_is_taken_back(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Раз")
    write_in("Два")
    last = Message.objects.filter(direction="in").latest("id")
    status, split = program.post(f"/conversations/{talk.pk}/split", {"message_ids": [last.pk]})
    assert status == 201
    assert program.post(f"/splits/{split['id']}/undo")[0] == 200


def test_a_bulk_action_is_done_and_undone(program: Program, write_in: Callable[..., Any]) -> None:
    talks = [write_in("Раз").pk, write_in("Два", author="petr").pk]
    _status, done = program.post("/conversations/bulk", {"action": "close", "ids": [*talks, 2**40]})
    assert (done["done"], [one["id"] for one in done["refused"]]) == (talks, [2**40])
    program.post("/conversations/bulk/undo", {"undo_token": done["undo_token"]})
    assert Conversation.objects.filter(state="open").count() == 2


def test_an_uncertain_answer_is_decided_by_a_person(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Где заказ?")
    _status, answer = program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет"})
    Delivery.objects.update(state=DeliveryState.UNCERTAIN)
    assert program.post(f"/messages/{answer['id']}/delivery/decide", {"arrived": True})[1] == {
        "changed": True
    }
    assert program.post(f"/messages/{answer['id']}/delivery/decide", {"arrived": True})[1] == {
        "changed": False
    }
    assert Delivery.objects.get().state == DeliveryState.RECONCILED


def test_a_ready_text_is_filled_for_a_conversation(program: Program, write_in: Callable[..., Any]) -> None:
    talk = write_in("Где заказ?")
    _status, made = program.post(
        "/templates", {"name": "Привет", "text": "Здравствуйте, {{customer.first_name}}!"}
    )
    _status, filled = program.post(f"/templates/{made['id']}/render", {"conversation_id": talk.pk})
    assert filled == {"text": "Здравствуйте, Анна!", "missing": []}


def test_a_saved_view_keeps_its_filters(program: Program) -> None:
    status, view = program.post(
        "/views", {"name": "Возвраты", "filters": {"state": ["open"], "q": "возврат"}}
    )
    assert status == 201
    assert view["filters"]["query"] == "возврат"
    assert program.call("PATCH", f"/views/{view['id']}", {"name": "Деньги"})[1]["name"] == "Деньги"
    assert program.call("DELETE", f"/views/{view['id']}")[0] == 200


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
