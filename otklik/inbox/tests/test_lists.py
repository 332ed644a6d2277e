"""The list: what is in it, in which order, how it is counted, how much it asks of the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from otklik.accounts import services
from otklik.accounts.models import Organisation, Team, TeamMember
from otklik.inbox import places, queries, thread_queries
from otklik.inbox.models import Conversation
from otklik.inbox.queries import Filters
from otklik.inbox.services import drafts, labels, notes, reads, state
from otklik.inbox.tests.support import MORNING, arrive, mail
from otklik.kernel import clock, textindex
from otklik.kernel.errors import Invalid, NotFound

pytestmark = pytest.mark.django_db


def shown(user, **filters) -> list[int]:
    return [row.conversation.pk for row in queries.page(user, Filters(**filters))]


@pytest.fixture
def five(demo_channel):
    """Five conversations, an hour apart, the last one newest."""
    return [
        arrive(
            demo_channel,
            mail(f"c{number}@mail.test", f"Текст {number}", at=MORNING + timedelta(hours=number)),
        )
        for number in range(5)
    ]


def test_newest_first_and_oldest_first(five, olga):
    ids = [one.pk for one in five]
    assert shown(olga) == ids[::-1]
    assert shown(olga, order="oldest") == ids


def test_the_longest_waiting_first_and_who_does_not_wait_last(five, olga):
    ids = [one.pk for one in five]
    state.wait_for_customer(ids[0], by=olga)
    assert shown(olga, order="waiting") == [*ids[1:], ids[0]]


@pytest.mark.parametrize("order", ["newest", "oldest", "waiting"])
def test_pages_follow_each_other_without_gaps_or_repeats(five, olga, order):
    state.wait_for_customer(five[1].pk, by=olga)
    state.wait_for_customer(five[3].pk, by=olga)
    whole = shown(olga, order=order)
    walked: list[int] = []
    after = ""
    while rows := queries.page(olga, Filters(order=order), after=after, size=2):
        walked += [row.conversation.pk for row in rows]
        last = rows[-1].conversation
        after = places.place(last.last_message_at, last.pk)
    assert walked == whole


def test_conversations_of_one_moment_are_not_lost_between_pages(five, olga):
    Conversation.objects.update(last_message_at=MORNING)
    first = queries.page(olga, Filters(), size=2)
    last = first[-1].conversation
    rest = queries.page(olga, Filters(), after=places.place(last.last_message_at, last.pk))
    assert len({row.conversation.pk for row in first + rest}) == 5


def test_the_views_and_their_numbers_agree(five, olga, boris, company):
    team = Team.objects.create(organisation=company, name="Первая линия")
    TeamMember.objects.create(team=team, user=olga)
    ids = [one.pk for one in five]
    state.assign(ids[0], by=boris, user_id=olga.pk, team_id=team.pk)
    state.wait_for_customer(ids[1], by=olga)
    state.snooze(ids[2], clock.after(60), by=olga)
    state.close(ids[3], by=olga)
    notes.add(ids[4], "@Ольга Ильина", by=boris)
    drafts.save(ids[4], "private", "а", by=olga)
    drafts.save(ids[4], "note", "б", by=olga)
    Conversation.objects.filter(pk=ids[3]).update(trouble="failed")
    counts = queries.counts(olga)
    assert counts == {view: len(shown(olga, view=view)) for view in queries.VIEWS}
    assert counts == {
        "mine": 1,
        "team": 1,
        "unassigned": 1,
        "waiting": 1,
        "snoozed": 1,
        "mentions": 1,
        "drafts": 1,
        "trouble": 1,
        "unsure": 0,
        "all": 3,
    }


def test_counting_takes_a_fixed_small_number_of_questions(five, olga):
    _ = olga.rights
    with CaptureQueriesContext(
        connection,
    ) as asked:
        queries.counts(olga)
    assert len(asked) <= 3


def test_a_page_takes_the_same_number_of_questions_for_any_length(five, olga):
    _ = olga.rights
    with CaptureQueriesContext(connection) as one:
        queries.page(olga, Filters(), size=1)
    with CaptureQueriesContext(connection) as many:
        queries.page(olga, Filters(), size=5)
    assert len(one) == len(many) <= 6


def test_the_number_of_the_section_counts_what_is_open_and_mine_or_nobodys(five, olga, boris):
    theirs = Team.objects.create(organisation_id=olga.organisation_id, name="Чужая")
    mine = Team.objects.create(organisation_id=olga.organisation_id, name="Своя")
    TeamMember.objects.create(team=mine, user=olga)
    state.assign(five[0].pk, by=olga, user_id=olga.pk)
    state.assign(five[1].pk, by=olga, user_id=boris.pk)
    state.assign(five[2].pk, by=olga, team_id=theirs.pk)
    state.assign(five[3].pk, by=olga, team_id=mine.pk)
    assert queries.to_do(olga) == 3  # her own, her team's, and the one nobody was given
    state.close(five[0].pk, by=olga)
    assert queries.to_do(olga) == 2


def test_unread_counts_own_conversations_nobody_has_looked_at(five, olga):
    for one in five[:2]:
        state.assign(one.pk, by=olga, user_id=olga.pk)
    assert queries.unread_of_mine(olga) == 2
    reads.seen(five[0].pk, five[0].last_message_id, by=olga)
    assert queries.unread_of_mine(olga) == 1


def test_numbers_stop_at_a_thousand(five, olga, monkeypatch):
    monkeypatch.setattr(queries, "CAP", 3)
    assert queries.counts(olga)["all"] == 3


def test_other_companies_see_nothing(five, db):
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    stranger = services.create_user(other, email="x@other.test", name="Чужой", roles=["administrator"])
    assert shown(stranger) == []
    assert set(queries.counts(stranger).values()) == {0}
    assert thread_queries.thread(stranger, five[0].pk) == []
    assert shown(stranger, query="текст") == []
    with pytest.raises(NotFound):
        queries.conversation(stranger, five[0].pk)


@pytest.mark.parametrize("query", ["текста", "ТЕКСТЫ", "тексту 3"])
def test_any_form_of_a_word_finds(five, olga, query):
    assert five[3].pk in shown(olga, query=query)


@pytest.mark.parametrize("form", ["{}", "№{}", "# {}", "  №{} "])
def test_a_number_finds_its_conversation_whatever_the_view(five, olga, form):
    state.close(five[0].pk, by=olga)
    assert shown(olga, query=form.format(five[0].pk), view="snoozed") == [five[0].pk]


def test_a_bare_number_also_finds_the_texts_that_hold_it(five, demo_channel, olga):
    later = MORNING + timedelta(hours=9)
    named = arrive(demo_channel, mail("c9@mail.test", f"Заказ {five[0].pk} не пришёл", at=later))
    assert set(shown(olga, query=str(five[0].pk))) >= {five[0].pk, named.pk}
    assert shown(olga, query=f"№{five[0].pk}") == [five[0].pk]


@pytest.mark.parametrize("query", ["9" * 40, "²", "№", "'; --", '"', "AND OR NOT", "текст*", "\x00"])
def test_odd_queries_find_something_or_nothing_and_never_fail(five, olga, query):
    assert isinstance(shown(olga, query=query), list)


def test_days_are_those_of_the_organisation(demo_channel, olga, company):
    company.time_zone = "Asia/Vladivostok"
    company.save(update_fields=["time_zone"])
    late = arrive(demo_channel, mail("a@x.test", at=MORNING.replace(hour=15)))  # 1:00 of March 3rd there
    assert shown(olga, since="2026-03-03", until="2026-03-03") == [late.pk]
    assert shown(olga, until="2026-03-02") == []


def test_what_is_no_date_gets_a_sentence(olga):
    with pytest.raises(Invalid) as caught:
        shown(olga, since="вчера")
    assert "вчера" in caught.value.sentence


def test_filters_narrow_together(five, olga, boris):
    label = labels.create("Возврат", by=boris)
    for one in five[:2]:
        labels.add(one.pk, label.pk, by=olga)
    state.close(five[0].pk, by=olga)
    assert shown(olga, labels=(label.pk,)) == [five[1].pk]
    assert shown(olga, labels=(label.pk,), states=("closed",)) == [five[0].pk]
    assert shown(olga, labels=(label.pk,), query="текст 0", states=("closed", "open")) == [five[0].pk]
    assert shown(olga, channels=("vk",)) == []


def test_a_common_word_is_found_with_other_filters_however_old_the_text_is(five, olga, monkeypatch):
    monkeypatch.setattr(textindex, "NEWEST", 2)  # five texts hold the word
    state.close(five[0].pk, by=olga)
    assert shown(olga, query="тексты", states=("closed",)) == [five[0].pk]
    assert shown(olga, query="тексты", view="unassigned", states=("open",)) == [one.pk for one in five[:0:-1]]
    assert shown(olga, query="тексты поставщика", states=("closed",)) == []
    assert shown(olga, query="тексты") == [one.pk for one in five[:2:-1]]  # without any: the newest ones


def test_an_old_message_that_arrives_late_is_unread_though_it_is_not_the_newest(demo_channel, olga):
    conversation = arrive(demo_channel, mail("a@x.test", id="2@x", refs=("1@x",), at=MORNING))
    reads.seen(conversation.pk, conversation.last_message_id, by=olga)
    arrive(demo_channel, mail("a@x.test", id="1@x", at=MORNING - timedelta(hours=1)))
    assert queries.page(olga, Filters())[0].unread
