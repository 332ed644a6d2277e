"""A file of orders in the background: it goes on where it stopped, whatever stopped it."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse

from otklik.audit.models import Entry
from otklik.kernel import jobs, media, outbox
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from otklik.people import queries
from otklik.people.models import Order, OrderImport
from otklik.people.services import order_import, orders

FIELDS = {"number": 0, "phone": 1, "total": 2}


def stored(rows: int, *, bad: str = "") -> str:
    lines = (f"С-{n};8916{n % 50:07d};{n}\n" for n in range(rows))
    return media.put_file(BytesIO(("Номер;Телефон;Сумма\n" + "".join(lines) + bad).encode()))[0]


def counts(job: OrderImport) -> tuple[int, ...]:
    job.refresh_from_db()
    return job.rows, job.created, job.updated, job.unchanged, job.errors


def test_a_file_comes_in_by_the_worker_and_again_without_change(boris) -> None:
    first = order_import.start(stored(250, bad="С-x;;дорого\n"), "orders.csv", FIELDS, by=boris)
    assert (first.estimate, Order.objects.count()) == (251, 0)
    outbox.drain()
    assert counts(first) == (251, 250, 0, 0, 1)
    assert first.state == OrderImport.State.DONE
    assert [one.row for one in queries.order_problems(first)] == [252]
    again = order_import.start(stored(250), "orders.csv", FIELDS, by=boris)
    outbox.drain()
    assert counts(again) == (250, 0, 0, 250, 0)
    assert Entry.objects.filter(action="orders.imported").count() == 2


def test_it_goes_on_behind_its_cursor_after_a_worker_died(boris) -> None:
    job = order_import.start(stored(350), "orders.csv", FIELDS, by=boris)
    order_import.Runner(job).step()
    assert Order.objects.count() == orders.BATCH
    outbox.drain()  # the lease of the dead one holds
    OrderImport.objects.update(lease_until=None)
    order_import.run({"job_id": job.pk})
    assert counts(job) == (350, 350, 0, 0, 0)


def test_two_workers_on_one_file_do_every_row_once(boris) -> None:
    job = order_import.start(stored(300), "orders.csv", FIELDS, by=boris)
    slow, fast = order_import.Runner(job), order_import.Runner(OrderImport.objects.get(pk=job.pk))
    fast.step()
    with pytest.raises(jobs.Overtaken):
        slow.step()
    assert counts(job) == (100, 100, 0, 0, 0)


def test_a_person_stops_it_and_lets_it_go_on(boris, client) -> None:
    job = order_import.start(stored(300), "orders.csv", FIELDS, by=boris)
    client.force_login(boris)
    client.post(reverse("orders-import-stop", args=[job.pk]))
    outbox.drain()
    assert counts(job) == (0, 0, 0, 0, 0)
    page = client.post(reverse("orders-import-proceed", args=[job.pk]), follow=True)
    assert "every 1s" in page.content.decode()
    outbox.drain()
    assert counts(job) == (300, 300, 0, 0, 0)
    part = client.get(reverse("orders-import-job", args=[job.pk]), headers={"HX-Request": "true"})
    assert "every 1s" not in part.content.decode() and "<html" not in part.content.decode()
    with pytest.raises(Conflict):
        order_import.proceed(job.pk, by=boris)


def test_a_file_that_breaks_off_keeps_what_came_and_says_why(boris, monkeypatch) -> None:
    job = order_import.start(stored(3), "orders.csv", FIELDS, by=boris)
    media.path_of(job.digest).unlink()
    outbox.drain()
    job.refresh_from_db()
    assert job.state == OrderImport.State.FAILED
    assert "Выберите его снова" in job.error or "здесь больше нет" in job.error


def test_without_the_right_or_the_number_nothing_begins(boris, olga, stranger) -> None:
    with pytest.raises(Forbidden):
        order_import.start(stored(1), "orders.csv", FIELDS, by=olga)
    with pytest.raises(Invalid):
        order_import.start(stored(1), "orders.csv", {"phone": 1}, by=boris)
    job = order_import.start(stored(1), "orders.csv", FIELDS, by=boris)
    with pytest.raises(NotFound):
        order_import.stop(job.pk, by=stranger)
