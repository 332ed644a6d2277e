"""What was read, and the causes, over the API: filters of every field, labels, an own cause from start to end."""

from __future__ import annotations

from typing import Any

import pytest

from otklik.inbox.tests.readings import read_as
from otklik.inbox.tests.support import arrive, mail
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

TEXT = "Во дворе негде парковаться, безобразие"


@pytest.fixture
def talk(demo_channel: Any) -> Any:
    found = arrive(demo_channel, mail("anna@mail.test", TEXT))
    return read_as(
        found, tone="negative", intent=("complaint", "question"), cause=("other",), priority="P2", severity=3,
        signals=["child"], abstained=["severity"], evidence={"tone": [[9, 26]]},
    )  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        "intent=question", "tone=negative&priority=P1&priority=P2", "severity=3", "signals=child", "unsure=severity",
        "abuse=none", "safety=no", "lang=ru", "cause=other&sure=true", "order=priority", "order=severity",
        "order=urgency", "order=unsure&view=all",
    ],
)  # fmt: skip
def test_the_list_is_narrowed_and_ordered_by_every_field(program: Program, talk: Any, asked: str) -> None:
    status, page = program.get(f"/conversations?{asked}")
    assert (status, [one["id"] for one in page["items"]]) == (200, [talk.pk])
    found = page["items"][0]
    assert (found["priority"], found["read"]["intent"]) == ("P2", ["complaint", "question"])


@pytest.mark.parametrize("asked", ["severity=3&sure=true", "intent=thanks", "view=unsure", "safety=yes"])
def test_what_was_not_read_is_not_found(program: Program, talk: Any, asked: str) -> None:
    assert program.get(f"/conversations?{asked}")[1]["items"] == []


def test_pages_in_order_of_priority_follow_each_other(program: Program, demo_channel: Any) -> None:
    talks = [
        read_as(arrive(demo_channel, mail(f"c{n}@mail.test", TEXT)), priority="P1" if n == 2 else "P3").pk
        for n in range(5)
    ]
    found, cursor = [], ""
    for _page in range(5):
        _status, page = program.get(f"/conversations?limit=2&order=priority&cursor={cursor}")
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == [talks[2], talks[4], talks[3], talks[1], talks[0]]


def test_a_saved_view_keeps_what_was_read(program: Program, talk: Any) -> None:
    body = {"name": "Жалобы", "filters": {"intent": ["complaint"], "severity": [3], "order": "priority"}}
    status, _view = program.post("/views", body)
    assert status == 201


def test_a_reading_is_given_field_by_field(program: Program, talk: Any) -> None:
    status, found = program.get(f"/messages/{talk.last_inbound_id}/reading")
    tone = next(one for one in found["fields"] if one["field"] == "tone")
    assert (status, tone["labels"], tone["quotes"]) == (200, ["negative"], ["негде парковаться"])
    assert [one["field"] for one in found["fields"] if one["unsure"]] == ["severity"]
    assert program.get("/messages/99999/reading")[0] == 404


def test_an_own_cause_is_made_tried_merged_and_put_back(program: Program, company: Any) -> None:
    new = {"ru": "Парковка", "en": "Parking", "phrases": ["негде парковаться"]}
    tried = program.post("/analysis/causes/try", {"text": TEXT, "phrases": new["phrases"]})[1]
    assert tried["causes"][0]["key"] == "own-new"
    status, made = program.post("/analysis/causes", new)
    assert (status, made["version"]) == (201, 1)
    assert made["causes"][-1]["title"] == "Parking"
    key = made["causes"][-1]["key"]
    changed = program.call("PATCH", f"/analysis/causes/{key}", {"en": "Car park"})[1]
    assert changed["causes"][-1]["title"] == "Car park"
    labels = program.get("/analysis/labels")[1]
    assert next(one for one in labels if one["field"] == "cause")["labels"][key] == "Car park"
    assert program.call("PUT", "/analysis/industry", {"industry": "retail"})[1]["industry"] == "retail"
    merged = program.post(f"/analysis/causes/{key}/merge", {"into": "other"})[1]
    assert merged["causes"][-1]["into"] == "other"
    assert [one["number"] for one in program.get("/analysis/causes/versions")[1]] == [4, 3, 2, 1]
    back = program.post("/analysis/causes/versions/2")[1]
    assert (back["version"], back["industry"], back["causes"][-1]["into"]) == (5, "", "")
    refused = program.post("/analysis/causes", {"ru": "Пусто", "phrases": ["…"]})
    assert (refused[0], refused[1]["error"]["data"]["field"]) == (422, "phrases")
    assert program.call("PATCH", "/analysis/causes/nothing", {"off": True})[0] == 404
