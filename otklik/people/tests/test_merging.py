"""Two cards become one and come apart exactly as they were."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otklik.accounts import services as accounts
from otklik.accounts.models import Organisation
from otklik.kernel import clock, events, textindex
from otklik.kernel.errors import Conflict, Invalid, NotFound
from otklik.people import queries
from otklik.people import services as people
from otklik.people.events import CustomersMerged, CustomersUnmerged
from otklik.people.models import Customer, CustomerMerge, Identity, KeptApart, Order
from otklik.people.services import identities, merging, profile


def photograph(organisation_id: int) -> tuple[Any, ...]:
    """Every fact of every customer that a merge may touch."""
    return (
        list(Customer.objects.filter(organisation_id=organisation_id).order_by("pk").values()),
        list(Identity.objects.filter(organisation_id=organisation_id).order_by("pk").values()),
        list(Order.objects.filter(organisation_id=organisation_id).order_by("pk").values()),
    )


def test_a_merge_moves_identities_and_orders_and_fills_what_is_empty(anna, make, olga, bring):
    kate = make(name="Анна Б.", phone="+79161234567")
    bring({"number": "С-1", "phone": "+79161234567"})
    merging.merge(anna.pk, kate.pk, by=olga)
    anna.refresh_from_db()
    assert (anna.phone, anna.name) == ("+79161234567", "Анна Белова")
    assert {face.external_id for face in anna.identities.all()} == {"anna@example.ru", "+79161234567"}
    assert queries.orders(anna.organisation_id, anna.pk).get().number == "С-1"


def test_the_older_card_stays_whichever_was_named_first(anna, make, olga):
    kate = make(name="Катя")
    assert merging.merge(kate.pk, anna.pk, by=olga).survivor_id == anna.pk


def test_the_address_of_the_merged_card_leads_to_the_survivor(anna, make, olga):
    kate = make(name="Катя", email="kate@example.ru")
    merging.merge(anna.pk, kate.pk, by=olga)
    assert queries.customer(anna.organisation_id, kate.pk).pk == anna.pk
    assert (
        people.resolve(anna.organisation_id, kind="mail", scope="", external_id="kate@example.ru").id
        == anna.pk
    )
    assert [one.pk for one in queries.find(anna.organisation_id, "kate@example.ru")] == [anna.pk]


def test_a_wish_not_to_be_called_survives_the_merge(anna, make, olga):
    kate = make(name="Катя")
    profile.update(
        kate.pk, {"do_not_call": True, "do_not_call_reason": "спит днём", "handling_notes": "Тише"}, by=olga
    )
    profile.update(anna.pk, {"handling_notes": "Пишите крупно"}, by=olga)
    merging.merge(anna.pk, kate.pk, by=olga)
    anna.refresh_from_db()
    assert anna.do_not_call and anna.do_not_call_reason == "спит днём"
    assert anna.handling_notes == "Пишите крупно\nТише"


def test_unmerge_restores_every_row(anna, make, olga, bring):
    kate = make(name="Катя", phone="+79161234567", city="Тверь")
    profile.update(kate.pk, {"do_not_contact": True, "do_not_contact_reason": "так"}, by=olga)
    bring({"number": "С-1", "phone": "+79161234567"}, {"number": "С-2", "email": "anna@example.ru"})
    before = photograph(anna.organisation_id)
    done = merging.merge(anna.pk, kate.pk, by=olga)
    assert photograph(anna.organisation_id) != before
    merging.unmerge(done.pk, by=olga)
    assert photograph(anna.organisation_id) == before
    assert [one.pk for one in queries.find(anna.organisation_id, "С-1")] == [kate.pk]


_names = st.sampled_from(["", "Анна", "Анна Белова", "Пётр"])
_person = st.fixed_dictionaries(
    {
        "name": _names,
        "city": st.sampled_from(["", "Вологда", "Тверь"]),
        "address_form": st.sampled_from(["", "vy", "ty"]),
        "language": st.sampled_from(["", "ru", "en"]),
        "handling_notes": st.sampled_from(["", "Тише", "Пишите крупно\nи вежливо"]),
        "do_not_call": st.booleans(),
        "do_not_call_reason": st.sampled_from(["", "спит"]),
        "preferred_channel": st.sampled_from(["", "vk", "mail"]),
    }
)


@given(cast=st.lists(_person, min_size=2, max_size=5), data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_chain_of_merges_taken_back_in_reverse_restores_everything(db, cast, data):
    company = Organisation.objects.create(name="Север-Техника", created_at=clock.now())
    olga = accounts.create_user(
        company, email=f"olga{company.pk}@shop.test", name="Ольга", roles=["operator"]
    )
    for at, person in enumerate(cast):
        one = Customer.objects.create(
            organisation=company,
            first_seen_at=clock.now() + timedelta(minutes=at),
            created_at=clock.now(),
            **person,
        )
        Identity.objects.create(
            organisation=company,
            customer=one,
            kind="vk",
            scope="a",
            external_id=f"id{one.pk}",
            created_at=clock.now(),
        )
        Order.objects.create(organisation=company, customer=one, number=f"С-{one.pk}", updated_at=clock.now())
    photographs, merges = [], []
    for _step in range(len(cast) - 1):
        live = list(queries.customers(company.pk).order_by("pk").values_list("pk", flat=True))
        pair = data.draw(st.permutations(live))[:2]
        photographs.append(photograph(company.pk))
        merges.append(merging.merge(pair[0], pair[1], by=olga).pk)
    for merge_id, picture in zip(reversed(merges), reversed(photographs), strict=True):
        merging.unmerge(merge_id, by=olga)
        assert photograph(company.pk) == picture


def test_what_a_person_wrote_after_the_merge_is_not_undone(anna, make, olga):
    kate = make(name="Катя", city="Тверь", phone="+79161234567")
    done = merging.merge(anna.pk, kate.pk, by=olga)
    profile.update(anna.pk, {"phone": "+79990000000"}, by=olga)
    merging.unmerge(done.pk, by=olga)
    anna.refresh_from_db()
    assert anna.phone == "+79990000000"


def test_an_identity_given_to_somebody_else_since_then_stays_there(anna, make, olga):
    kate = make(name="Катя", email="kate@example.ru")
    done = merging.merge(anna.pk, kate.pk, by=olga)
    face = Identity.objects.get(external_id="kate@example.ru")
    new = identities.split(face.pk, by=olga)
    merging.unmerge(done.pk, by=olga)
    face.refresh_from_db()
    assert face.customer_id == new.pk


def test_merges_are_taken_back_latest_first(anna, make, olga):
    first = merging.merge(anna.pk, make(name="Катя").pk, by=olga)
    merging.merge(anna.pk, make(name="Маша").pk, by=olga)
    with pytest.raises(Conflict) as refusal:
        merging.unmerge(first.pk, by=olga)
    assert "Маша" in refusal.value.sentence


def test_a_merge_is_taken_back_only_once(anna, make, olga):
    done = merging.merge(anna.pk, make(name="Катя").pk, by=olga)
    merging.unmerge(done.pk, by=olga)
    with pytest.raises(Conflict):
        merging.unmerge(done.pk, by=olga)


def test_a_customer_is_not_merged_with_itself_nor_across_companies(anna, olga, stranger):
    with pytest.raises(Invalid):
        merging.merge(anna.pk, anna.pk, by=olga)
    far = profile.create({"name": "Анна Белова"}, by=stranger)
    with pytest.raises(NotFound):
        merging.merge(anna.pk, far.pk, by=olga)
    with pytest.raises(NotFound):
        merging.merge(anna.pk, far.pk, by=stranger)


def test_a_foreign_merge_cannot_be_taken_back(anna, make, olga, stranger):
    done = merging.merge(anna.pk, make(name="Катя").pk, by=olga)
    with pytest.raises(NotFound):
        merging.unmerge(done.pk, by=stranger)


def test_what_listeners_moved_comes_back_to_them(anna, make, olga, monkeypatch):
    heard: list[Any] = []

    def move(event: CustomersMerged) -> None:
        merging.remember(event.merge_id, "conversations", [3, 5])

    monkeypatch.setattr(events, "_handlers", {CustomersMerged: [move], CustomersUnmerged: [heard.append]})
    kate = make(name="Катя", email="kate@example.ru")
    done = merging.merge(anna.pk, kate.pk, by=olga)
    merging.unmerge(done.pk, by=olga)
    assert heard[0].moved == {"conversations": [3, 5]} and heard[0].merged_id == kate.pk
    assert heard[0].identities == (("mail", "", "kate@example.ru"),)


@pytest.mark.parametrize(
    ("twin", "reason"),
    [
        ({"name": "Белова Анна", "city": "вологда"}, "name_city"),
        ({"name": "А. Б.", "phone": "8 916 123-45-67"}, "phone"),
        ({"name": "Кто-то", "email": "anna@example.ru"}, "email"),
    ],
)
def test_probable_duplicates_are_suggested_with_their_reason_and_never_merged(anna, make, olga, twin, reason):
    profile.update(anna.pk, {"phone": "+79161234567"}, by=olga)
    people.index(Customer.objects.get(pk=anna.pk))
    other = make(**twin)
    found = queries.duplicates(anna.organisation_id, anna.pk)
    assert [(one.customer.pk, one.reasons) for one in found] == [(other.pk, (reason,))]
    assert [one.customer.pk for one in queries.duplicates(anna.organisation_id, other.pk)] == [anna.pk]
    assert not CustomerMerge.objects.exists()


def test_namesakes_of_another_city_are_not_suggested(anna, make):
    make(name="Анна Белова", city="Тверь")
    assert queries.duplicates(anna.organisation_id, anna.pk) == []


def test_people_known_to_be_different_are_not_suggested_again(anna, make, olga):
    other = make(name="Анна Белова", city="Вологда")
    people.index(Customer.objects.get(pk=anna.pk))
    merging.keep_apart(other.pk, anna.pk, by=olga)
    merging.keep_apart(anna.pk, other.pk, by=olga)
    assert queries.duplicates(anna.organisation_id, anna.pk) == [] and KeptApart.objects.count() == 1


def test_a_merged_customer_is_no_longer_found_twice(anna, make, olga):
    kate = make(name="Екатерина Редкая")
    merging.merge(anna.pk, kate.pk, by=olga)
    assert textindex.search(anna.organisation_id, "customer", "Редкая") in ([], [anna.pk])
