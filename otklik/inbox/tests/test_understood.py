"""What was read, on screens: chips with their reason in thread and list, objects, corrections, names of causes."""

from __future__ import annotations

import pytest
from django.test import Client

from otklik.analysis.models import Reading
from otklik.analysis.services import taxonomy
from otklik.inbox import understood
from otklik.inbox.models import Message
from otklik.inbox.tests.readings import read_as
from otklik.inbox.tests.support import arrive, mail

TEXT = "🙂 Третью неделю не привозят холодильник! СДЭК молодцы, а вы нет"
WORDS = [TEXT.index("не привозят"), TEXT.index("не привозят") + len("не привозят")]

pytestmark = pytest.mark.django_db

GRAVE = {
    "tone": "negative", "intent": ("complaint", "question"), "cause": ("delivery_late",), "severity": 3, "urgency": 3,
    "priority": "P1", "safety": True, "signals": ["promise_broken"], "abuse": "angry",
    "evidence": {"tone": [WORDS], "cause": [WORDS]}, "confidence": {"tone": 0.91, "cause": 0.84, "intent": 0.5},
    "objects": [
        {"name": "СДЭК", "kind": "brand", "tone": "positive", "p": {"positive": 0.8}, "evidence": [[41, 45]]},
        {"name": "ОЗОН", "kind": "competitor", "tone": "neutral", "p": {"neutral": 0.8}},
    ],
}  # fmt: skip


@pytest.fixture
def talk(demo_channel):
    return read_as(arrive(demo_channel, mail("anna@mail.test", TEXT)), **GRAVE)


@pytest.fixture
def page(olga):
    client = Client()
    client.force_login(olga)
    return client


def shown(talk) -> understood.Understood:
    return understood.of([Message.objects.get(pk=talk.last_inbound_id)])[talk.last_inbound_id]


def test_every_label_is_a_chip_with_its_words_and_its_certainty(talk):
    chips = shown(talk).every
    assert [one.text for one in chips if one.field == "intent"] == ["жалоба", "вопрос"]
    tone = next(one for one in chips if one.field == "tone")
    assert (tone.tone, tone.why.splitlines()[1:]) == ("neg", ["«не привозят»", "уверенность 91\xa0%"])
    start, end = map(int, tone.spans.split("-"))
    assert TEXT[start:end] == "не привозят"
    assert [one.field for one in chips[:2]] == ["priority", "safety"]


def test_the_tone_towards_a_named_object_has_a_chip_of_its_own(talk):
    chips = [one for one in shown(talk).every if one.field == "object"]
    assert [(one.text, one.tone) for one in chips] == [("СДЭК: позитив", "pos")]
    assert "«СДЭК»" in chips[0].why


def test_places_are_those_of_the_text_when_a_subject_line_stands_before_it(talk):
    Message.objects.filter(pk=talk.last_inbound_id).update(subject="Холодильник")
    whole = f"Холодильник\n{TEXT}"
    at = whole.index("не привозят")
    read_as(talk, tone="negative", evidence={"tone": [[0, 11], [at, at + 11]]})
    tone = next(one for one in shown(talk).every if one.field == "tone")
    start, end = map(int, tone.spans.split("-"))
    assert TEXT[start:end] == "не привозят"
    assert "«Холодильник»" in tone.why


def test_a_field_the_machine_is_not_sure_of_has_no_chip(talk):
    read_as(talk, **GRAVE, abstained=["tone", "cause"])
    read = shown(talk)
    assert {"tone", "cause"}.isdisjoint(one.field for one in read.every)
    assert [one.name for one in read.unsure] == ["cause", "tone"]


def test_the_list_shows_priority_danger_cause_and_tone(talk, page):
    text = page.get("/inbox/").content.decode()
    row = text[text.index(f'id="row-{talk.pk}"') :]
    row = row[: row.index("</li>")]
    assert ">P1<" in row
    assert "o-tone-neg" in row
    assert "o-row__cause" in row
    assert f"/inbox/messages/{talk.last_inbound_id}/why/?short" in row
    read_as(talk, priority="P4", abstained=["tone", "intent"])
    row = page.get("/inbox/").content.decode()
    assert "o-row__cause" not in row
    assert "o-row__tone" not in row


def test_the_list_asks_for_all_readings_at_once(demo_channel, page, django_assert_max_num_queries):
    for number in range(3):
        read_as(arrive(demo_channel, mail(f"a{number}@mail.test", TEXT)), **GRAVE)
    with django_assert_max_num_queries(40) as few:
        page.get("/inbox/")
    for number in range(3, 9):
        read_as(arrive(demo_channel, mail(f"a{number}@mail.test", TEXT)), **GRAVE)
    with django_assert_max_num_queries(len(few.captured_queries)):
        page.get("/inbox/")


def test_the_reason_comes_when_it_is_asked_for(talk, page):
    text = page.get(f"/inbox/messages/{talk.last_inbound_id}/why/?short").content.decode()
    assert "«не привозят»" in text
    opened = page.get(f"/inbox/messages/{talk.last_inbound_id}/why/").content.decode()
    assert opened.count("<select") >= 10
    closed = page.get(f"/inbox/messages/{talk.last_inbound_id}/why/?close").content.decode()
    assert "<select" not in closed
    assert page.get("/inbox/messages/999999/why/").status_code == 404
    Reading.objects.all().delete()
    assert page.get(f"/inbox/messages/{talk.last_inbound_id}/why/").status_code == 404
    assert page.get(f"/inbox/messages/{talk.last_inbound_id}/why/?short").content.strip() == b""


def test_the_thread_carries_no_forms_until_they_are_wanted(talk, page):
    text = page.get(f"/inbox/{talk.pk}/").content.decode()
    assert 'data-why="' in text
    assert "data-label-of" not in text


def test_several_labels_of_a_field_are_said_at_once(talk, page):
    url = f"/inbox/messages/{talk.last_inbound_id}/reading/"
    page.post(url, {"field": "signals", "label": ["child", "legal_threat"]})
    assert {"signals:child", "signals:legal_threat"} <= set(Reading.objects.get().marks.split())
    assert "signals:promise_broken" not in Reading.objects.get().marks


def test_causes_bear_the_organisations_names_everywhere(talk, page, boris, olga):
    taxonomy.change("delivery_late", ru="Курьер опоздал", by=boris)
    assert "Курьер опоздал" in page.get("/inbox/").content.decode()
    assert "Курьер опоздал" in page.get(f"/inbox/{talk.pk}/").content.decode()
    assert "Курьер опоздал" in page.get("/inbox/filter/").content.decode()
    assert page.get("/inbox/?cause=delivery_late").content.decode().count("Курьер опоздал") >= 2
    made = taxonomy.add("Парковка", phrases=["негде встать"], by=boris)
    key = next(one for one in made.changed if one.startswith("own-"))
    read_as(talk, cause=(key,))
    assert f'id="row-{talk.pk}"' in page.get(f"/inbox/?cause={key}").content.decode()
    taxonomy.merge(key, "other", by=boris)
    assert f'id="row-{talk.pk}"' in page.get("/inbox/?cause=other").content.decode()
    assert "Парковка" not in page.get("/inbox/").content.decode()


def test_a_question_about_a_text_leads_to_its_conversation(demo_channel, page):
    talk = read_as(arrive(demo_channel, mail("a@x.test", "Ну и ну")), intent="other", abstained=["intent"])
    shown = page.get("/settings/learning/ask/").content.decode()
    assert "Ну и ну" in shown
    assert f'href="/inbox/{talk.pk}/"' in shown


def test_a_word_or_two_stand_in_no_queue(demo_channel, page):
    talk = read_as(
        arrive(demo_channel, mail("a@x.test", "вчера")),
        intent="other",
        abstained=["intent", "tone"],
        notes=["too_short"],
    )
    assert not talk.unsure
    assert shown(talk).unsure == []
    assert "вчера" not in page.get("/inbox/?view=unsure").content.decode()
