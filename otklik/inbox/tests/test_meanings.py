"""The list narrowed and ordered by what was read: every field, several labels, pages, merges, the queue "unsure"."""

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
from otklik.inbox import forms, meanings, orders, places, queries
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


def placed(last: Conversation) -> str:
    return places.place(last.last_message_at, last.pk)


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


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("priority", [4, 1, 3, 2, 0]),
        ("severity", [4, 3, 2, 1, 0]),
        ("urgency", [1, 4, 3, 2, 0]),
        ("unsure", [3, 4, 2, 1, 0]),
    ],
)
def test_the_most_pressing_first_and_of_equals_the_newest(demo_channel, olga, order, expected):
    talks = [arrive(demo_channel, mail("c0@mail.test", "Не прочитано", at=MORNING))]
    for n, (priority, severity, urgency, sure) in enumerate(
        [("P2", 1, 3, 0.9), ("P4", 2, 1, 0.8), ("P3", 3, 1, 0.2), ("P1", 4, 2, 0.7)], 1
    ):
        fields = {"priority": priority, "severity": severity, "urgency": urgency}
        talks.append(written(demo_channel, n, **fields, confidence={"tone": sure}))
    assert [[one.pk for one in talks].index(pk) for pk in shown(olga, order=order)] == expected
    walked: list[int] = []
    after = ""
    while rows := queries.page(olga, Filters(order=order), after=after, size=2):
        walked += [row.conversation.pk for row in rows]
        after = placed(rows[-1].conversation)
    assert walked == [talks[n].pk for n in expected]


def test_many_of_one_priority_are_paged_without_gaps_or_repeats(demo_channel, olga):
    talks = [written(demo_channel, n, priority="P2" if n % 3 else "P1") for n in range(7)]
    walked: list[int] = []
    after = ""
    while rows := queries.page(olga, Filters(order="priority"), after=after, size=2):
        walked += [row.conversation.pk for row in rows]
        after = placed(rows[-1].conversation)
    assert walked == [talks[n].pk for n in (6, 3, 0, 5, 4, 2, 1)]


def test_a_row_that_changed_its_priority_meanwhile_ends_no_page(demo_channel, olga):
    talks = [written(demo_channel, n, priority="P2") for n in range(3)]
    first = queries.page(olga, Filters(order="priority"), size=1)[0].conversation
    Conversation.objects.filter(pk=first.pk).delete()
    rest = queries.page(olga, Filters(order="priority"), after=placed(first), size=5)
    assert [row.conversation.pk for row in rest] == [talks[1].pk, talks[0].pk]


def test_the_newest_message_decides_and_a_new_reading_replaces_the_old(grave, demo_channel, olga):
    assert ConversationMark.objects.filter(conversation=grave, mark="signals:child").exists()
    talk = read_as(grave, priority="P3", intent="thanks", tone="positive")
    assert (talk.priority, talk.severity) == (3, 1)
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
    grave.refresh_from_db()
    assert (grave.priority, shown(olga, tones=("neutral",))) == (4, [grave.pk])
    grouping.unmerge(merge.pk, by=olga)
    grave.refresh_from_db()
    assert (grave.priority, shown(olga, tones=("negative",))) == (1, [grave.pk])
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


def test_every_order_has_a_name(olga):
    assert set(forms.ORDER_TITLES) == set(orders.ORDERS)


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
