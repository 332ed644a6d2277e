"""The numbers of contacts and the style of an answer, asked for by a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from otklik.accounts.models import User
from otklik.inbox import contacts
from otklik.inbox.tests.readings import read_as
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.mark.req("S1-7")
def test_a_program_gets_the_numbers_of_the_page(
    program: Program, write_in: Callable[..., Any], alisa: User
) -> None:
    read_as(write_in("Где заказ?", author="a"), intent="question")
    read_as(write_in("Верните деньги", author="b"), intent="complaint")
    write_in("Ещё не прочитано", author="c")
    status, body = program.get("/contacts?weeks=4")
    assert status == 200
    assert body["contacts"] == 3
    assert {one["intent"]: one["contacts"] for one in body["intents"] if one["contacts"]} == {
        "question": 1,
        "complaint": 1,
        "unread": 1,
    }
    assert {one["share"] for one in body["intents"]} == {None}  # too few for a share
    assert [week["contacts"] for week in body["weeks"]] == [0, 0, 0, 3]
    [channel] = body["weeks"][-1]["channels"]
    assert (channel["channel"], channel["contacts"]) == ("vk", 3)
    page = contacts.report(alisa, contacts.period(alisa.organisation_id, 4))
    assert {(one["source"], one["intent"]): one["contacts"] for one in body["table"]} == dict(
        page.by("source", "intent")
    )


def test_a_period_that_is_none_is_refused_with_a_sentence(program: Program) -> None:
    status, body = program.get("/contacts?since=2026-02-02&until=2026-02-01")
    assert (status, body["error"]["code"]) == (422, "invalid")
    assert program.get("/contacts?weeks=0")[0] == 422
    assert program.get("/contacts?since=nonsense")[0] == 422


@pytest.mark.req("S1-3")
def test_a_program_is_told_when_to_write_quietly(program: Program, write_in: Callable[..., Any]) -> None:
    talk = read_as(write_in("Просто купил чайник"), expects_reply="no")
    asked = {"text": "Приятного чая", "visibility": "private"}
    assert program.post(f"/conversations/{talk.pk}/advice", asked)[1]["style"] == "non_intrusive"
    assert program.get(f"/messages/{talk.last_inbound_id}/reading")[1]["style"] == "non_intrusive"
    assert program.post(f"/conversations/{talk.pk}/replies", asked)[0] == 201
    read_as(talk, expects_reply="yes")
    assert program.post(f"/conversations/{talk.pk}/advice", asked)[1]["style"] == ""
    assert program.get(f"/messages/{talk.last_inbound_id}/reading")[1]["style"] == ""
