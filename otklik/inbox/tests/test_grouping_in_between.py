"""Merges and splits taken back when something has happened in between: nothing a customer wrote is buried."""

from __future__ import annotations

import pytest

from otklik.inbox.models import Conversation
from otklik.inbox.services import grouping, reply, state
from otklik.inbox.tests.support import arrive, mail

pytestmark = pytest.mark.django_db


def fresh(thing: Conversation) -> Conversation:
    return Conversation.objects.get(pk=thing.pk)


@pytest.fixture
def pair(demo_channel):
    return (
        arrive(demo_channel, mail("anna@mail.test", "Холодильник гремит", id="a@x")),
        arrive(demo_channel, mail("anna@work.test", "Чайник течёт", id="b@x")),
    )


def test_what_was_written_into_a_merge_keeps_its_conversation_open_when_they_part(pair, olga, demo_channel):
    survivor, other = pair
    state.close(survivor.pk, by=olga)
    merge = grouping.merge(survivor.pk, other.pk, by=olga)
    arrive(demo_channel, mail("anna@mail.test", "Опять гремит", id="c@x", refs=("a@x",)))
    grouping.unmerge(merge.pk, by=olga)
    assert fresh(survivor).state == "open"
    assert fresh(survivor).waiting_since is not None
    assert fresh(other).state == "open"


def test_a_closed_conversation_is_closed_again_when_nothing_was_written(pair, olga):
    survivor, other = pair
    state.close(survivor.pk, by=olga)
    merge = grouping.merge(survivor.pk, other.pk, by=olga)
    grouping.unmerge(merge.pk, by=olga)
    assert fresh(survivor).state == "closed"


def test_an_answer_to_the_merged_ends_the_waiting_of_both(pair, olga):
    survivor, other = pair
    merge = grouping.merge(survivor.pk, other.pk, by=olga)
    reply.reply(survivor.pk, reply.Answer(text="Мастер придёт завтра"), by=olga)
    grouping.unmerge(merge.pk, by=olga)
    assert fresh(survivor).waiting_since is None
    assert fresh(survivor).state == "waiting"


def test_what_was_written_into_a_split_off_part_opens_the_source_it_returns_to(pair, olga, demo_channel):
    source, _other = pair
    arrive(demo_channel, mail("anna@mail.test", "И ещё вопрос", id="c@x", refs=("a@x",)))
    state.close(source.pk, by=olga)
    split = grouping.split(source.pk, [source.messages.get(wire_id="c@x").pk], by=olga)
    state.close(split.created_id, by=olga)
    arrive(demo_channel, mail("anna@mail.test", "Ответьте же", id="d@x", refs=("c@x",)))
    grouping.unsplit(split.pk, by=olga)
    assert fresh(source).state == "open"
    assert fresh(source).waiting_since is not None


def test_who_was_writing_in_a_conversation_that_was_joined_is_told_where_it_went(pair, olga, client):
    survivor, other = pair
    grouping.merge(survivor.pk, other.pk, by=olga)
    client.force_login(olga)
    for path, form in (
        ("send", {"mode": "private", "text": "Мастер придёт завтра"}),
        ("send", {"mode": "note", "text": "Позвонил"}),
        ("draft", {"mode": "private", "text": "Мастер"}),
    ):
        answer = client.post(f"/inbox/{other.pk}/{path}/", form, headers={"Accept": "application/json"})
        assert answer.status_code == 409
        assert f"№{survivor.pk}" in answer.json()["error"]["message"]
    assert not survivor.messages.filter(direction__in=("out", "note")).exists()
