"""What is known of a customer and how to talk to them."""

from __future__ import annotations

import pytest

from otklik.accounts import services as accounts
from otklik.audit import queries as audit
from otklik.audit import services as audit_services
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from otklik.people import queries
from otklik.people import services as people
from otklik.people.models import Customer, Identity
from otklik.people.services import identities, profile


def test_wishes_are_kept_and_the_change_stands_in_the_history(anna, olga):
    profile.update(anna.pk, {"address_form": "ty", "language": "en", "contact_time": "после 18:00"}, by=olga)
    anna.refresh_from_db()
    assert (anna.address_form, anna.language, anna.contact_time) == ("ty", "en", "после 18:00")
    entry = audit.of_object(anna.organisation_id, "customer", anna.pk)[0]
    assert entry.action == "customer.updated" and entry.data["after"]["language"] == "en"
    assert entry.actor_name == olga.name


def test_saving_without_a_change_leaves_no_trace(anna, olga):
    profile.update(anna.pk, {"name": anna.name}, by=olga)
    assert not audit.of_object(anna.organisation_id, "customer", anna.pk).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "эльфийский"},
        {"address_form": "xx"},
        {"preferred_channel": "голубь"},
        {"phone": "12"},
        {"email": "не адрес"},
        {"name": "я" * 201},
        {"is_admin": "1"},
    ],
)
def test_nonsense_in_the_profile_gets_a_sentence_and_nothing_is_saved(anna, olga, wrong):
    with pytest.raises(profile.InvalidProfile) as refusal:
        profile.update(anna.pk, {"city": "Тверь", **wrong}, by=olga)
    assert set(refusal.value.errors) == set(wrong) and refusal.value.sentence.endswith(".")
    assert Customer.objects.get(pk=anna.pk).city == "Вологда"


def test_a_wish_not_to_be_written_to_needs_its_reason(anna, olga):
    with pytest.raises(profile.InvalidProfile):
        profile.stop_contact(anna.pk, "", by=olga)
    stopped = profile.stop_contact(anna.pk, "попросила 3 ноября", by=olga)
    assert stopped.do_not_contact and stopped.do_not_contact_reason == "попросила 3 ноября"
    allowed = profile.allow_contact(anna.pk, by=olga)
    assert not allowed.do_not_contact and allowed.do_not_contact_reason == ""


def test_a_second_writer_does_not_wipe_out_the_first(anna, olga, boris):
    seen = profile.version(anna)
    profile.update(anna.pk, {"handling_notes": "Плохо слышит"}, by=boris, seen=seen)
    with pytest.raises(Conflict):
        profile.update(anna.pk, {"handling_notes": "Любит котов"}, by=olga, seen=seen)
    assert Customer.objects.get(pk=anna.pk).handling_notes == "Плохо слышит"


def test_an_analyst_reads_and_does_not_write(anna, company):
    vera = accounts.create_user(company, email="vera@shop.test", name="Вера", roles=["analyst"])
    with pytest.raises(Forbidden):
        profile.update(anna.pk, {"city": "Тверь"}, by=vera)


def test_another_company_neither_sees_nor_changes_the_customer(anna, stranger):
    with pytest.raises(NotFound):
        profile.update(anna.pk, {"city": "Тверь"}, by=stranger)
    with pytest.raises(NotFound):
        queries.customer(stranger.organisation_id, anna.pk)
    assert not queries.find(stranger.organisation_id, "Белова").exists()


def test_a_customer_written_down_needs_something_to_be_known_by(make):
    with pytest.raises(profile.InvalidProfile):
        make(city="Вологда")
    assert make(phone="8 916 123-45-67").phone == "+79161234567"


def test_a_written_phone_is_the_same_person_when_it_calls(make, company):
    kate = make(name="Катя", phone="8 916 123-45-67")
    assert people.resolve(company.pk, kind="phone", scope="ats", external_id="+7 (916) 1234567").id == kate.pk


def test_an_address_of_somebody_else_is_not_taken_away(anna, make, olga):
    kate = make(name="Катя")
    with pytest.raises(identities.Taken) as refusal:
        identities.add(kate.pk, "mail", "Anna@Example.ru", by=olga)
    assert refusal.value.data["customer_id"] == anna.pk


@pytest.mark.parametrize(
    ("kind", "value"), [("mail", "не адрес"), ("phone", "12"), ("сова", "1"), ("vk", "  ")]
)
def test_an_identity_that_cannot_exist_is_refused(anna, olga, kind, value):
    with pytest.raises(Invalid):
        identities.add(anna.pk, kind, value, by=olga)


def test_a_removed_address_leaves_the_profile_and_the_next_one_takes_its_place(anna, olga):
    identities.add(anna.pk, "mail", "second@example.ru", by=olga)
    first = Identity.objects.get(external_id="anna@example.ru")
    assert identities.remove(first.pk, by=olga).customer.email == "second@example.ru"
    assert not queries.find(anna.organisation_id, "anna@example.ru").exists()


def test_an_identity_of_another_person_becomes_a_customer_of_its_own(anna, olga):
    face = identities.add(anna.pk, "vk", "id147", by=olga, scope="club1")
    new = identities.split(face.pk, by=olga)
    assert new.pk != anna.pk
    assert people.resolve(anna.organisation_id, kind="vk", scope="club1", external_id="id147").id == new.pk


def test_the_only_identity_cannot_be_split_off(anna, olga):
    with pytest.raises(Conflict):
        identities.split(anna.identities.get().pk, by=olga)


@pytest.mark.parametrize(
    "query", ["белову", "АННА", "anna@example.ru", "вологде", "8 (916) 123-45-67", "+79161234567"]
)
def test_a_customer_is_found_in_any_word_form_and_any_notation(anna, olga, query):
    profile.update(anna.pk, {"phone": "+7 916 123 45 67", "city": "Вологда "}, by=olga)
    people.index(Customer.objects.get(pk=anna.pk))
    assert [one.pk for one in queries.find(anna.organisation_id, query)] == [anna.pk]


def test_the_history_stays_in_the_sealed_chain(anna, olga):
    profile.update(anna.pk, {"handling_notes": "Пишите крупно"}, by=olga)
    audit_services.seal()
    assert audit_services.verify().ok
