"""Every field of a reading is a condition: all intents of a text find it, a person's word wins, doubt counts."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from otklik.analysis import marks, queries, services
from otklik.analysis.models import Reading
from otklik.analysis.services.readings import keep

BOTH = {
    "lang": "ru",
    "tone": {"label": "negative", "p": {}},
    "emotions": ["anger", "sadness"],
    "intent": [{"label": "complaint", "p": 0.9}, {"label": "question", "p": 0.6}],
    "expects_reply": "yes",
    "cause": [{"label": "delivery_late", "p": 0.7}, {"label": "refund_delay", "p": 0.5}],
    "severity": 3,
    "complexity": 2,
    "impact": "group",
    "urgency": 2,
    "priority": "P2",
    "safety": False,
    "abuse": "angry",
    "rumour": "none",
    "signals": ["promise_broken"],
    "confidence": {"tone": 0.8, "intent": 0.62, "cause": 0.3},
    "abstained": ["cause"],
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def reading(company) -> Reading:
    keep(company.pk, "message", {7: BOTH})
    return Reading.objects.get()


def found(**wanted) -> bool:
    """Through the database and in memory: both say the same."""
    stored = Reading.objects.filter(queries.condition(**wanted)).exists()
    assert queries.fits(Reading.objects.get(), **wanted) is stored
    return stored


@pytest.mark.parametrize(
    "wanted",
    [
        {"intent": "complaint"}, {"intent": ("question", "thanks")}, {"cause": "refund_delay"},
        {"emotions": "sadness"}, {"signals": ["promise_broken", "child"]}, {"lang": "ru"}, {"impact": ("group",)},
        {"severity": 3}, {"min_severity": 2}, {"min_severity": 3}, {"min_urgency": 2}, {"complexity": (1, 2)},
        {"priority": ("P1", "P2")}, {"safety": False}, {"abuse": "angry"}, {"rumour": "none"}, {"tone": ()}, {},
        {"unsure": ("cause",)}, {"expects_reply": "yes", "tone": "negative"}, {"tone": "negative", "sure": True},
        {"min_severity": 0},
    ],
)  # fmt: skip
def test_a_text_is_found_by_every_label_of_every_field(reading, wanted) -> None:
    assert found(**wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        {"intent": "thanks"}, {"intent": "complaint", "tone": "positive"}, {"min_severity": 4}, {"safety": True},
        {"severity": (1, 2, 4)}, {"cause": ""}, {"emotions": "joy"}, {"unsure": True}, {"unsure": ("tone",)},
        {"cause": "delivery_late", "sure": True}, {"signals": "child"}, {"lang": ("kk", "en")},
    ],
)  # fmt: skip
def test_a_text_is_not_found_by_what_it_does_not_say(reading, wanted) -> None:
    assert not found(**wanted)


def test_a_field_that_is_not_there_is_a_mistake_of_the_caller(reading) -> None:
    with pytest.raises(ValueError, match="mood"):
        queries.condition(mood="angry")


def test_a_persons_word_replaces_all_labels_of_the_field_and_ends_the_doubt(reading, olga) -> None:
    services.correct("message", 7, "cause", "safety", by=olga)
    services.correct("message", 7, "intent", "thanks", by=olga)
    assert found(cause="safety", sure=True)
    assert not found(cause="delivery_late")
    assert not found(intent="question")
    assert not found(unsure=("cause",))
    services.correct("message", 7, "cause", "", by=olga)
    assert found(cause="")


def test_the_certainty_is_that_of_the_shown_field_nobody_has_looked_at(reading, olga) -> None:
    assert reading.certainty == 620
    services.correct("message", 7, "intent", "complaint", by=olga)
    assert Reading.objects.get().certainty == 800
    services.correct("message", 7, "tone", "negative", by=olga)
    assert Reading.objects.get().certainty == 1000


def test_readings_stored_before_marks_existed_get_the_same_marks(reading) -> None:
    now = Reading.objects.values_list("marks", "certainty", "impact", "urgency", "complexity").get()
    Reading.objects.update(marks="", certainty=1000, impact="one", urgency=1, complexity=1)
    import_module("otklik.analysis.migrations.0004_marks_of_known_readings").fill(apps, None)
    assert Reading.objects.values_list("marks", "certainty", "impact", "urgency", "complexity").get() == now


def test_marks_are_words_between_spaces(reading) -> None:
    assert reading.marks.startswith(" lang:ru ")
    assert reading.marks.endswith(" unsure:cause ")
    assert marks.groups({"safety": True, "unsure": ("tone", "tone")}) == [("safety:yes",), ("unsure:tone",)]
