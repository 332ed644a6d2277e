"""The list narrowed by what was read: every field, several labels, pages, merges, the queue "unsure"."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from otklik.accounts.models import Organisation
from otklik.analysis import services as analysis
from otklik.analysis.models import Reading
from otklik.analysis.services.readings import keep
from otklik.inbox import forms, meanings, queries
from otklik.inbox.models import Conversation, ConversationMark
from otklik.inbox.queries import Filters
from otklik.inbox.services import grouping
from otklik.inbox.tests.readings import read_as
from otklik.inbox.tests.support import MORNING, arrive, mail
from otklik.kernel import clock

pytestmark = pytest.mark.django_db

FULL = {
    "tone": "negative", "intent": ("complaint", "question"), "cause": ("delivery_late", "refund_delay"),
    "emotions": ["anger", "sadness"], "severity": 3, "complexity": 2, "impact": "group", "urgency": 2,
    "priority": "P1", "safety": True, "abuse": "angry", "rumour": "serious", "signals": ["child"], "lang": "uk",
    "expects_reply": "unclear", "abstained": ["cause"],
}  # fmt: skip


def shown(user, **filters) -> list[int]:
    return [row.conversation.pk for row in queries.page(user, Filters(**filters))]


def written(channel, number: int, **fields):
    talk = arrive(
        channel, mail(f"c{number}@mail.test", f"Текст {number}", at=MORNING + timedelta(hours=number))
    )
    return read_as(talk, **fields)


@pytest.fixture
def grave(demo_channel):
    return written(demo_channel, 1, **FULL)


@pytest.fixture
def calm(demo_channel):
    return written(demo_channel, 2)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tones", "negative"), ("intents", "complaint"), ("intents", "question"), ("causes", "delivery_late"),
        ("causes", "refund_delay"), ("emotions", "sadness"), ("severities", "3"), ("complexities", "2"),
        ("impacts", "group"), ("urgencies", "2"), ("priorities", "P1"), ("safety", "yes"), ("abuses", "angry"),
        ("rumours", "serious"), ("signals", "child"), ("langs", "uk"), ("replies", "unclear"), ("doubts", "cause"),
    ],
)  # fmt: skip
def test_every_label_of_every_field_narrows_the_list(grave, calm, olga, name: str, values: str) -> None:
    assert grave.pk in shown(olga, **{name: (values,)})
    both = name == "intents" and values == "question"
    assert (calm.pk in shown(olga, **{name: (values,)})) is both
    field = meanings.READINGS[name]
    assert forms.filters_of(QueryDict(f"{field}={values}")) == Filters().with_(**{name: (values,)})


def test_what_nearly_every_text_has_is_found_without_being_stored(grave, calm, demo_channel, olga):
    unread = arrive(demo_channel, mail("new@mail.test", "Ещё не прочитано"))
    assert shown(olga, abuses=("none",)) == shown(olga, safety=("no",)) == [calm.pk]
    assert shown(olga, rumours=("none", "absurd")) == [calm.pk]
    assert unread.pk in shown(olga)


def test_conditions_are_joined_by_and_labels_of_one_field_by_or(grave, calm, olga):
    assert shown(olga, intents=("question",), tones=("negative",)) == [grave.pk]
    assert set(shown(olga, tones=("negative", "neutral"))) == {grave.pk, calm.pk}
    assert shown(olga, tones=("positive",)) == []


def test_sure_leaves_out_what_the_machine_hides(grave, olga):
    assert shown(olga, causes=("delivery_late",)) == [grave.pk]
    assert shown(olga, causes=("delivery_late",), sure="1") == []
    assert shown(olga, intents=("complaint",), sure="1") == [grave.pk]


def test_a_frequent_and_a_rare_label_find_the_same(grave, calm, olga, monkeypatch):
    rare = shown(olga, langs=("uk",)), shown(olga, intents=("question",), tones=("negative",))
    monkeypatch.setattr(meanings, "FEW", 0)
    assert (shown(olga, langs=("uk",)), shown(olga, intents=("question",), tones=("negative",))) == rare
    assert rare == ([grave.pk], [grave.pk])


def test_another_company_is_not_found(grave, alisa):
    other = Organisation.objects.create(name="Другая", created_at=clock.now())
    Conversation.objects.filter(pk=grave.pk).update(organisation=other)
    ConversationMark.objects.update(organisation_id=other.pk)
    assert shown(alisa, intents=("complaint",)) == []


def test_the_newest_message_decides_and_a_new_reading_replaces_the_old(grave, demo_channel, olga):
    assert ConversationMark.objects.filter(conversation=grave, mark="signals:child").exists()
    assert shown(olga, priorities=("P1",)) == [grave.pk]
    read_as(grave, priority="P3", intent="thanks", tone="positive")
    assert (shown(olga, priorities=("P1",)), shown(olga, priorities=("P3",))) == ([], [grave.pk])
    assert not ConversationMark.objects.filter(conversation=grave, mark="signals:child").exists()
    assert shown(olga, tones=("positive",)) == [grave.pk]


def test_an_older_messages_reading_changes_nothing(grave, demo_channel):
    older = grave.last_inbound_id
    Conversation.objects.filter(pk=grave.pk).update(last_inbound_id=older + 1000)
    before = set(grave.marks.values_list("mark", flat=True))
    keep(grave.organisation_id, "message", {older: Reading.objects.get().data | {"lang": "kk"}})
    assert set(grave.marks.values_list("mark", flat=True)) == before


def test_joined_conversations_stand_as_the_newest_message_says_and_come_apart_again(grave, calm, olga):
    merge = grouping.merge(grave.pk, calm.pk, by=olga)
    assert shown(olga, tones=("neutral",), priorities=("P4",)) == [grave.pk]
    grouping.unmerge(merge.pk, by=olga)
    assert shown(olga, tones=("negative",), priorities=("P1",)) == [grave.pk]
    assert shown(olga, tones=("neutral",)) == [calm.pk]


def test_a_correction_moves_the_conversation_at_once_and_leaves_the_queue(demo_channel, olga):
    talk = written(demo_channel, 1, abstained=["tone", "cause"])
    cause = written(demo_channel, 2, abstained=["cause"])
    assert shown(olga, view="unsure") == [talk.pk]
    assert queries.counts(olga)["unsure"] == 1
    assert set(shown(olga, doubts=("cause",))) == {talk.pk, cause.pk}
    analysis.correct("message", talk.last_inbound_id, "tone", "negative", by=olga)
    assert shown(olga, view="unsure") == []
    assert queries.counts(olga)["unsure"] == 0
    assert shown(olga, tones=("negative",)) == [talk.pk]


def test_unknown_words_in_an_address_open_a_list(grave, olga):
    found = forms.filters_of(QueryDict("intent=nonsense&severity=9&unsure=tone&sure=yes&order=priority"))
    assert found == Filters(doubts=("tone",), sure="1", order="priority")
    assert forms.filters_of(QueryDict(forms.address(found)[1:])) == found
    assert forms.stored({"tones": ["negative"], "mood": "bad"}) == Filters(tones=("negative",))


def test_a_filtered_list_reads_no_table_of_readings(grave, calm, olga):
    with CaptureQueriesContext(connection) as seen:
        shown(olga, intents=("complaint",), tones=("negative",), order="priority")
    listing = next(one["sql"] for one in seen if "last_message_at" in one["sql"] and "ORDER BY" in one["sql"])
    assert "analysis_reading" not in listing
    with connection.cursor() as cursor:
        explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(explain + listing)
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "SCAN inbox_conversationmark" not in plan
    assert "Seq Scan on inbox_conversationmark" not in plan
