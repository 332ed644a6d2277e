"""The reader of an organisation knows the names of its directory, each with a tone of its own."""

from __future__ import annotations

import pytest

from otklik.accounts.models import Organisation
from otklik.accounts.services.company import EntryData, save_entry
from otklik.analysis.services import reader
from otklik.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def directory(alisa, monkeypatch):
    """A shop, a product and a brand; other tests' readers are forgotten before and after."""
    monkeypatch.setattr(reader, "_readers", {})
    save_entry("outlet", EntryData("s1", "Магазин на Садовой", ("садовая",)), by=alisa)
    save_entry("product", EntryData("p1", "Чайник Рассвет", ("рассвет",)), by=alisa)
    save_entry("brand", EntryData("b1", "Техновал"), by=alisa)
    return alisa.organisation_id


def objects(organisation_id: int, said: str) -> dict[tuple[str, str], str]:
    (answer,) = reader.read(organisation_id, [said])
    return {(one["kind"], one["name"]): one["tone"] for one in answer["objects"]}


def test_an_outlet_and_a_product_of_one_text_have_two_tones(directory):
    said = "Чайник Рассвет прекрасный, очень доволен. А на Садовой хамят и обманывают, ужас"
    assert objects(directory, said) == {
        ("product", "Чайник Рассвет"): "positive", ("outlet", "Магазин на Садовой"): "negative",
    }  # fmt: skip


def test_a_brand_of_the_directory_stands_beside_well_known_ones(directory):
    found = objects(directory, "Техновал ужасный, зато Ситилинк хороший")
    assert found == {("brand", "Техновал"): "negative", ("brand", "Ситилинк"): "positive"}


def test_another_organisation_does_not_know_the_names(directory):
    other = Organisation.objects.create(name="Другая", created_at=clock.now())
    assert objects(other.pk, "На Садовой хамят и обманывают") == {}
