"""Schemathesis invents requests from the OpenAPI document: no fault of ours, and every answer is as documented."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from otklik.accounts.models import User
from otklik.web.api import api, limits
from otklik.web.api import schema as ours
from tests.api.conftest import Program
from tests.api.world import build

pytestmark = pytest.mark.django_db

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 6  # of each operation
NETWORK = {"check_settings", "check_channel", "test_webhook", "test_second_opinion"}  # they talk to the world


def document() -> Any:
    loaded = schemathesis.openapi.from_dict(dict(ours.document(api, "/api/v1/")))
    loaded.app = WSGIHandler()
    return loaded


OPERATIONS = [
    one.ok()
    for one in document().get_all_operations()
    if one.ok().definition.raw.get("operationId") not in NETWORK
]


@pytest.fixture
def world(
    alisa: User, write_in: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, int]]:
    monkeypatch.setattr(limits, "BURST", 10**9)
    for signal in (
        request_started,
        request_finished,
    ):  # as Django's own test client: one connection, one transaction
        signal.disconnect(close_old_connections)
    yield build(alisa, write_in)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.timeout(300)
def test_no_invented_request_makes_a_fault_and_every_answer_is_as_documented(
    world: dict[str, int], program: Program
) -> None:
    asked = 0
    # the WSGI transport of schemathesis does not unpack answers
    headers = {"Authorization": f"Bearer {program.token}", "Accept-Encoding": "identity"}
    known = {name: value for name, value in world.items() if name != "other_conversation_id"}
    with override_settings(ALLOWED_HOSTS=["*"]):
        for operation in OPERATIONS:

            @settings(
                max_examples=EXAMPLES,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def run(case: Any) -> None:
                nonlocal asked
                asked += 1
                # half of the requests reach an object that is there, the others meet what is not
                if asked % 2:
                    for name in case.path_parameters or {}:
                        if name in known:
                            case.path_parameters[name] = known[name]
                response = case.call(headers=headers)
                case.validate_response(response, checks=CHECKS)

            run()
    assert asked >= 500
