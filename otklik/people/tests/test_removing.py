"""An address that was taken away comes back exactly."""

from __future__ import annotations

import pytest
from django.urls import reverse

from otklik.accounts import services as accounts
from otklik.audit import queries as audit
from otklik.kernel import clock
from otklik.kernel.errors import Forbidden, NotFound
from otklik.people import queries
from otklik.people import services as people
from otklik.people.models import Customer, Identity, IdentityRemoval
from otklik.people.services import identities, merging, profile

pytestmark = pytest.mark.django_db


def rows(model) -> list[dict]:
    return list(model.objects.order_by("pk").values())


def test_taking_back_leaves_both_tables_as_they_were(anna, olga):
    face = identities.add(anna.pk, "vk", "id147", by=olga, scope="club1", handle="@anna")
    Identity.objects.filter(pk=face.pk).update(name="Аня", url="https://vk.com/id147")
    for one in (anna.identities.get(kind="mail"), face):
        before = rows(Customer), rows(Identity)
        removal = identities.remove(one.pk, by=olga)
        assert (rows(Customer), rows(Identity)) != before
        identities.restore(removal.pk, by=olga)
        assert (rows(Customer), rows(Identity)) == before
    assert [one.pk for one in queries.find(anna.organisation_id, "anna@example.ru")] == [anna.pk]
    assert (
        audit.of_object(anna.organisation_id, "customer", anna.pk)[0].action == "customer.identity_restored"
    )


def test_twice_does_no_harm(anna, olga):
    removal = identities.remove(anna.identities.get().pk, by=olga)
    identities.restore(removal.pk, by=olga)
    identities.restore(removal.pk, by=olga)
    assert Identity.objects.count() == 1


def test_a_profile_that_was_changed_since_keeps_the_change(anna, olga):
    removal = identities.remove(anna.identities.get().pk, by=olga)
    profile.update(anna.pk, {"email": "new@example.ru"}, by=olga)
    restored = identities.restore(removal.pk, by=olga)
    assert restored.email == "new@example.ru"
    assert sorted(one.external_id for one in restored.identities.all()) == [
        "anna@example.ru",
        "new@example.ru",
    ]


def test_an_address_that_has_found_another_owner_stays_with_them(anna, olga, company):
    removal = identities.remove(anna.identities.get().pk, by=olga)
    other = people.resolve(company.pk, kind="mail", scope="", external_id="anna@example.ru", name="Аня")
    with pytest.raises(identities.Taken) as refusal:
        identities.restore(removal.pk, by=olga)
    assert refusal.value.data["customer_id"] == other.id
    assert IdentityRemoval.objects.get().undone_at is None


def test_a_merge_that_moved_it_can_still_be_taken_back(anna, make, olga):
    kate = make(name="Катя", email="kate@example.ru")
    before = rows(Identity)
    merge = merging.merge(anna.pk, kate.pk, by=olga)
    moved = Identity.objects.get(external_id="kate@example.ru")
    identities.restore(identities.remove(moved.pk, by=olga).pk, by=olga)
    merging.unmerge(merge.pk, by=olga)
    assert rows(Identity) == before


def test_after_a_day_it_is_forgotten(anna, olga):
    old = identities.remove(anna.identities.get().pk, by=olga)
    with clock.at(clock.after(identities.KEPT + 1)):
        face = identities.add(anna.pk, "vk", "id1", by=olga)
        identities.remove(face.pk, by=olga)
        with pytest.raises(NotFound):
            identities.restore(old.pk, by=olga)


def test_only_who_may_change_customers_of_this_company_takes_back(anna, olga, stranger, company):
    removal = identities.remove(anna.identities.get().pk, by=olga)
    vera = accounts.create_user(company, email="vera@shop.test", name="Вера", roles=["analyst"])
    with pytest.raises(Forbidden):
        identities.restore(removal.pk, by=vera)
    with pytest.raises(NotFound):
        identities.restore(removal.pk, by=stranger)


def test_the_page_offers_the_way_back_in_a_toast(anna, olga, client):
    client.force_login(olga, backend="allauth.account.auth_backends.AuthenticationBackend")
    face = anna.identities.get()
    page = client.post(reverse("people-identity-remove", args=[face.pk]), follow=True).content.decode()
    back = reverse("people-identity-restore", args=[IdentityRemoval.objects.get().pk])
    assert f'data-undo="{back}"' in page
    assert "o-callout--danger" not in page
    answer = client.post(back, headers={"hx-request": "true"})
    assert answer["HX-Redirect"] == reverse("people-page", args=[anna.pk])
    assert Identity.objects.get() == face
