"""Learning from people over the API: everything the page does."""

from __future__ import annotations

from typing import Any

import pytest

from otklik.accounts.models import User
from otklik.analysis.models import Correction, ModelVersion
from otklik.analysis.services import corrections
from otklik.analysis.services.following import follow
from otklik.analysis.tests.learning_cast import Letters, convention, rows
from otklik.kernel import outbox
from tests.api.conftest import Program
from tests.api.stream import visible

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch, olga: User) -> None:
    letters, some = Letters(), rows()[:90]
    letters.connect(monkeypatch)
    ids = letters.arrive(olga.organisation_id, [one["text"] for one in some])
    letters.label(ids, [convention(one) for one in some], by=olga)


@pytest.mark.req("S1-51")
def test_a_program_corrects_confirms_and_takes_back(program: Program, write_in: Any) -> None:
    talk = write_in("Третью неделю не привозят холодильник! Верните деньги.")
    visible()
    follow()
    body = {"message_id": talk.last_inbound_id, "field": "severity", "label": "4"}
    status, one = program.post("/analysis/corrections", body)
    assert (status, one["right"], one["source"]) == (201, "4", "spoken")
    _status, page = program.get("/analysis/corrections?field=severity")
    assert [row["id"] for row in page["items"]] == [one["id"]]
    assert program.call("DELETE", f"/analysis/corrections/{one['id']}", None)[0] == 200
    assert not Correction.objects.exists()
    status, refused = program.post("/analysis/corrections", {**body, "label": "9"})
    assert (status, refused["error"]["code"]) == (422, "invalid")


@pytest.mark.req("S1-51")
def test_a_program_retrains_and_rolls_back(program: Program, labelled: None) -> None:
    status, job = program.post("/analysis/trainings", {})
    assert (status, job["fields"], job["done"]) == (202, ["intent"], 0)
    assert program.get("/analysis/learning")[1]["training"]["total"] == 1
    outbox.drain()
    [version] = program.get("/analysis/versions?field=intent")[1]["items"]
    assert (version["state"], version["labels"] + version["held"]) == ("active", 90)
    shown = program.get("/analysis/learning")[1]
    [intent] = [row for row in shown["fields"] if row["field"] == "intent"]
    assert (intent["version"], intent["labels"], intent["fresh"], shown["training"]) == (
        version["id"],
        90,
        0,
        None,
    )
    details = program.get("/analysis/learning/details?field=intent")[1]
    assert sum(pair["texts"] for pair in details["confusion"]) == 90
    assert details["weeks"][0]["worked"]["of"] == 90
    assert program.post("/analysis/versions/shipped", {"field": "intent"})[0] == 200
    assert ModelVersion.objects.get().state == "retired"
    again = program.post(f"/analysis/versions/{version['id']}/activate", {})[1]
    assert again["state"] == "active"
    assert [one["done"] for one in program.get("/analysis/trainings")[1]["items"]] == [1]
    assert program.call("PUT", "/analysis/learning/plan", {"every": 0})[1] == {"every": 0}
    assert program.get("/analysis/learning")[1]["every"] == 0


def test_a_program_answers_questions(program: Program, labelled: None) -> None:
    _status, found = program.get("/analysis/questions/next?field=tone")
    question = found["question"]
    assert question["field"] == "tone" and "mixed" in question["choices"]
    status, kept = program.post("/analysis/questions/answers", {"token": question["token"], "label": "mixed"})
    assert (status, kept["source"], kept["right"]) == (201, "asked", "mixed")
    assert program.get("/analysis/questions/next?field=tone")[1]["answered_today"] == 1
    assert program.post("/analysis/questions/answers", {"token": "x", "label": "mixed"})[0] == 422


def test_history_is_read_again_in_the_background(program: Program, write_in: Any) -> None:
    write_in("Где мой заказ?")
    visible()
    follow()
    status, job = program.post("/analysis/history", {})
    assert (status, job["total"]) == (202, 1)
    assert program.get("/analysis/learning")[1]["rereading"]["total"] == 1
    outbox.drain()
    assert program.get("/analysis/learning")[1]["rereading"] is None


def test_every_field_that_is_corrected_has_labels_to_choose_from(company: Any) -> None:
    for field in corrections.CORRECTABLE:
        assert corrections.labels_of(company.pk, field)
