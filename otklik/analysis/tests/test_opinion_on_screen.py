"""The screen says whose word a label is: our own reading's, a second opinion's, a person's."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from otklik.analysis import words
from otklik.analysis.services import following, opinion
from otklik.analysis.services.opinion import Settings
from otklik.analysis.tests.opinions import reading_of, work
from otklik.inbox import understood
from otklik.inbox.models import Message
from otklik.inbox.services import labels
from otklik.inbox.tests.rules.support import asked, labels_of, rule, when
from tests.api.stream import visible
from tests.support.modelserver import labelled

pytestmark = pytest.mark.django_db(transaction=True)


def tone_of(talk):
    found = understood.of([Message.objects.get(pk=talk.last_inbound_id)])[talk.last_inbound_id]
    return next(one for one in found.fields if one.name == "tone")


def test_the_thread_says_whose_word_a_label_is(far, endpoint, unsure, olga) -> None:
    far.says = labelled(tone="mixed", intent=["suggestion"])
    talk = unsure()
    own = reading_of(talk)
    work()
    with translation.override("en"):
        tone = tone_of(talk)
        assert (tone.text, tone.unsure, tone.second) == ("mixed", False, True)
        assert tone.source == f"second opinion, our own reading: {words.value('tone', own.tone)}"
    assert tone.quotes == ("Здравствуйте, это",)
    page = Client()
    page.force_login(olga)
    text = page.get(f"/inbox/messages/{talk.last_inbound_id}/why/").content.decode()
    assert "второе мнение" in text


def test_where_ours_is_sure_the_opinion_stands_beside_it(far, endpoint, write_in, alisa) -> None:
    opinion.save(Settings(base_url=far.url, model=far.model, which="all", seconds=5), by=alisa)
    far.says = labelled(tone="mixed")
    talk = write_in("Спасибо мастеру Сергею, всё починил быстро и вежливо")
    visible()
    following.follow()
    work()
    with translation.override("en"):
        tone = tone_of(talk)
        assert tone.text == "positive"
        assert tone.source.endswith("second opinion: mixed")


def test_a_rule_acts_when_a_second_opinion_settles_what_was_in_doubt(far, endpoint, unsure, boris) -> None:
    rule(boris, when(asked("tone", "negative"), label=labels.create("Жалоба", by=boris)))
    talk = unsure()
    assert labels_of(talk) == []
    work()
    assert labels_of(talk) == ["Жалоба"]
