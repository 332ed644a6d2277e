"""Rules by readings over the API: made, tried, applied, taken back, gone back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from otklik.accounts.models import User
from otklik.inbox.services import labels
from otklik.inbox.tests.rules.support import labels_of, read
from otklik.kernel import outbox
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


def says(label_id: int, *values: str) -> dict[str, Any]:
    conditions = [{"field": "tone", "op": "any", "values": list(values)}]
    return {"groups": [{"conditions": conditions}], "actions": {"labels": [label_id]}}


def test_a_program_makes_tries_applies_and_takes_back_a_rule(
    program: Program, alisa: User, write_in: Callable[..., Any]
) -> None:
    label = labels.create("Жалоба", by=alisa)
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    status, tried = program.post("/rules/dry-run", {"days": 30, "definition": says(label.pk, "negative")})
    assert (status, tried["state"], tried["met"], tried["examples"]) == (
        200,
        "done",
        1,
        [[talk.pk, talk.last_inbound_id]],
    )
    status, rule = program.post("/rules", {"name": "Недовольные", "definition": says(label.pk, "negative")})
    assert (status, rule["number"], rule["active"]) == (201, 1, True)
    run = program.post(f"/rules/{rule['id']}/apply", {"days": 30})[1]
    outbox.drain()
    assert program.get(f"/rules/runs/{run['id']}")[1]["acted"] == 1
    assert labels_of(talk) == ["Жалоба"]
    program.post(f"/rules/runs/{run['id']}/undo", {})
    outbox.drain()
    assert labels_of(talk) == []
    assert [one["state"] for one in program.get(f"/rules/{rule['id']}/runs")[1]] == ["undone"]


def test_versions_order_and_the_archive(program: Program, alisa: User) -> None:
    label = labels.create("Жалоба", by=alisa)
    one, two = (
        program.post("/rules", {"name": name, "definition": says(label.pk, "negative")})[1]["id"]
        for name in ("Одно", "Два")
    )
    wider = {"name": "Одно", "number": 1, "definition": says(label.pk, "negative", "mixed")}
    assert program.call("PUT", f"/rules/{one}", wider)[1]["number"] == 2
    status, late = program.call("PUT", f"/rules/{one}", wider)
    assert (status, late["error"]["code"]) == (409, "conflict")
    assert program.post(f"/rules/{one}/back", {"number": 1})[1]["number"] == 3
    told = program.get(f"/rules/{one}/versions")[1]
    assert [(each["number"], each["back_to"]) for each in told] == [(3, 1), (2, 0), (1, 0)]
    assert len(told[0]["changes"]) == 2
    program.call("PUT", "/rules/order", {"rules": [two]})
    assert [each["name"] for each in program.get("/rules")[1]] == ["Два", "Одно"]
    assert program.post(f"/rules/{two}/switch", {"active": False})[1]["active"] is False
    program.call("DELETE", f"/rules/{two}")
    assert [each["name"] for each in program.get("/rules?archived=true")[1]] == ["Два"]
    assert program.post(f"/rules/{two}/restore", {})[0] == 200


def test_what_may_be_asked_is_listed_and_nonsense_gets_a_sentence(program: Program) -> None:
    fields = {each["name"]: each for each in program.get("/rules/fields")[1]}
    assert {"tone", "signals", "words", "working_hours"} <= fields.keys()
    assert fields["severity"]["scale"] == ["1", "2", "3", "4"]
    status, body = program.post("/rules", {"name": "Пусто", "definition": {"groups": []}})
    assert (status, body["error"]["data"]["field"]) == (422, "conditions")
