"""Orders come in, are updated, and find their buyer."""

from __future__ import annotations

import tracemalloc
from datetime import datetime
from decimal import Decimal
from io import BytesIO

import pytest
import time_machine

from otklik.kernel.errors import Forbidden
from otklik.people import history, ports, queries
from otklik.people import services as people
from otklik.people.engine import mapping, table
from otklik.people.models import Customer, Identity, Order
from otklik.people.ports import TimelineEntry
from otklik.people.sentences import numbered
from otklik.people.services import orders, profile
from otklik.people.tests.conftest import MOSCOW

FRIDGE = {
    "number": "С-204518",
    "ordered_at": "09.11.2025",
    "items": "Холодильник",
    "total": "54 990,00 ₽",
    "promised_at": "14.11.2025",
    "paid_at": "да",
    "email": "anna@example.ru",
}


def counted(result: orders.ImportResult) -> tuple[int, int, int, int]:
    return result.created, result.updated, result.unchanged, len(result.errors)


def test_an_order_finds_its_buyer_by_mail(anna, bring):
    assert counted(bring(FRIDGE)) == (1, 0, 0, 0)
    order = Order.objects.get()
    assert (order.customer_id, order.total) == (anna.pk, Decimal("54990.00"))
    assert order.paid_at == order.ordered_at == datetime(2025, 11, 9, tzinfo=MOSCOW)


def test_the_same_file_twice_changes_nothing(anna, bring):
    bring(FRIDGE, {"number": "С-2", "phone": "8 916 123-45-67", "name": "Пётр"})
    buyers, faces = Customer.objects.count(), Identity.objects.count()
    assert counted(bring(FRIDGE, {"number": "С-2", "phone": "+79161234567", "name": "Пётр"})) == (0, 0, 2, 0)
    assert (Customer.objects.count(), Identity.objects.count()) == (buyers, faces)


def test_a_known_number_is_updated_and_what_the_file_does_not_have_stays(anna, bring):
    bring(FRIDGE)
    assert counted(bring({"number": "С-204518", "delivered_at": "22.11.2025"})) == (0, 1, 0, 0)
    order = Order.objects.get()
    assert order.delivered_at == datetime(2025, 11, 22, tzinfo=MOSCOW)
    assert (order.total, order.customer_id) == (Decimal("54990.00"), anna.pk)


def test_an_unknown_buyer_becomes_a_customer_once_for_all_their_orders(bring, company):
    rows = [
        {"number": f"С-{n}", "phone": "8 916 123 45 67", "email": "petr@example.ru", "name": "Пётр"}
        for n in range(5)
    ]
    assert counted(bring(*rows)) == (5, 0, 0, 0)
    petr = Customer.objects.get(organisation=company)
    assert (petr.name, petr.phone, petr.email) == ("Пётр", "+79161234567", "petr@example.ru")
    assert queries.find(company.pk, "петру").get() == petr


def test_a_new_phone_of_a_known_buyer_is_remembered_and_nothing_is_written_over(anna, bring):
    bring({**FRIDGE, "phone": "+79161234567", "name": "Кто-то другой"})
    anna.refresh_from_db()
    assert (anna.phone, anna.name) == ("+79161234567", "Анна Белова")
    assert bring({"number": "С-3", "phone": "+79161234567"}).created == 1
    assert anna.orders.count() == 2


def test_an_order_finds_its_buyer_by_an_account_of_a_network(company, bring):
    person = people.resolve(company.pk, kind="vk", scope="club1", external_id="id147", name="Вика")
    assert bring({"number": "С-7", "identity": "vk:id147"}).created == 1
    assert Order.objects.get().customer_id == person.id


def test_rows_that_cannot_be_taken_get_a_sentence_with_their_number(anna, bring):
    result = bring(
        FRIDGE,
        {"number": "", "email": "anna@example.ru"},
        {"number": "С-3", "email": "anna@example.ru", "total": "дорого"},
        {"number": "С-4", "email": "anna@example.ru", "promised_at": "когда-нибудь"},
        {"number": "С-5"},
        {"number": "С-6", "identity": "vk:id999"},
        {"number": "С-8", "email": "не адрес"},
        "не заказ",
    )
    assert counted(result) == (1, 0, 0, 7)
    by_row = {one.row: numbered(one) for one in result.errors}
    assert by_row[3] == "Строка 3: «дорого» не похоже на сумму. Напишите так: 54990 или 54 990,00."
    assert "когда-нибудь" in by_row[4] and "С-5" in by_row[5] and "vk:id999" in by_row[6]
    assert Order.objects.get().number == "С-204518"


def test_the_same_number_twice_in_a_file_is_one_order_with_the_later_values(anna, bring):
    bring(FRIDGE, {"number": "С-204518", "total": "100"})
    assert Order.objects.get().total == Decimal("100.00")


def test_two_companies_may_have_the_same_number(anna, bring, stranger):
    bring(FRIDGE)
    assert orders.upsert(mapping.from_json([FRIDGE], MOSCOW), by=stranger).created == 1
    assert Order.objects.filter(number="С-204518").count() == 2
    assert anna.orders.count() == 1


def test_an_operator_may_not_import_orders(olga):
    with pytest.raises(Forbidden):
        orders.upsert([], by=olga)


@pytest.mark.parametrize("query", ["С-204518", "C-204518", "204518", "с-204518"])
def test_a_customer_is_found_by_an_order_number_typed_with_russian_or_latin_letters(anna, bring, query):
    bring(FRIDGE)
    assert [one.pk for one in queries.find(anna.organisation_id, query)] == [anna.pk]


@pytest.mark.parametrize(
    ("more", "state", "delay"),
    [
        ({}, "late", 8),
        ({"delivered_at": "13.11.2025"}, "delivered", 0),
        ({"delivered_at": "18.11.2025"}, "delivered_late", 4),
        ({"promised_at": "25.11.2025"}, "waiting", 0),
        ({"returned_at": "20.11.2025"}, "returned", 0),
        ({"promised_at": ""}, "unknown", 0),
    ],
)
def test_the_delay_is_counted_in_whole_days_from_the_promised_one(anna, bring, more, state, delay):
    with time_machine.travel(datetime(2025, 11, 22, 14, tzinfo=MOSCOW), tick=False):
        bring({**FRIDGE, **more})
        (line,) = history.orders(anna.organisation_id, anna.pk).lines
    assert (line.state, line.delay) == (state, delay)


def test_late_orders_are_a_filter_of_the_list(anna, make, bring):
    make(name="Другой")
    with time_machine.travel(datetime(2025, 11, 22, 14, tzinfo=MOSCOW), tick=False):
        bring(FRIDGE)
        rows = queries.filtered(anna.organisation_id, queries.Filters(late=True))
        assert [one.pk for one in rows] == [anna.pk]


def test_one_timeline_holds_orders_changes_and_what_others_bring(anna, olga, bring, monkeypatch):
    talked = TimelineEntry(
        datetime(2025, 11, 20, tzinfo=MOSCOW), "ch-mail", "Письмо о холодильнике", url="/inbox/1"
    )

    def broken(*_args: int) -> list[TimelineEntry]:
        raise RuntimeError("down")

    monkeypatch.setattr(ports, "timeline_sources", [lambda *_args: [talked], broken])
    bring({**FRIDGE, "delivered_at": "22.11.2025"})
    profile.update(anna.pk, {"handling_notes": "Тише"}, by=olga)
    texts = [entry.text for entry in history.timeline(anna.organisation_id, anna.pk)]
    assert texts == [
        "Изменены особенности общения",
        "Получен заказ С-204518",
        "Письмо о холодильнике",
        "Оформлен заказ С-204518",
    ]


def test_ten_thousand_rows_come_in_with_bounded_memory(boris):
    header = "Номер заказа;Телефон;Сумма;Дата заказа;ФИО\n"
    lines = (f"С-{n};8916{n % 3000:07d};{n} руб.;14.11.2025;Покупатель {n % 3000}\n" for n in range(10_000))
    file = BytesIO((header + "".join(lines)).encode("cp1251"))
    form = table.recognise(file)
    stream = mapping.from_cells(table.rows(file, form), mapping.guess(form.columns), MOSCOW)
    tracemalloc.start()
    result = orders.upsert(stream, by=boris)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counted(result) == (10_000, 0, 0, 0)
    assert Customer.objects.count() == 3000
    assert peak < 40_000_000
