"""The page and the API of the second opinion: set up, tested, on, off; the key is seen by nobody."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.test import Client

from otklik.accounts import services as accounts
from otklik.analysis.opinion_models import OpinionEndpoint, OpinionSpent
from otklik.analysis.services import opinion
from otklik.analysis.services.opinion import Settings
from otklik.audit.models import Entry
from otklik.kernel import clock, secrets
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests.support.modelserver import KEY

pytestmark = pytest.mark.django_db

PAGE = "/settings/opinion/"


@pytest.fixture
def page(alisa) -> Client:
    client = Client()
    client.force_login(alisa)
    return client


def form(far, **more):
    return {
        "base_url": far.url, "model": far.model, "key": KEY, "which": "unsure", "fields_asked": ["tone", "intent"],
        "seconds": 5, "day_requests": 10, "month_requests": 100, "day_tokens": 50_000, "month_tokens": 500_000, **more,
    }  # fmt: skip


def test_an_administrator_sets_it_up_tests_it_and_switches_it_on(far, page) -> None:
    text = page.get(PAGE).content.decode()
    assert "Выключено: тексты никуда не уходят" in text
    answer = page.post(PAGE, form(far, test="1")).content.decode()
    assert "Связь есть" in answer
    page.post(f"{PAGE}on/")
    text = page.get(PAGE).content.decode()
    assert "Включено: тексты уходят на 127.0.0.1, модель small-model" in text
    assert "1 из 10" in text
    assert KEY not in text
    row = OpinionEndpoint.objects.get()
    assert (row.active, row.fields, secrets.unseal(row.secret)) == (True, ["tone", "intent"], {"key": KEY})


def test_an_empty_field_keeps_the_key_and_another_server_needs_its_own(far, page) -> None:
    page.post(PAGE, form(far))
    page.post(PAGE, form(far, key="", model="larger"))
    row = OpinionEndpoint.objects.get()
    assert (row.model, secrets.unseal(row.secret)) == ("larger", {"key": KEY})
    moved = page.post(PAGE, form(far, key="", base_url="http://127.0.0.1:9/v1"))
    assert moved.status_code == 422
    assert "Введите и его ключ" in moved.content.decode()
    assert OpinionEndpoint.objects.get().base_url == far.url


@pytest.mark.parametrize(
    ("change", "mood", "sentence"),
    [
        ({"key": "wrong"}, "", "Сервер не принимает ключ (401)"),
        ({"model": "huge"}, "", "нет такой модели (404)"),
        ({"path": "/v2"}, "", "на вопросы не отвечают (404)"),
        ({}, "html", "не по протоколу OpenAI"),
        ({}, "429", "просит паузу (429)"),
        ({}, "broke", "закончились деньги"),
        ({}, "500", "Ошибка на стороне сервера (500)"),
        ({}, "away", "перенаправляет на другой"),
        ({}, "slow", "Нет ответа за 5 с"),
        ({}, "cut", "Связь оборвалась"),
        ({}, "nothing", "Ответ сервера пуст"),
        ({}, "talks", "ответила не метками"),
        ({"base_url": "http://127.0.0.1:1/v1"}, "", "никто не отвечает"),
        ({"base_url": "https://127.0.0.1:PORT/v1"}, "", "Сертификату сервера нельзя доверять"),
    ],
)
def test_the_test_says_in_one_sentence_what_is_wrong(far, page, change, mood, sentence) -> None:
    given = {name: value for name, value in change.items() if name != "path"}
    if "path" in change:
        given["base_url"] = far.url.replace("/v1", change["path"])
    given = {
        name: value.replace("PORT", far.url.split(":")[2].split("/")[0]) for name, value in given.items()
    }
    far.moods = [mood]
    text = page.post(PAGE, form(far, test="1", **given)).content.decode()
    assert sentence in text
    assert "Проверка не прошла" in text
    assert KEY not in text


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://llm.example/v1", "начинается с https"),
        ("https://user:secret@llm.example/v1", "не должно быть пароля"),
        ("https://llm.example/v1?key=1", "не должно быть пароля"),
        ("http://llm.example/v1", "должен начинаться с https"),
        ("https://10.0.0.7/v1", "ведёт во внутреннюю сеть"),
        ("https://[::1]/v1", "ведёт во внутреннюю сеть"),
        ("https://", "начинается с https"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_with_a_sentence(page, far, url, sentence) -> None:
    answer = page.post(PAGE, form(far, base_url=url))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not OpinionEndpoint.objects.exists()


def test_whoever_is_no_administrator_finds_a_closed_door(far, olga, boris, alisa) -> None:
    opinion.save(Settings(base_url=far.url, model=far.model), by=alisa)
    for person in (olga, boris):
        client = Client()
        client.force_login(person)
        assert client.get(PAGE).status_code == 403
        assert client.post(PAGE, form(far, test="1")).status_code == 403
        with pytest.raises(Forbidden):
            opinion.switch(on=True, by=person)
    assert far.bodies == []


def test_another_company_has_its_own_or_none(far, alisa, company) -> None:
    opinion.save(Settings(base_url=far.url, model=far.model, key=KEY), by=alisa)
    other = type(company).objects.create(name="Чужие", created_at=clock.now())
    stranger = accounts.create_user(
        other, email="x@other.test", name="Чужой", roles=["administrator"], password="correct horse battery"
    )
    with pytest.raises(NotFound):
        opinion.test(by=stranger)
    client = Client()
    client.force_login(stranger)
    assert "127.0.0.1" not in client.get(PAGE).content.decode()


def test_without_a_budget_it_cannot_be_switched_on_and_nothing_is_tested(far, page, alisa) -> None:
    page.post(PAGE, form(far, day_tokens=0))
    with pytest.raises(Conflict):
        opinion.switch(on=True, by=alisa)
    answer = page.post(PAGE, form(far, day_tokens=0, test="1")).content.decode()
    assert "Бюджет исчерпан" in answer
    assert far.bodies == []


def test_a_test_is_paid_from_the_budget_and_ends_a_pause(far, page, alisa) -> None:
    page.post(PAGE, form(far))
    OpinionEndpoint.objects.update(paused_until=clock.after(3000), failures=9, trouble="wrong_key")
    assert opinion.test(by=alisa).ok
    row = OpinionEndpoint.objects.get()
    assert (row.paused_until, row.failures, row.trouble) == (None, 0, "")
    spent = OpinionSpent.objects.get()
    assert (spent.requests, spent.tokens) == (1, 780)


def test_a_test_learns_what_the_endpoint_does_not_know(far, page, alisa) -> None:
    far.knows = frozenset({"json_object", "temperature"})
    page.post(PAGE, form(far))
    assert opinion.test(by=alisa).ok
    assert OpinionEndpoint.objects.get().quirks == ["no_schema", "new_limit"]


def test_the_key_is_deleted_and_the_audit_tells_everything_but_the_key(far, page) -> None:
    page.post(PAGE, form(far, test="1"))
    for action in ("on", "forget"):
        page.post(f"{PAGE}{action}/")
    row = OpinionEndpoint.objects.get()
    assert (row.secret, row.active) == ("", False)
    entries = Entry.objects.filter(action__startswith="opinion.").order_by("id")
    assert [one.action for one in entries] == [
        "opinion.changed", "opinion.tested", "opinion.switched_on", "opinion.key_deleted"
    ]  # fmt: skip
    assert KEY not in json.dumps([one.data for one in entries])


def test_a_text_is_shown_as_it_would_leave_the_house(page) -> None:
    answer = page.post(f"{PAGE}try/", {"text": "Это Мария Ильина, звоните 8 916 123-45-67"}).content.decode()
    assert "Это [ИМЯ 1] [ИМЯ 2], звоните [ТЕЛЕФОН 1]" in answer


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 0},
        {"seconds": 900},
        {"day_tokens": -1},
        {"fields": ["priority"]},
        {"fields": []},
        {"model": " "},
        {"key": "ключ"},
        {"which": "none"},
    ],
)
def test_what_makes_no_sense_is_refused(far, alisa, change) -> None:
    with pytest.raises(Invalid):
        opinion.save(replace(Settings(base_url=far.url, model=far.model), **change), by=alisa)


def test_the_api_does_what_the_page_does(far, alisa) -> None:
    _key, token = accounts.create_key(by=alisa, name="CRM", scopes=["admin"])
    api = Client(headers={"Authorization": f"Bearer {token}"})
    address = "/api/v1/analysis/opinion"
    assert api.get(address).json()["active"] is False
    sent = {"base_url": far.url, "model": far.model, "key": KEY, "seconds": 5}
    answer = api.patch(address, sent, content_type="application/json")
    assert (answer.status_code, answer.json()["key_set"]) == (200, True)
    assert KEY not in answer.content.decode()
    assert api.post(f"{address}/test", {}, content_type="application/json").json()["ok"]
    switched = api.post(f"{address}/switch", {"active": True}, content_type="application/json").json()
    assert (switched["active"], switched["used"]["day_requests"]) == (True, 1)
    changed = api.patch(address, {"fields": ["tone"]}, content_type="application/json").json()
    assert (changed["fields"], changed["model"], changed["key_set"]) == (["tone"], far.model, True)
    masked = api.post(
        f"{address}/masked", {"text": "8 916 123-45-67"}, content_type="application/json"
    ).json()
    assert masked == {"text": "[ТЕЛЕФОН 1]"}
    gone = api.delete(f"{address}/key").json()
    assert (gone["active"], gone["key_set"]) == (False, False)


def test_a_slip_in_the_name_of_the_server_is_said_beside_the_field(far, page) -> None:
    answer = page.post(PAGE, form(far, base_url="https://api.opena1.invalid/v1"))
    assert answer.status_code == 422
    assert "Сервера api.opena1.invalid нет. Проверьте, нет ли в адресе опечатки." in answer.content.decode()
    assert not OpinionEndpoint.objects.exists()
