"""Anna the customer, a second company, and order rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from otklik.accounts import services as accounts
from otklik.accounts.models import Organisation
from otklik.kernel import clock
from otklik.people import services as people
from otklik.people.engine import mapping
from otklik.people.models import Customer
from otklik.people.services import orders, profile

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture
def anna(company: Any) -> Customer:
    """Writes by mail, lives in Vologda."""
    person = people.resolve(
        company.pk,
        kind="mail",
        scope="",
        external_id="anna@example.ru",
        name="Анна Белова",
        seen_at=clock.ago(90_000),
    )
    Customer.objects.filter(pk=person.id).update(city="Вологда")
    return Customer.objects.get(pk=person.id)


@pytest.fixture
def make(olga: Any) -> Callable[..., Customer]:
    """A customer written down by Olga."""
    return lambda **values: profile.create(values, by=olga)


@pytest.fixture
def stranger(db: None) -> Any:
    """An administrator of another company."""
    other = Organisation.objects.create(name="Юг-Мебель", created_at=clock.now())
    return accounts.create_user(
        other,
        email="far@other.test",
        name="Чужой Администратор",
        roles=["administrator"],
        password="correct horse battery",
    )


@pytest.fixture
def bring(boris: Any) -> Callable[..., orders.ImportResult]:
    """Orders arrive as JSON: `bring({"number": "1", "email": …}, …)`."""
    return lambda *rows: orders.upsert(mapping.from_json(rows, MOSCOW), by=boris)
