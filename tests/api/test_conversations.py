"""What the screen of conversations does, a program does: the list, threads, answers, states, labels, views."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from otklik.accounts.models import Team, User
from otklik.channels.models import Delivery, DeliveryState
from otklik.inbox.models import Conversation, Message
from otklik.kernel import clock, outbox
from tests.api.conftest import Program

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


@pytest.mark.parametrize("order", ["oldest", "waiting", "newest", "unsure", "priority", "cause", "signals"])
def test_every_order_of_the_list_has_its_cursor(
    program: Program, write_in: Callable[..., Any], order: str
) -> None:
    talks = {write_in(f"Вопрос {number}", author=f"a{number}").pk for number in range(5)}
    _status, first = program.get(f"/conversations?limit=2&order={order}")
    _status, second = program.get(f"/conversations?limit=50&order={order}&cursor={first['next']}")
    assert {one["id"] for one in first["items"] + second["items"]} == talks
    assert len(first["items"]) + len(second["items"]) == 5


@pytest.mark.parametrize("order", ["newest", "severity"])
def test_a_cursor_that_is_none_of_ours_gets_a_sentence(program: Program, order: str) -> None:
    status, body = program.get(f"/conversations?order={order}&cursor=bm9uc2Vuc2U")
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
