"""How many rows a transaction takes, and how they are stored."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from otklik.inbox.models import Conversation, Message
from otklik.kernel import batches, bulk, clock
from otklik.kernel.batches import BatchSize
from otklik.people.models import Customer


def test_a_batch_falls_at_once_and_grows_step_by_step() -> None:
    size = BatchSize(100, least=20)
    size.learn(100, 4 * batches.AIM)
    assert size.size == 25
    size.learn(25, batches.AIM / 100)
    assert size.size == 37, "one lucky transaction is no promise"
    for _ in range(20):
        size.learn(size.size, batches.AIM / 1000)
    assert size.size == batches.MOST
    size.learn(batches.MOST, 10.0)
    assert size.size == 20


def test_the_rest_of_a_file_teaches_nothing() -> None:
    size = BatchSize(100)
    size.learn(3, batches.AIM)
    assert size.size == 100


def test_stored_rows_are_what_bulk_create_stores(company) -> None:
    now = clock.now()
    made = [
        Customer(organisation=company, name=f"Анна {n}", first_seen_at=now, created_at=now) for n in range(5)
    ]
    with transaction.atomic():
        bulk.insert(made[:3])
        Customer.objects.bulk_create(made[3:])
    names = [
        field.attname for field in Customer._meta.local_concrete_fields if field.attname not in ("id", "name")
    ]
    stored = [Customer.objects.get(pk=one.pk) for one in made]
    assert [one.name for one in stored] == [one.name for one in made]
    assert len({tuple(str(getattr(one, name)) for name in names) for one in stored}) == 1


def test_a_broken_rule_of_the_database_is_an_integrity_error(company, write_in) -> None:
    told = write_in("Где заказ?").messages.get()
    twin = Message(
        **{field.attname: getattr(told, field.attname) for field in Message._meta.local_concrete_fields}
    )
    twin.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert([twin])
    assert Conversation.objects.count() == Message.objects.count() == 1
