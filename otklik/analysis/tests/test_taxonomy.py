"""The causes of an organisation: named, switched off, added, merged, put back; in force for the next text."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from otklik.accounts.models import Organisation
from otklik.analysis import queries, services
from otklik.analysis.models import Reading, TaxonomyVersion
from otklik.analysis.services import reader, taxonomy
from otklik.analysis.services.readings import keep
from otklik.audit.models import Entry
from otklik.kernel import clock, outbox
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound

PARKING = "Во дворе магазина негде припарковаться, безобразие! Полчаса кружил и уехал"

pytestmark = pytest.mark.django_db


def causes_of(company, text: str) -> list[str]:
    read = reader.read(company.pk, [text])[0]
    return [one["label"] for one in read["cause"]]


def parking(boris) -> str:
    made = taxonomy.add("Парковка", "Parking", ["негде припарковаться", "парковк* занята"], by=boris)
    return next(key for key, one in made.changed.items() if one.ru == "Парковка")


def test_without_changes_the_causes_are_ours(company):
    now = queries.causes(company.pk)
    assert (now.number, now.preset, now.title("delivery_late")) == (0, "", now.titles["delivery_late"])
    assert set(now.offered) == {one.key for one in now.every}


def test_an_own_cause_is_read_at_once_by_its_phrases_in_any_form(company, boris):
    assert not any(one.startswith("own-") for one in causes_of(company, PARKING))
    key = parking(boris)
    assert key in causes_of(company, PARKING)
    assert key in causes_of(company, "Ужас: все парковки заняты, ездить к вам невозможно")


def test_a_cause_switched_off_is_read_no_more(company, boris):
    late = "Заказ опоздал на три дня, курьер так и не приехал вовремя, жду ответа!"
    first = causes_of(company, late)[0]
    taxonomy.change(first, off=True, by=boris)
    assert first not in causes_of(company, late)
    assert first not in queries.causes(company.pk).offered
    taxonomy.change(first, off=False, by=boris)
    assert causes_of(company, late)[0] == first


def test_a_cause_has_the_organisations_name_in_either_language(company, boris):
    taxonomy.change("delivery_late", ru="Опоздание курьера", en="Late courier", by=boris)
    now = queries.causes(company.pk)
    with translation.override("ru"):
        assert now.title("delivery_late") == "Опоздание курьера"
    with translation.override("en"):
        assert now.title("delivery_late") == "Late courier"
    taxonomy.change("delivery_late", ru="", en="", by=boris)
    with translation.override("en"):
        assert queries.causes(company.pk).title("delivery_late") == "late delivery"
    other = Organisation.objects.create(name="Другая", created_at=clock.now())
    assert queries.causes(other.pk).number == 0


def test_a_merged_cause_gives_its_phrases_and_its_past_to_another(company, boris):
    key = parking(boris)
    now = taxonomy.merge(key, "service_quality", by=boris)
    assert causes_of(company, PARKING)[0] == "service_quality"
    assert now.title(key) == now.title("service_quality")
    assert now.former("service_quality") == ["service_quality", key]
    assert key not in now.offered
    with pytest.raises(NotFound):
        taxonomy.change(key, ru="Снова", by=boris)


def test_what_makes_no_sense_is_refused_with_a_sentence(company, boris):
    key = parking(boris)
    for call in (
        lambda: taxonomy.add("", by=boris, phrases=["что-то"]),
        lambda: taxonomy.add("Пусто", by=boris),
        lambda: taxonomy.add("Знаки", by=boris, phrases=["!!! …"]),
        lambda: taxonomy.add("парковка", by=boris, phrases=["другое место"]),
        lambda: taxonomy.add("Длинно", by=boris, phrases=["слово " * 40]),
        lambda: taxonomy.add("х" * 61, by=boris, phrases=["слово"]),
        lambda: taxonomy.change(key, ru="", en="", by=boris),
        lambda: taxonomy.merge("delivery_late", "safety", by=boris),
        lambda: taxonomy.merge(key, key, by=boris),
        lambda: taxonomy.choose_preset("circus", by=boris),
        lambda: taxonomy.attempt("  ", by=boris),
    ):
        with pytest.raises(Invalid) as refused:
            call()
        assert refused.value.sentence
    with pytest.raises(NotFound):
        taxonomy.change("nothing", ru="Имя", by=boris)
    assert queries.causes(company.pk).number == 1


def test_every_change_is_a_version_that_can_come_back_and_is_audited(company, boris, olga):
    key = parking(boris)
    taxonomy.choose_preset("retail", by=boris)
    taxonomy.choose_preset("retail", by=boris)  # nothing changes, no version
    taxonomy.merge(key, "other", by=boris)
    now = taxonomy.back_to(2, by=boris)
    assert (now.number, now.preset, now.changed[key].into) == (4, "retail", "")
    assert list(TaxonomyVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]
    done = list(Entry.objects.filter(object_kind="taxonomy").order_by("id").values_list("action", flat=True))
    assert done == ["taxonomy.added", "taxonomy.preset", "taxonomy.merged", "taxonomy.back"]
    with pytest.raises(NotFound):
        taxonomy.back_to(9, by=boris)
    with pytest.raises(Forbidden):
        taxonomy.change("safety", off=True, by=olga)


def test_two_changes_at_once_do_not_swallow_each_other(company, boris, monkeypatch):
    stale = queries.causes(company.pk)
    parking(boris)
    monkeypatch.setattr(queries, "causes", lambda _organisation_id: stale)
    with pytest.raises(Conflict):
        taxonomy.choose_preset("bank", by=boris)


def test_a_text_is_tried_on_phrases_that_are_not_saved(company, boris):
    found = taxonomy.attempt(PARKING, phrases=["негде припарковаться"], by=boris)
    assert found.causes[0][0] == "own-new"
    assert "негде припарковаться" in " ".join(found.quotes)
    assert queries.causes(company.pk).number == 0


def test_history_is_offered_once_the_causes_have_changed(company, boris, write_in):
    from_before = {"cause": [], "intent": [{"label": "other", "p": 1}], "tone": {"label": "neutral", "p": {}}}
    assert not queries.read_before_taxonomy(company.pk)
    talk = write_in(PARKING, author="anna", thread="t1")
    whole = reader.read(company.pk, [PARKING])[0] | from_before
    keep(company.pk, "message", {talk.last_inbound_id: whole})
    key = parking(boris)
    assert queries.read_before_taxonomy(company.pk)
    services.again("message", by=boris)
    assert not queries.read_before_taxonomy(company.pk)
    outbox.drain()
    assert f" cause:{key} " in Reading.objects.get().marks


def test_the_editor_does_all_of_it(company, boris, olga):
    page = Client()
    page.force_login(boris)
    text = page.get("/settings/causes/").content.decode()
    assert "/settings/causes/delivery_late/" in text
    phrases = "негде припарковаться\nпарковк* занята"
    made = page.post("/settings/causes/", {"ru": "Парковка", "phrases": phrases}, follow=True)
    assert "Парковка" in made.content.decode()
    assert page.post("/settings/causes/", {"ru": "Ещё", "phrases": ""}).status_code == 422
    assert 'href="/settings/causes/own-1/"' in page.get("/settings/causes/?q=ПАРКОВ").content.decode()
    nothing = page.get("/settings/causes/?q=космос").content.decode()
    assert "По запросу «космос» ничего нет" in nothing and "/settings/causes/own-1/" not in nothing
    tried = page.post("/settings/causes/try/", {"text": PARKING, "key": "own-1", "phrases": phrases})
    assert "Парковка" in tried.content.decode()
    assert "<q" in tried.content.decode()
    assert "o-danger" in page.post("/settings/causes/try/", {"text": ""}).content.decode()
    assert page.get("/settings/causes/own-1/").status_code == 200
    page.post("/settings/causes/own-1/", {"ru": "Стоянка", "phrases": phrases})
    assert queries.causes(company.pk).changed["own-1"].ru == "Стоянка"
    page.post("/settings/causes/safety/off/")
    page.post("/settings/causes/industry/", {"preset": "hotel"})
    page.post("/settings/causes/own-1/merge/", {"into": "other"})
    now = queries.causes(company.pk)
    assert (now.preset, now.changed["safety"].off, now.changed["own-1"].into) == ("hotel", True, "other")
    page.post("/settings/causes/versions/1/")
    assert queries.causes(company.pk).changed["own-1"].into == ""
    assert page.get("/settings/causes/own-77/").status_code == 404
    page.force_login(olga)
    assert page.get("/settings/causes/").status_code == 403
    assert page.post("/settings/causes/industry/", {"preset": "bank"}).status_code == 403
