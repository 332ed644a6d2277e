"""The pages of customers and the card beside a conversation."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from otklik.kernel import outbox
from otklik.people import queries
from otklik.people.models import Customer, Order
from otklik.people.services import merging, profile
from otklik.people.tests.test_orders import FRIDGE


@pytest.fixture
def as_olga(client, olga):
    client.force_login(olga)
    return client


@pytest.fixture
def as_boris(client, boris):
    client.force_login(boris)
    return client


def text(response) -> str:
    return re.sub(r"[ \n]+", " ", response.content.decode())


@pytest.mark.req("S2-13")
def test_handling_notes_of_a_customer_stand_on_the_card_where_the_operator_answers(as_olga, write_in, olga):
    conversation = write_in("Где мой заказ?", author="anna", name="Анна Белова")
    profile.update(
        conversation.customer_id,
        {
            "address_form": "ty",
            "handling_notes": "Незрячая: пишите без картинок",
            "do_not_call": True,
            "do_not_call_reason": "ребёнок спит днём",
            "preferred_channel": "vk",
        },
        by=olga,
    )
    address = reverse("people-card", args=[conversation.customer_id])
    card = text(as_olga.get(f"{address}?conversation={conversation.pk}", headers={"HX-Request": "true"}))
    assert "На «ты», лучший канал VK." in card
    assert "Незрячая: пишите без картинок" in card
    assert "Не звонить:</b> ребёнок спит днём" in card
    other = write_in("Здравствуйте", author="petr", name="Пётр")
    assert "Незрячая" not in text(as_olga.get(reverse("people-card", args=[other.customer_id])))


@pytest.mark.req("S2-13")
def test_the_operator_changes_the_notes_in_the_card_itself(as_olga, anna):
    address = reverse("people-handling", args=[anna.pk])
    form = text(as_olga.get(f"{address}?edit=1", headers={"HX-Request": "true"}))
    assert 'name="handling_notes"' in form
    data = {"address_form": "vy", "handling_notes": "Плохо слышит", "seen": profile.version(anna)}
    saved = text(as_olga.post(address, data, headers={"HX-Request": "true"}))
    assert "Плохо слышит" in saved and "На «вы»." in saved and "<form" not in saved


def test_a_mistake_in_the_form_keeps_what_was_typed(as_olga, anna):
    data = {"do_not_contact": "on", "handling_notes": "Долгий текст", "address_form": ""}
    response = as_olga.post(reverse("people-handling", args=[anna.pk]), data, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert "Долгий текст" in text(response) and "коллеги спросят" in text(response)


def test_a_change_of_a_colleague_is_said_in_the_form(as_olga, anna, boris):
    seen = profile.version(anna)
    profile.update(anna.pk, {"handling_notes": "Плохо слышит"}, by=boris)
    data = {"handling_notes": "Моё", "seen": seen}
    response = as_olga.post(reverse("people-handling", args=[anna.pk]), data, headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "Коллега только что изменил" in text(response) and "Моё" in text(response)


def test_the_card_shows_a_late_order_in_words(as_olga, anna, bring):
    bring({**FRIDGE, "delivered_at": "22.11.2025"})
    card = text(as_olga.get(reverse("people-card", args=[anna.pk])))
    assert "С-204518 · Холодильник" in card and "54\u202f990\u00a0₽" in card
    assert "опоздание 8\u00a0дней" in card


def test_what_customers_call_themselves_is_never_markup(as_olga, anna, olga):
    profile.update(anna.pk, {"name": "<script>alert(1)</script>", "handling_notes": "<img src=x>"}, by=olga)
    for name in ("people-card", "people-page"):
        page = text(as_olga.get(reverse(name, args=[anna.pk])))
        assert "<script>alert" not in page and "<img src=x>" not in page


@pytest.mark.parametrize(
    "name", ["people-page", "people-card", "people-handling", "people-details", "people-merge-choice"]
)
def test_pages_of_another_companys_customer_do_not_exist(client, anna, stranger, name):
    client.force_login(stranger)
    assert client.get(reverse(name, args=[anna.pk])).status_code == 404


def test_without_signing_in_there_is_nothing_to_see(client, anna):
    assert client.get(reverse("people-page", args=[anna.pk])).status_code == 302


def test_the_list_is_searched_and_says_when_nothing_is_found(as_olga, anna):
    assert "Анна Белова" in text(as_olga.get(reverse("people"), {"q": "беловой"}))
    assert "По «мультиварка» ничего нет" in text(as_olga.get(reverse("people"), {"q": "мультиварка"}))


def test_an_empty_company_is_told_where_customers_come_from(as_olga):
    assert "Клиентов пока нет" in text(as_olga.get(reverse("people")))


def test_filters_and_pages_go_together(as_olga, make, company):
    for n in range(60):
        make(name=f"Покупатель {n}")
    first = text(as_olga.get(reverse("people"), {"q": "покупатели"}))
    assert "60 клиентов" in first and "страница 1 из 2" in first
    assert "страница 2 из 2" in text(as_olga.get(reverse("people"), {"q": "покупатели", "page": "2"}))


def test_the_list_takes_a_fixed_number_of_queries(as_olga, make, django_assert_max_num_queries):
    for n in range(30):
        make(name=f"Покупатель {n}", phone=f"+791612345{n:02d}")
    as_olga.get(reverse("people"))  # the first page of a session also notes the device
    with django_assert_max_num_queries(16):
        as_olga.get(reverse("people"))


def test_merging_on_screen_can_be_undone_on_screen(as_olga, anna, make):
    kate = make(name="Катя", phone="+79161234567")
    both = text(as_olga.get(reverse("people-merge-choice", args=[kate.pk]), {"with": anna.pk}))
    assert both.index("Анна Белова</h2>") < both.index("Катя</h2>")
    done = as_olga.post(reverse("people-merge", args=[kate.pk]), {"other": anna.pk}, follow=True)
    assert "Карточки объединены. Вторая: Катя." in text(done)
    assert as_olga.get(reverse("people-page", args=[kate.pk])).url == reverse("people-page", args=[anna.pk])
    merge = queries.merges(anna.organisation_id, anna.pk).get()
    as_olga.post(reverse("people-unmerge", args=[merge.pk]))
    assert queries.customer(anna.organisation_id, kate.pk).pk == kate.pk


def test_a_merge_that_cannot_be_undone_yet_says_why_on_the_page(as_olga, anna, make, olga):
    first = merging.merge(anna.pk, make(name="Катя").pk, by=olga)
    merging.merge(anna.pk, make(name="Маша").pk, by=olga)
    page = as_olga.post(reverse("people-unmerge", args=[first.pk]), follow=True)
    assert "Вторая карточка: Маша" in text(page)


def test_a_taken_address_offers_to_compare_the_two_cards(as_olga, anna, make):
    kate = make(name="Катя")
    data = {"kind": "mail", "external_id": "anna@example.ru"}
    page = text(as_olga.post(reverse("people-identity-add", args=[kate.pk]), data, follow=True))
    assert "Анна Белова" in page and f"?with={anna.pk}" in page


def test_a_customer_is_written_down_by_hand(as_olga, company):
    wrong = as_olga.post(reverse("people-new"), {"name": "Катя", "phone": "12"})
    assert wrong.status_code == 422 and 'value="Катя"' in text(wrong)
    as_olga.post(reverse("people-new"), {"name": "Катя", "phone": "8 916 123-45-67"})
    assert Customer.objects.get(organisation=company).phone == "+79161234567"


TABLE = (
    "\ufeffНомер заказа;ФИО;Телефон;Сумма;Дата заказа\r\n"
    "С-1;Пётр;8 916 123-45-67;54 990,00 ₽;14.11.2025\r\n"
    "С-2;=cmd();8 916 123-45-67;дорого;14.11.2025\r\n"
)


def test_a_file_of_orders_is_seen_imported_and_its_bad_rows_come_back(as_boris, company):
    upload = SimpleUploadedFile("заказы.csv", TABLE.encode())
    preview = as_boris.post(reverse("orders-import"), {"file": upload})
    assert "Пётр" in text(preview) and "«дорого» не похоже на сумму" in text(preview)
    chosen = {f"column_{field}": at for field, _title, at in preview.context["choices"] if at >= 0}
    data = {"token": preview.context["token"], **chosen}
    begun = as_boris.post(reverse("orders-import-run"), data, follow=True)
    assert "Импортируем" in text(begun) and not Order.objects.exists(), "nothing is done inside the request"
    outbox.drain()
    result = as_boris.get(begun.redirect_chain[-1][0])
    assert result.context["job"].created == 1 and "Строка 3: «дорого»" in text(result)
    assert Order.objects.get(organisation=company).number == "С-1"
    assert "заказы.csv" in text(as_boris.get(reverse("orders-import")))
    wrong = as_boris.get(reverse("orders-import-errors", args=[result.context["job"].pk]))
    rows = b"".join(wrong.streaming_content).decode("utf-8-sig").splitlines()
    assert len(rows) == 2 and rows[1].startswith("С-2;'=cmd()") and "не похоже на сумму" in rows[1]


def test_a_file_that_is_no_table_is_refused_with_a_sentence(as_boris):
    response = as_boris.post(reverse("orders-import"), {"file": SimpleUploadedFile("a.csv", b"PK\x03\x04")})
    assert response.status_code == 422 and "Это не CSV" in text(response)


def test_an_uploaded_file_is_not_opened_by_another_company(as_boris, client, stranger):
    token = as_boris.post(
        reverse("orders-import"), {"file": SimpleUploadedFile("a.csv", TABLE.encode())}
    ).context["token"]
    client.force_login(stranger)
    response = client.post(reverse("orders-import-run"), {"token": token, "column_number": "0"})
    assert response.status_code == 422 and not Order.objects.exists()


def test_an_operator_is_not_offered_the_import(as_olga):
    assert as_olga.get(reverse("orders-import")).status_code == 403


@pytest.mark.parametrize("name", ["people-page", "people-card"])
def test_the_pages_speak_english_too(as_olga, anna, olga, name):
    olga.language = "en"
    olga.save(update_fields=["language"])
    with translation.override("en"):
        page = text(as_olga.get(reverse(name, args=[anna.pk])))
    assert "How to talk" in page and "Как общаться" not in page
