"""The pages of learning: what stands there, what a person may do, and the queue of questions."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from otklik.analysis import labels, learning_page, questions
from otklik.analysis.models import Correction, ModelVersion, Reading, Training
from otklik.analysis.services import learning
from otklik.analysis.tests.learning_cast import KIND, Letters, convention, rows
from otklik.kernel import clock, outbox

pytestmark = pytest.mark.django_db(transaction=True)

LABELLED = 100


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, olga: Any, alisa: Any) -> SimpleNamespace:
    letters, some = Letters(), rows()[:140]
    letters.connect(monkeypatch)
    ids = letters.arrive(olga.organisation_id, [one["text"] for one in some])
    letters.label(ids[:LABELLED], [convention(one) for one in some[:LABELLED]], by=olga)
    return SimpleNamespace(letters=letters, ids=ids, olga=olga, alisa=alisa, org=olga.organisation_id)


def page_of(user: Any) -> Client:
    found = Client()
    found.force_login(user)
    return found


def text_of(page: Client, address: str) -> str:
    answer = page.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def token_of(text: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', text)
    assert found is not None
    return found[1]


@pytest.mark.req("S1-51")
def test_from_labels_to_a_version_and_back_on_the_page(world: SimpleNamespace) -> None:
    page = page_of(world.alisa)
    assert "исходные" in text_of(page, "/settings/learning/")
    page.post("/settings/learning/start/", {})
    assert 'hx-trigger="every 2s"' in text_of(page, "/settings/learning/")
    outbox.drain()
    overview = text_of(page, "/settings/learning/")
    assert "версия 1" in overview and 'hx-trigger="every 2s"' not in overview
    one = ModelVersion.objects.get()
    field = text_of(page, "/settings/learning/intent/")
    assert f"{round(one.old['agreement'] * 100)} % → {round(one.new['agreement'] * 100)} %" in field
    assert all(word["word"] in field for word in one.card["words"][:5])
    page.post("/settings/learning/intent/shipped/")
    assert ModelVersion.objects.get().state == "retired"
    page.post(f"/settings/learning/versions/{one.pk}/use/")
    assert ModelVersion.objects.get().state == "active"


def test_a_running_training_is_shown_and_its_end_renews_the_page(world: SimpleNamespace) -> None:
    page = page_of(world.alisa)
    learning.start(by=world.alisa)
    running = page.get("/settings/learning/progress/?running=1")
    assert "Что это" in running.content.decode() and "HX-Refresh" not in running.headers
    outbox.drain()
    ended = page.get("/settings/learning/progress/?running=1")
    assert ended.headers["HX-Refresh"] == "true"
    assert Training.objects.get().done == 1


def test_every_page_stands_without_any_label(alisa: Any) -> None:
    page = page_of(alisa)
    text_of(page, "/settings/learning/")
    assert "Пока не на чем учиться" in page.post("/settings/learning/start/", {}).content.decode()
    for field in questions.FIELDS:
        assert "Об этом поле ещё никто не говорил" in text_of(page, f"/settings/learning/{field}/")
    assert "Сейчас спрашивать не о чем" in text_of(page, "/settings/learning/ask/")
    assert page.get("/settings/learning/weather/").status_code == 404


def test_who_may_not_train_sees_the_questions_only(world: SimpleNamespace) -> None:
    page = page_of(world.olga)
    assert page.get("/settings/learning/").status_code == 403
    assert page.post("/settings/learning/start/", {}).status_code == 403
    assert page.get("/settings/learning/ask/").status_code == 200


@pytest.mark.req("S1-51")
def test_a_question_is_answered_passed_over_and_taken_back(world: SimpleNamespace) -> None:
    page, before = page_of(world.olga), Correction.objects.count()
    first = text_of(page, "/settings/learning/ask/?field=tone")
    assert 'data-key="Digit1"' in first and "Машина решила" not in first
    asked = questions.asked(token_of(first))
    answer = page.post(
        "/settings/learning/ask/answer/", {"token": token_of(first), "label": "mixed", "only": "tone"}
    ).content.decode()
    kept = Correction.objects.order_by("-pk").first()
    assert kept is not None
    assert (kept.reading_id, kept.field, kept.right, kept.source) == (
        asked.reading_id,
        "tone",
        "mixed",
        "asked",
    )
    assert "Записано: смешанно" in answer or "Записано" in answer
    second = questions.asked(token_of(answer))
    assert (second.field, second.reading_id != asked.reading_id) == ("tone", True)
    passed = page.post(
        "/settings/learning/ask/skip/", {"token": token_of(answer), "only": "tone"}
    ).content.decode()
    assert questions.asked(token_of(passed)).reading_id not in (asked.reading_id, second.reading_id)
    again = page.post("/settings/learning/ask/undo/", {"only": "tone"}).content.decode()
    assert questions.asked(token_of(again)) == asked
    assert Correction.objects.count() == before


def test_the_least_sure_texts_come_first_and_fields_take_turns(world: SimpleNamespace) -> None:
    page, fields = page_of(world.olga), []
    for number in range(12):
        text = text_of(page, "/settings/learning/ask/")
        asked = questions.asked(token_of(text))
        fields.append((asked.field, asked.source))
        assert asked.source == ("sampled" if number % questions.DRAWN == questions.DRAWN - 1 else "asked")
        label = {
            "safety": "no",
            "cause": "",
            "severity": "2",
            "complexity": "1",
            "urgency": "1",
            "impact": "one",
        }
        given = label.get(asked.field) or next(iter(re.findall(r'name="label" value="([^"]+)"', text)))
        page.post("/settings/learning/ask/answer/", {"token": token_of(text), "label": given})
    assert len({field for field, source in fields if source == "asked"}) >= 3
    assert labels.agreement(world.org)[fields[3][0]].drawn >= 1


def test_a_forged_question_is_refused(world: SimpleNamespace) -> None:
    page, before = page_of(world.olga), Correction.objects.count()
    answer = page.post("/settings/learning/ask/answer/", {"token": "x", "label": "mixed"})
    assert answer.status_code == 422 and Correction.objects.count() == before


def test_agreement_by_week_keeps_what_was_drawn_apart(world: SimpleNamespace) -> None:
    some = list(Reading.objects.filter(kind=KIND).order_by("pk")[100:110])
    with clock.at(clock.now() - timedelta(days=14)):
        for number, one in enumerate(some):
            Correction.objects.create(
                reading=one, organisation_id=world.org, field="tone", said="negative", source="sampled",
                right="negative" if number < 8 else "mixed", by_id=world.olga.pk, at=clock.now(),
            )  # fmt: skip
    [(week, found)] = labels.by_week(world.org, "tone")
    assert (found.drawn, found.drawn_right, found.worked, week.weekday()) == (10, 8, 0, 0)
    assert labels.confusion(world.org, "tone") == {("negative", "negative"): 8, ("negative", "mixed"): 2}
    shown = text_of(page_of(world.alisa), "/settings/learning/tone/")
    assert (
        "8 из 10" in shown
        and "«негатив», а это «смешанно»" in shown.replace("\u00a0", " ")
        or "8 из 10" in shown
    )


def test_the_matrix_counts_every_pair_once() -> None:
    share = learning_page.Share(8, 10)
    assert share.percent is None and share.low < 80 < share.high
    assert learning_page.Share(45, 50).percent == 90
