"""The door: keys, sessions, rights, errors, limits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from ninja import Schema

from otklik.accounts.models import ApiKey, User
from otklik.accounts.policy import RIGHTS, SCOPES
from otklik.audit.models import Entry
from otklik.kernel import clock
from otklik.kernel.rest import ANYBODY
from otklik.web.api import api, limits, schema
from tests.api.conftest import Program, make_program

pytestmark = pytest.mark.django_db


def test_a_key_says_who_it_is_and_what_it_may(program: Program, alisa: User) -> None:
    status, me = program.get("/me")
    assert status == 200
    assert me["user_id"] == alisa.pk
    assert me["organisation"]["name"] == "Север-Техника"
    assert me["key"]["scopes"] == ["admin"]
    assert "webhook.write" in me["rights"]


def test_without_a_key_the_answer_says_how_to_send_one(db: None) -> None:
    answer = Client().get("/api/v1/me", headers={"accept-language": "en"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert "Authorization: Bearer otk_" in answer.json()["error"]["message"]


def test_a_wrong_key_opens_nothing(program: Program) -> None:
    program.token = "otk_wrong"
    status, body = program.get("/me")
    assert (status, body["error"]["code"]) == (401, "wrong_key")


def test_a_revoked_key_opens_nothing(program: Program) -> None:
    ApiKey.objects.update(revoked_at=clock.now())
    assert program.get("/me")[0] == 401


def test_an_expired_key_opens_nothing(program: Program) -> None:
    ApiKey.objects.update(expires_at=clock.ago(1))
    assert program.get("/me")[0] == 401


def test_a_key_of_a_person_who_left_opens_nothing(program: Program, alisa: User) -> None:
    User.objects.filter(pk=alisa.pk).update(is_active=False)
    assert program.get("/me")[0] == 401


def test_use_of_a_key_is_noted_once_a_minute(program: Program) -> None:
    program.get("/me")
    first = ApiKey.objects.get().last_used_at
    program.get("/me")
    assert first is not None
    assert ApiKey.objects.get().last_used_at == first
    with clock.at(clock.after(61)):
        program.get("/me")
    again = ApiKey.objects.get().last_used_at
    assert again is not None
    assert again > first


def test_a_key_has_no_more_rights_than_its_maker(olga: User) -> None:
    helper = make_program(olga, "admin")
    assert helper.get("/webhooks")[0] == 403
    assert helper.get("/conversations")[0] == 200


def test_a_key_has_no_more_rights_than_its_scopes(alisa: User) -> None:
    helper = make_program(alisa, "conversations:read")
    status, body = helper.post("/labels", {"name": "Возврат"})
    assert (status, body["error"]["code"]) == (403, "forbidden")
    assert body["error"]["data"]["right"] == "label.write"


def test_the_audit_names_the_key_and_the_message_its_maker(program: Program, alisa: User, write_in) -> None:
    talk = write_in("Где заказ?")
    status, message = program.post(f"/conversations/{talk.pk}/replies", {"text": "Едет"})
    assert status == 201
    assert message["author_user_id"] == alisa.pk
    entry = Entry.objects.get(action="message.sent")
    assert (entry.actor_kind, entry.actor_name, entry.actor_id) == ("api", "CRM", program.key.pk)


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_every_scope_opens_exactly_its_operations(alisa: User, scope: str) -> None:
    """GET operations without a number: 200 inside the scope, 403 outside."""
    helper = make_program(alisa, scope)
    document = schema.document(api, "/api/v1/")
    asked = 0
    for path, methods in document["paths"].items():
        if "get" not in methods or "{" in path:
            continue
        right = methods["get"]["x-right"]
        allowed = right == ANYBODY or right in SCOPES[scope]
        status, _body = helper.get(path.removeprefix("/api/v1"))
        assert status == (200 if allowed else 403), path
        asked += 1
    assert asked >= 15


def test_every_operation_names_a_known_right_and_some_scope_opens_it() -> None:
    document = schema.document(api, "/api/v1/")
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["x-right"] == ANYBODY or operation["x-right"] in RIGHTS
            assert operation["x-right"] == ANYBODY or operation["x-scopes"]


def test_operation_ids_do_not_repeat() -> None:
    document = schema.document(api, "/api/v1/")
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names)) >= 100


def test_a_browser_session_reads_without_a_token(alisa: User) -> None:
    browser = Client()
    browser.force_login(alisa)
    answer = browser.get("/api/v1/me")
    assert answer.json()["key"] is None


def test_a_browser_session_writes_only_with_the_csrf_token(alisa: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alisa)
    refused = browser.post("/api/v1/labels", {"name": "Возврат"}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf")
    browser.cookies["csrftoken"] = "a" * 32
    taken = browser.post(
        "/api/v1/labels",
        {"name": "Возврат"},
        content_type="application/json",
        headers={"X-CSRFToken": "a" * 32},
    )
    assert taken.status_code == 201


def test_sentences_come_in_the_asked_language(program: Program) -> None:
    _status, english = program.get("/conversations/999999")
    _status, russian = program.get("/conversations/999999", Accept_Language="ru")
    assert english["error"]["code"] == russian["error"]["code"] == "not_found"
    assert english["error"]["message"] == "There is nothing here, or you have no access to it."


def test_a_missing_field_is_named_in_a_sentence(program: Program) -> None:
    status, body = program.post("/customers/1/merge", {})
    assert status == 422
    assert body["error"]["message"] == "Field “other_id” is missing."
    assert body["error"]["data"]["errors"][0]["field"] == "other_id"


def test_an_unknown_field_is_not_lost_silently(program: Program) -> None:
    status, body = program.post("/labels", {"name": "Возврат", "color": "red"})
    assert status == 422
    assert "“color” is not known" in body["error"]["message"]


def test_a_wrong_value_in_the_address_is_named(program: Program) -> None:
    status, body = program.get("/conversations?limit=1000")
    assert (status, body["error"]["message"]) == (422, "Field “limit” must be at most 200.")


def test_a_body_that_is_not_json_gets_a_sentence(program: Program) -> None:
    answer = program.client.post(
        "/api/v1/labels",
        "{",
        content_type="application/json",
        headers={"Authorization": f"Bearer {program.token}"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_characters_no_database_holds_are_refused(program: Program, text: str) -> None:
    status, body = program.post("/labels", {"name": text})
    assert (status, body["error"]["code"]) == (422, "invalid")


def test_an_unknown_address_is_a_json_404(program: Program) -> None:
    status, body = program.get("/nothing/here")
    assert (status, body["error"]["code"]) == (404, "not_found")


def test_a_fault_of_ours_is_an_answer_with_a_number_and_no_traceback(program: Program, monkeypatch) -> None:
    monkeypatch.setattr("otklik.inbox.queries.counts", lambda _who: 1 // 0)
    status, body = program.get("/conversations/counts")
    assert (status, body["error"]["code"]) == (500, "internal")
    assert body["error"]["data"]["reference"] in body["error"]["message"]
    assert "ZeroDivision" not in str(body)


def test_too_many_requests_are_told_when_to_go_on(program: Program, monkeypatch) -> None:
    monkeypatch.setattr(limits, "BURST", 3)
    moment = clock.now()
    with clock.at(moment):
        found = [program.get("/me")[0] for _number in range(4)]
        assert found == [200, 200, 200, 429]
        assert int(program.last["Retry-After"]) >= 1
    with clock.at(moment + dt.timedelta(seconds=2)):
        assert program.get("/me")[0] == 200


def test_guessing_keys_is_slowed_down_by_address(program: Program) -> None:
    program.token = "otk_guess"
    found = {program.get("/me")[0] for _number in range(limits.WRONG_BURST + 5)}
    assert found == {401, 429}


def test_the_document_is_openapi_3_1_and_open_to_all(db: None) -> None:
    document = Client().get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


def test_the_reference_shows_every_operation_without_foreign_code(alisa: User) -> None:
    browser = Client()
    browser.force_login(alisa)
    answer = browser.get("/api/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "/api/v1/conversations/{conversation_id}/replies" in page
    assert "<script>" not in page
    assert "cdn" not in page


def test_two_shapes_never_share_a_name() -> None:
    """OpenAPI knows shapes by name alone: a second one would silently replace the first."""
    found: dict[str, set[str]] = {}
    waiting: list[type[Any]] = [Schema]
    while waiting:
        shapes: list[type[Any]] = waiting.pop().__subclasses__()
        for shape in shapes:
            waiting.append(shape)
            if shape.__module__.startswith("otklik.") and "[" not in shape.__name__:
                found.setdefault(shape.__name__, set()).add(shape.__module__)
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
