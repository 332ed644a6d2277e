"""Programs that call the API, a second company beside the first, and a receiver that is told what happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from otklik.accounts import services
from otklik.accounts.models import ApiKey, Organisation, User
from otklik.kernel import clock, secrets
from otklik.web.models import WebhookSubscription
from otklik.web.webhooks import subscriptions
from tests.api import receiver as far_end
from tests.api.receiver import Receiver
from tests.api.stream import visible


@dataclass
class Program:
    """A program with an API key. Answers are (status, JSON)."""

    token: str
    key: ApiKey
    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=lambda: Client(raise_request_exception=True))
    last: Any = None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **self.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = json.dumps(body) if body is not None else ""
        self.last = self.client.generic(
            method, f"/api/v1{path}", data, content_type="application/json", headers=sent
        )
        content = b"".join(self.last.streaming_content) if self.last.streaming else self.last.content
        is_json = self.last["content-type"].startswith("application/json")
        return self.last.status_code, json.loads(content) if is_json and content else content

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return self.call("POST", path, body if body is not None else {}, **headers)


def make_program(by: User, *scopes: str) -> Program:
    token = "otk_" + secrets.new_token()
    key = ApiKey.objects.create(
        organisation_id=by.organisation_id,
        name="CRM",
        prefix=token[:12],
        digest=secrets.digest(token),
        scopes=list(scopes),
        created_by=by,
        created_at=clock.now(),
    )
    return Program(token, key)


@pytest.fixture
def program(alisa: User) -> Program:
    """A key with the scope admin, made by the administrator."""
    return make_program(alisa, "admin")


@pytest.fixture
def other_company(db: None) -> Organisation:
    return Organisation.objects.create(name="Юг-Мебель", created_at=clock.now())


@pytest.fixture
def stranger(other_company: Organisation) -> User:
    """The administrator of another company."""
    return services.create_user(
        other_company,
        email="chief@south.test",
        name="Виктор Южный",
        roles=["administrator"],
        password="x" * 12,
    )


@pytest.fixture
def foreign_program(stranger: User) -> Program:
    return make_program(stranger, "admin")


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.TRUSTED_PRIVATE_HOSTS = ["127.0.0.1"]
    with far_end.running() as found:
        yield found


@pytest.fixture
def told(receiver: Receiver, alisa: User) -> tuple[WebhookSubscription, str]:
    visible()  # what happened before is before the subscription, too
    return subscriptions.create(name="CRM", url=receiver.url, topics=[], by=alisa)
