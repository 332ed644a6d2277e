"""A POST that is sent again does its work once, whatever the network and the machine do."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from otklik.accounts.models import User
from otklik.inbox.models import Label, Message
from otklik.kernel import clock
from otklik.kernel.models import Idempotency
from otklik.web.api import idempotency
from tests.api import world
from tests.api.conftest import Program, make_program

pytestmark = pytest.mark.django_db


def key() -> dict[str, str]:
    return {"Idempotency_Key": str(uuid.uuid4())}


def test_the_same_key_and_body_get_the_stored_answer(program: Program, write_in: Callable[..., Any]) -> None:
    talk, same = write_in("Где заказ?"), key()
    first = program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет"}, **same)
    again = program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет"}, **same)
    assert first == again
    assert first[0] == 201
    assert program.last["Idempotent-Replayed"] == "true"
    assert Message.objects.filter(direction="out").count() == 1


def test_the_same_key_with_another_body_is_refused(program: Program) -> None:
    same = key()
    assert program.post("/labels", {"name": "Один"}, **same)[0] == 201
    status, body = program.post("/labels", {"name": "Два"}, **same)
    assert (status, body["error"]["code"]) == (422, "idempotency_key_reused")
    assert Label.objects.count() == 1


def test_the_same_key_at_another_address_is_refused(program: Program, write_in: Callable[..., Any]) -> None:
    one, two, same = write_in("Раз"), write_in("Два", author="petr"), key()
    assert program.post(f"/conversations/{one.pk}/close", **same)[0] == 200
    assert program.post(f"/conversations/{two.pk}/close", **same)[0] == 422


def test_two_programs_may_use_the_same_key(program: Program, alisa: User) -> None:
    same = key()
    other = make_program(alisa, "admin")
    assert program.post("/labels", {"name": "Один"}, **same)[0] == 201
    assert other.post("/labels", {"name": "Два"}, **same)[0] == 201


def test_two_companies_may_use_the_same_key(program: Program, foreign_program: Program) -> None:
    same = key()
    assert program.post("/labels", {"name": "Один"}, **same)[1]["id"]
    assert foreign_program.post("/labels", {"name": "Один"}, **same)[0] == 201
    assert Label.objects.count() == 2


def test_a_refused_request_gives_its_key_back(program: Program) -> None:
    same = key()
    assert program.post("/labels", {"name": ""}, **same)[0] == 422
    assert program.post("/labels", {"name": "Возврат"}, **same)[0] == 201


def test_a_fault_rolls_the_work_back_and_gives_the_key_back(program: Program, monkeypatch: Any) -> None:
    same = key()
    real = idempotency._keep
    monkeypatch.setattr(idempotency, "_keep", lambda *_args: 1 // 0)
    assert program.post("/labels", {"name": "Возврат"}, **same)[0] == 500
    assert Label.objects.count() == 0
    monkeypatch.setattr(idempotency, "_keep", real)
    assert program.post("/labels", {"name": "Возврат"}, **same)[0] == 201


def test_a_second_request_while_the_first_is_worked_is_told_to_wait(program: Program) -> None:
    same = key()
    program.post("/labels", {"name": "Возврат"}, **same)
    Idempotency.objects.update(status=None, body=None)
    status, body = program.post("/labels", {"name": "Возврат"}, **same)
    assert (status, body["error"]["code"]) == (409, "idempotency_in_flight")


def test_a_claim_of_a_dead_process_is_taken_over(program: Program) -> None:
    same = key()
    program.post("/labels", {"name": "Возврат"}, **same)
    Label.objects.all().delete()  # the work was rolled back with the process
    Idempotency.objects.update(status=None, body=None, created_at=clock.ago(idempotency.LEASE + 1))
    assert program.post("/labels", {"name": "Возврат"}, **same)[0] == 201
    assert Label.objects.count() == 1


def test_a_key_is_free_again_after_a_day(program: Program) -> None:
    same = key()
    program.post("/labels", {"name": "Один"}, **same)
    with clock.at(clock.after(idempotency.KEPT + 60)):
        assert program.post("/labels", {"name": "Два"}, **same)[0] == 201


def test_old_answers_are_forgotten(program: Program) -> None:
    program.post("/labels", {"name": "Один"}, **key())
    with clock.at(clock.after(idempotency.KEPT + 60)):
        assert idempotency.forget() == 1
    assert not Idempotency.objects.exists()


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129])
def test_a_key_that_is_none_gets_a_sentence(program: Program, bad: str) -> None:
    status, body = program.post("/labels", {"name": "Один"}, Idempotency_Key=bad)
    assert (status, body["error"]["code"]) == (422, "idempotency_key_bad")


def test_an_upload_sent_again_is_one_file(program: Program, write_in: Callable[..., Any]) -> None:
    talk, same = write_in("Где заказ?"), str(uuid.uuid4())
    found = []
    for _attempt in range(2):
        answer = program.client.post(
            f"/api/v1/conversations/{talk.pk}/attachments",
            {"file": SimpleUploadedFile("чек.txt", b"42 rub")},
            headers={"Authorization": f"Bearer {program.token}", "Idempotency-Key": same},
        )
        found.append((answer.status_code, answer.json()["id"]))
    assert found[0] == found[1]
    assert found[0][0] == 201


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["replies", "notes"])
def test_eight_threads_with_one_key_do_the_work_once(
    program: Program, write_in: Callable[..., Any], path: str
) -> None:
    talk, same = write_in("Где заказ?"), key()
    start = threading.Barrier(8)
    found: list[tuple[int, Any]] = []

    def send() -> None:
        mine = Program(program.token, program.key)
        start.wait(10)
        try:
            found.append(mine.post(f"/conversations/{talk.pk}/{path}", {"text": "Едет"}, **same))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(found) == 8
    assert {status for status, _body in found} <= {201, 409}
    made = {body["id"] for status, body in found if status == 201}
    assert len(made) == 1
    assert Message.objects.filter(conversation=talk, direction__in=("out", "note")).count() == 1
    assert program.post(f"/conversations/{talk.pk}/{path}", {"text": "Едет"}, **same)[1]["id"] in made


def test_a_secret_that_is_shown_once_does_not_lie_readable_in_the_stored_answer(
    program: Program, alisa: User
) -> None:
    hook, same = world.webhook(alisa).subscription_id, key()
    _status, first = program.post(f"/webhooks/{hook}/rotate", **same)
    stored = Idempotency.objects.get()
    assert first["secret"].startswith("whsec_")
    assert first["secret"] not in str(stored.body)
    assert program.post(f"/webhooks/{hook}/rotate", **same) == (200, first)


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "k1"}], ids=["without key", "with key"])
def test_a_request_refused_in_the_middle_has_changed_nothing(
    program: Program, write_in: Callable[..., Any], headers: dict[str, str]
) -> None:
    talk, label = write_in("Где заказ?"), program.post("/labels", {"name": "Возврат"})[1]["id"]
    status, _body = program.post(f"/conversations/{talk.pk}/labels", {"add": [label, 999_999]}, **headers)
    assert status == 404
    assert program.get(f"/conversations/{talk.pk}")[1]["label_ids"] == []
