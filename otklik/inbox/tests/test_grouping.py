"""Conversations that belong together, and those that do not."""

from __future__ import annotations

import pytest

from otklik.channels.models import ChannelAccount
from otklik.inbox import queries
from otklik.inbox.models import Conversation, Message, ThreadKey
from otklik.inbox.services import drafts, grouping, labels, notes, reply, state, summary, threading
from otklik.inbox.tests.support import arrive, mail
from otklik.kernel import clock, textindex
from otklik.kernel.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.django_db


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


@pytest.fixture
def pair(demo_channel):
    return (
        arrive(demo_channel, mail("anna@mail.test", "Холодильник гремит", id="a@x")),
        arrive(demo_channel, mail("anna@work.test", "Чайник течёт", id="b@x")),
    )


def test_a_merge_moves_messages_keys_people_labels_and_search(pair, olga, boris):
    survivor, other = pair
    label = labels.create("Возврат", by=boris)
    labels.add(other.pk, label.pk, by=olga)
    grouping.merge(survivor.pk, other.pk, by=olga)
    assert set(survivor.messages.filter(direction="in").values_list("text", flat=True)) == {
        "Холодильник гремит",
        "Чайник течёт",
    }
    assert ThreadKey.objects.get(key="b@x").conversation == survivor
    assert textindex.search(olga.organisation_id, "message", "чайники") == [survivor.pk]
    assert fresh(survivor).message_count == 2
    assert [row.label for row in survivor.labelled.all()] == [label]
    assert survivor.participants.filter(address="anna@work.test").exists()


def test_a_merged_conversation_leaves_the_lists_and_its_address_still_works(pair, olga):
    survivor, other = pair
    grouping.merge(survivor.pk, other.pk, by=olga)
    assert [row.conversation.pk for row in queries.page(olga, queries.Filters())] == [survivor.pk]
    assert queries.conversation(olga, other.pk) == survivor


def test_what_arrives_for_a_merged_conversation_lands_in_the_survivor(pair, olga, demo_channel):
    survivor, other = pair
    grouping.merge(survivor.pk, other.pk, by=olga)
    assert arrive(demo_channel, mail("anna@work.test", refs=("b@x",))) == survivor


def test_a_merge_with_open_work_opens_the_survivor(pair, olga):
    survivor, other = pair
    state.close(survivor.pk, by=olga)
    grouping.merge(survivor.pk, other.pk, by=olga)
    after = fresh(survivor)
    assert (after.state, after.closed_at) == ("open", None)
    assert after.waiting_since is not None


def test_a_merge_taken_back_restores_both_exactly(pair, olga, boris):
    survivor, other = pair
    state.close(survivor.pk, by=olga)
    state.assign(other.pk, by=olga, user_id=boris.pk)
    before = summary.snapshot(fresh(survivor)), summary.snapshot(fresh(other))
    record = grouping.merge(survivor.pk, other.pk, by=olga)
    grouping.unmerge(record.pk, by=olga)
    assert (summary.snapshot(fresh(survivor)), summary.snapshot(fresh(other))) == before
    assert ThreadKey.objects.get(key="b@x").conversation == other
    assert textindex.search(olga.organisation_id, "message", "чайник") == [other.pk]
    assert not survivor.participants.filter(address="anna@work.test").exists()
    assert fresh(other).merged_into is None


def test_what_arrived_after_a_merge_stays_with_the_survivor(pair, olga, demo_channel):
    survivor, other = pair
    record = grouping.merge(survivor.pk, other.pk, by=olga)
    arrive(demo_channel, mail("anna@mail.test", "Ну что?", refs=("a@x",)))
    grouping.unmerge(record.pk, by=olga)
    assert fresh(survivor).message_count == 2
    assert fresh(survivor).preview == "Ну что?"
    assert fresh(other).message_count == 1


def test_a_merge_is_taken_back_once(pair, olga):
    record = grouping.merge(pair[0].pk, pair[1].pk, by=olga)
    grouping.unmerge(record.pk, by=olga)
    with pytest.raises(NotFound):
        grouping.unmerge(record.pk, by=olga)


def test_merges_in_a_row_are_taken_back_from_the_last(pair, olga, demo_channel):
    survivor, other = pair
    third = arrive(demo_channel, mail("anna@third.test", id="c@x"))
    first = grouping.merge(survivor.pk, other.pk, by=olga)
    second = grouping.merge(third.pk, survivor.pk, by=olga)
    assert queries.conversation(olga, other.pk) == third
    with pytest.raises(Conflict):
        grouping.unmerge(first.pk, by=olga)
    grouping.unmerge(second.pk, by=olga)
    grouping.unmerge(first.pk, by=olga)
    assert {one.message_count for one in Conversation.objects.all()} == {1}


def test_nothing_is_merged_with_itself_or_with_strangers(pair, olga):
    with pytest.raises(Invalid):
        grouping.merge(pair[0].pk, pair[0].pk, by=olga)
    with pytest.raises(NotFound):
        grouping.merge(pair[0].pk, 10**9, by=olga)


def test_drafts_move_unless_one_is_there_already(pair, olga, boris):
    survivor, other = pair
    drafts.save(other.pk, "private", "Ольги", by=olga)
    drafts.save(other.pk, "private", "Бориса там", by=boris)
    drafts.save(survivor.pk, "private", "Бориса здесь", by=boris)
    record = grouping.merge(survivor.pk, other.pk, by=olga)
    assert set(survivor.drafts.values_list("text", flat=True)) == {"Ольги", "Бориса здесь"}
    grouping.unmerge(record.pk, by=olga)
    assert set(other.drafts.values_list("text", flat=True)) == {"Ольги", "Бориса там"}


def test_an_answer_in_a_merged_thread_goes_to_the_last_writer_of_its_own_channel(
    pair, olga, company, demo_channel
):
    vk = ChannelAccount.objects.create(organisation=company, kind="demo", name="ВК", created_at=clock.now())
    foreign = arrive(vk, mail("id777", "Я и тут", id="vk1"))
    survivor = pair[0]
    grouping.merge(survivor.pk, foreign.pk, by=olga)
    message = reply.reply(survivor.pk, reply.Answer("Ответ"), by=olga)
    assert message.recipients["to"] == ["anna@mail.test"]


@pytest.fixture
def thread(demo_channel):
    conversation = arrive(demo_channel, mail("anna@mail.test", "Про холодильник", id="1@x"))
    arrive(demo_channel, mail("anna@mail.test", "Про чайник", id="2@x", refs=("1@x",)))
    arrive(demo_channel, mail("anna@mail.test", "Чайник опять", id="3@x", refs=("2@x", "1@x")))
    return fresh(conversation)


def ids_of(*texts: str) -> list[int]:
    return list(Message.objects.filter(text__in=texts).values_list("pk", flat=True))


def test_a_split_makes_a_conversation_of_its_own(thread, olga, demo_channel):
    record = grouping.split(thread.pk, ids_of("Про чайник", "Чайник опять"), by=olga)
    created = fresh(record.created)
    assert (created.message_count, created.preview, created.state) == (2, "Чайник опять", "open")
    assert fresh(thread).preview == "Про холодильник"
    assert textindex.search(olga.organisation_id, "message", "чайник") == [created.pk]
    assert arrive(demo_channel, mail("anna@mail.test", refs=("3@x", "2@x", "1@x"))) == created
    assert arrive(demo_channel, mail("anna@mail.test", refs=("1@x",))) == thread


def test_a_split_taken_back_restores_the_source(thread, olga):
    before = summary.snapshot(thread)
    record = grouping.split(thread.pk, ids_of("Про чайник"), by=olga)
    grouping.unsplit(record.pk, by=olga)
    assert summary.snapshot(fresh(thread)) == before
    assert queries.conversation(olga, record.created_id) == thread
    assert textindex.search(olga.organisation_id, "message", "чайник") == [thread.pk]
    assert grouping.related(olga, thread.pk) == []


def test_what_arrived_in_the_new_conversation_comes_back_with_it(thread, olga, demo_channel):
    record = grouping.split(thread.pk, ids_of("Про чайник", "Чайник опять"), by=olga)
    arrive(demo_channel, mail("anna@mail.test", "И ещё", refs=("3@x",)))
    grouping.unsplit(record.pk, by=olga)
    assert fresh(thread).message_count == 4
    assert fresh(thread).preview == "И ещё"


def test_a_split_needs_messages_and_leaves_one(thread, olga):
    note = notes.add(thread.pk, "для себя", by=olga)
    with pytest.raises(Invalid):
        grouping.split(thread.pk, [note.pk], by=olga)
    with pytest.raises(Invalid):
        grouping.split(thread.pk, ids_of("Про холодильник", "Про чайник", "Чайник опять"), by=olga)


def test_both_sides_of_a_split_show_each_other(thread, olga):
    record = grouping.split(thread.pk, ids_of("Про чайник"), by=olga)
    (other,) = grouping.related(olga, thread.pk)
    assert (other.conversation, other.reason) == (record.created, "split")
    (back,) = grouping.related(olga, record.created_id)
    assert back.conversation == thread


def test_a_link_taken_away_is_not_made_again_by_the_machine(pair, olga):
    one, other = pair
    grouping.link(one.pk, other.pk, by=olga)
    assert [row.reason for row in grouping.related(olga, one.pk)] == ["person"]
    grouping.unlink(other.pk, one.pk, by=olga)
    assert grouping.related(olga, one.pk) == []
    threading.link(one.pk, other.pk, "references")
    assert grouping.related(olga, one.pk) == []
    grouping.link(one.pk, other.pk, by=olga)
    assert len(grouping.related(olga, one.pk)) == 1


def test_links_follow_a_merge(pair, olga, demo_channel):
    one, other = pair
    third = arrive(demo_channel, mail("anna@third.test", id="c@x"))
    grouping.link(other.pk, third.pk, by=olga)
    grouping.merge(one.pk, other.pk, by=olga)
    assert [row.conversation for row in grouping.related(olga, one.pk)] == [third]
    assert [row.conversation for row in grouping.related(olga, third.pk)] == [one]
