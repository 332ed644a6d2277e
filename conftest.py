"""The shared cast: a company with Olga (operator), Boris (supervisor), Alisa (administrator) and a customer, Anna."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from otklik.kernel.stream import Record


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.UNDO_SECONDS = 0
    # people of the cast are made in almost every test; the real hasher costs a tenth of a second each.
    # In a browser they sign in to a process of its own, which knows only the real ones.
    if "e2e" not in request.node.path.parts:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # a request leaves its person's language behind; the next test begins with the installation's, as a worker does
    translation.activate(settings.LANGUAGE_CODE)
    yield


@pytest.fixture(autouse=True)
def _fresh_index(request: pytest.FixtureRequest) -> None:
    """A transactional test empties Django's tables afterwards; the full-text table beside them follows here."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        return
    request.getfixturevalue("transactional_db")
    from otklik.kernel import textindex

    textindex.rebuild()


@pytest.fixture
def company(db: None) -> Any:
    from otklik.accounts.models import Organisation
    from otklik.kernel import clock

    return Organisation.objects.create(name="Север-Техника", created_at=clock.now())


def _staff(company: Any, email: str, name: str, role: str) -> Any:
    from otklik.accounts import services

    return services.create_user(
        company, email=email, name=name, roles=[role], password="correct horse battery"
    )


@pytest.fixture
def olga(company: Any) -> Any:
    """An operator."""
    return _staff(company, "olga@shop.test", "Ольга Ильина", "operator")


@pytest.fixture
def boris(company: Any) -> Any:
    """A supervisor."""
    return _staff(company, "boris@shop.test", "Борис Панов", "supervisor")


@pytest.fixture
def alisa(company: Any) -> Any:
    """An administrator."""
    return _staff(company, "alisa@shop.test", "Алиса Юрьева", "administrator")


@pytest.fixture
def demo_channel(company: Any) -> Any:
    """A channel whose far end always answers: for tests that are not about channels."""
    from otklik.channels.models import ChannelAccount
    from otklik.kernel import clock

    return ChannelAccount.objects.create(
        organisation=company, kind="demo", name="Демо", settings={"looks_like": "vk"}, created_at=clock.now()
    )


@pytest.fixture
def write_in(demo_channel: Any) -> Callable[..., Any]:
    """A customer writes: `write_in("текст", author="anna", thread="t1")` → the conversation it landed in."""
    from otklik.channels import intake
    from otklik.channels.protocol import RawEvent
    from otklik.inbox.models import Message
    from otklik.kernel import outbox

    counter = iter(range(1, 1_000_000))

    def write(
        text: str, *, author: str = "anna", name: str = "Анна Белова", thread: str = "", **more: Record
    ) -> Any:
        number = next(counter)
        payload = {
            "id": f"m{number}",
            "author": {"id": author, "name": name},
            "text": text,
            "thread": thread or f"chat-{author}",
            **more,
        }
        raw = RawEvent(f"k{number}", json.dumps(payload).encode(), "application/json")
        intake.store(demo_channel, [raw])
        outbox.drain()
        return Message.objects.get(account=demo_channel, external_id=f"m{number}").conversation

    return write
