"""Every saving is a version that stays; going back is a new one, and says what it changed."""

from __future__ import annotations

import pytest
from django.utils import translation

from otklik.inbox.models import RuleEffect, RuleVersion
from otklik.inbox.routing import examples, sentences
from otklik.inbox.routing.definition import Condition, Definition, Group, stored
from otklik.inbox.services import labels, rules
from otklik.inbox.tests.rules.support import asked, labels_of, read, rule, when
from otklik.kernel.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.django_db

BAD = ("tone", "negative")
GLAD = ("tone", "positive")


@pytest.fixture
def complaint(boris):
    return labels.create("Жалоба", by=boris)


def changed(own, number: int) -> list[str]:
    versions = {one.number: one for one in RuleVersion.objects.filter(rule=own)}
    names = sentences.Names(own.organisation_id)
    with translation.override("ru"):
        found = sentences.difference(versions.get(number - 1), versions[number], names)
    return [f"{one.sign} {one.text}" for one in found]


def test_each_saving_is_a_version_with_its_difference_in_words(boris, complaint) -> None:
    own = rule(boris, when(BAD, label=complaint), "Недовольные")
    wider = when(asked("tone", ("negative", "mixed")), ("severity", "least", "3"), label=complaint)
    rules.save(own.pk, "Недовольные всерьёз", wider, by=boris, number=1)
    assert changed(own, 1) == ["+ название: Недовольные", "+ Тональность: негатив", "+ → метка «Жалоба»"]
    assert changed(own, 2) == [
        "− название: Недовольные",
        "− Тональность: негатив",
        "+ название: Недовольные всерьёз",
        "+ Тональность: негатив, и хорошо, и плохо",
        "+ Серьёзность: не меньше 3",
    ]


def test_saving_what_stands_there_makes_no_version(boris, complaint) -> None:
    own = rule(boris, when(BAD, label=complaint))
    rules.save(own.pk, own.name, when(BAD, label=complaint), by=boris, number=1)
    assert RuleVersion.objects.count() == 1


def test_two_who_save_at_once_do_not_overwrite_each_other(boris, alisa, complaint) -> None:
    own = rule(boris, when(BAD, label=complaint))
    rules.save(own.pk, own.name, when(GLAD, label=complaint), by=alisa, number=1)
    with pytest.raises(Conflict):
        rules.save(own.pk, "Моё", when(BAD, label=complaint), by=boris, number=1)


def test_going_back_says_again_what_an_old_version_said_and_the_effect_names_its_version(
    boris, complaint, write_in
) -> None:
    own = rule(boris, when(BAD, label=complaint))
    rules.save(own.pk, own.name, when(GLAD, label=complaint), by=boris)
    back = rules.go_back(own.pk, 1, by=boris)
    newest = RuleVersion.objects.get(rule=own, number=3)
    assert (back.number, newest.back_to, stored(newest.definition)) == (3, 1, when(BAD, label=complaint))
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    assert (labels_of(talk), RuleEffect.objects.get().version) == (["Жалоба"], newest)
    with pytest.raises(NotFound):
        rules.go_back(own.pk, 9, by=boris)


def test_an_old_version_whose_label_is_gone_says_so(boris, complaint) -> None:
    other = labels.create("Другая", by=boris)
    own = rule(boris, when(BAD, label=complaint))
    rules.save(own.pk, own.name, when(BAD, label=other), by=boris)
    labels.archive(complaint.pk, by=boris)
    with pytest.raises(Invalid):
        rules.go_back(own.pk, 1, by=boris)


def test_an_archived_rule_comes_back_switched_off_unless_its_name_is_taken(boris, complaint) -> None:
    own = rule(boris, when(BAD, label=complaint), "Одно")
    rules.archive(own.pk, by=boris)
    assert not rules.restore(own.pk, by=boris).active
    rules.archive(own.pk, by=boris)
    rule(boris, when(BAD, label=complaint), "Одно")
    with pytest.raises(Conflict):
        rules.restore(own.pk, by=boris)


@pytest.mark.parametrize(
    "wrong",
    [
        Definition(),
        when(BAD),
        when(("tone", "furious"), stop=True),
        when(("mood", "bad"), stop=True),
        when(("tone", "least", "negative"), stop=True),
        when(("words", "…"), stop=True),
        when(asked("tone", ()), stop=True),
        Definition((Group(tuple([asked(*BAD)] * 21)),)),
        Definition((Group((asked(*BAD),), "maybe"),)),
        Definition((Group((Condition("words", "any", ("а" * 101,)),)),)),
    ],
)
def test_what_cannot_be_a_rule_gets_a_sentence(boris, wrong) -> None:
    with pytest.raises(Invalid) as refused:
        rules.create("Правило", wrong, by=boris)
    assert "%(" not in refused.value.sentence


def test_the_ready_made_examples_are_rules_as_soon_as_somebody_chooses_a_label(boris, complaint) -> None:
    assert len(examples.examples()) == 3
    for one in examples.examples():
        given = Definition(one.definition.groups, one.definition.match, when(label=complaint).actions)
        assert rules.create(one.name, given, by=boris).number == 1
