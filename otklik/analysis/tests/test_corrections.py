"""A person's word: any field with a finite set of labels, what follows from it, and taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from otklik.accounts import services as accounts
from otklik.analysis import queries, services
from otklik.analysis.models import Correction, Reading
from otklik.analysis.services import corrections, following
from otklik.audit.models import Entry
from otklik.kernel import clock, outbox
from otklik.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests.api.stream import visible

CALM = "Подскажите, пожалуйста, до скольки работает магазин на Ленина?"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(transactional_db, write_in):
    found = write_in(CALM, author="anna", thread="t1")
    visible()
    following.follow()
    return found


def reading(talk) -> Reading:
    return queries.of("message", [talk.last_inbound_id])[talk.last_inbound_id]


def say(talk, field: str, label: str, by) -> Reading:
    return services.correct("message", talk.last_inbound_id, field, label, by=by)


@pytest.mark.req("S1-51")
@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("lang", "kk"), ("tone", "negative"), ("emotions", "anger|fear"), ("intent", "complaint"),
        ("cause", "safety"), ("expects_reply", "no"), ("severity", "4"), ("complexity", "3"), ("impact", "mass"),
        ("urgency", "3"), ("safety", "yes"), ("abuse", "threat"), ("rumour", "serious"),
        ("signals", "child|legal_threat"),
    ],
)  # fmt: skip
def test_every_field_with_a_finite_set_of_labels_is_corrected_and_kept(
    talk, olga, alisa, field, label
) -> None:
    found = say(talk, field, label, olga)
    assert found.spoken == {field: label}
    kept = Correction.objects.get()
    assert (kept.field, kept.right, kept.source) == (field, label, "spoken")
    services.again("message", by=alisa)
    outbox.drain()
    after = reading(talk)
    assert after.spoken == {field: label} and after.corrected == [field]
    assert after.marks == found.marks


def test_labels_of_a_set_stand_in_one_order_and_once(talk, olga) -> None:
    assert say(talk, "signals", "legal_threat|child|child", olga).spoken == {"signals": "child|legal_threat"}
    assert "signals:child" in reading(talk).marks
    assert say(talk, "signals", "", olga).spoken == {"signals": ""}
    with pytest.raises(Invalid):
        say(talk, "signals", "child|nonsense", olga)


@pytest.mark.parametrize(
    ("said", "priority"),
    [
        ({"safety": "yes"}, "P1"),
        ({"severity": "4", "impact": "group"}, "P1"),
        ({"severity": "3"}, "P2"),
        ({"urgency": "3"}, "P2"),
        ({"severity": "1", "complexity": "1", "urgency": "1", "impact": "one", "safety": "no"}, "P4"),
    ],
)
def test_the_priority_follows_what_people_say_by_the_rules(talk, olga, alisa, said, priority) -> None:
    for field, label in said.items():
        say(talk, field, label, olga)
    assert reading(talk).priority == priority
    assert f"priority:{priority}" in reading(talk).marks
    services.again("message", by=alisa)
    outbox.drain()
    assert reading(talk).priority == priority


def test_a_tone_said_by_a_person_never_lowers_what_is_grave(talk, olga) -> None:
    say(talk, "severity", "3", olga)
    assert say(talk, "tone", "positive", olga).priority == "P2"


def test_a_word_is_taken_back_by_the_one_who_said_it(talk, olga, boris) -> None:
    before = reading(talk)
    say(talk, "tone", "negative", olga)
    say(talk, "tone", "positive", olga)
    first, second = Correction.objects.order_by("pk")
    with pytest.raises(NotFound):
        corrections.take_back(second.pk, by=boris)
    with pytest.raises(Conflict):
        corrections.take_back(first.pk, by=olga)
    assert corrections.take_back(second.pk, by=olga).tone == "negative"
    after = corrections.take_back(first.pk, by=olga)
    assert (after.tone, after.corrected, after.spoken) == (before.tone, [], {})
    assert (after.marks, after.priority) == (before.marks, before.priority)
    assert Entry.objects.filter(action="reading.correction_undone").count() == 2


def test_an_old_word_stays(talk, olga) -> None:
    say(talk, "tone", "negative", olga)
    with clock.at(clock.now() + timedelta(hours=2)), pytest.raises(Conflict):
        corrections.take_back(Correction.objects.get().pk, by=olga)


def test_who_may_not_correct_changes_nothing(talk, company) -> None:
    manager = accounts.create_user(
        company, email="m@shop.test", name="Мария", roles=["manager"], password="x" * 12
    )
    with pytest.raises(Forbidden):
        say(talk, "tone", "negative", manager)
    assert not Correction.objects.exists()
