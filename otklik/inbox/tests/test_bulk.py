"""One action on many conversations, and back."""

from __future__ import annotations

import pytest

from otklik.accounts import services
from otklik.accounts.models import Organisation, Team
from otklik.inbox.models import BulkStep, Conversation
from otklik.inbox.services import bulk, labels, notes, reply, state, summary
from otklik.kernel import clock
from otklik.kernel.errors import Forbidden, Invalid, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(write_in):
    return [write_in("текст", author=name).pk for name in ("a", "b", "c")]


def snapshots(ids):
    return [summary.snapshot(Conversation.objects.get(pk=pk)) for pk in ids]


def test_what_can_be_done_is_done_and_the_rest_is_refused_with_a_sentence(three, olga):
    result = bulk.run("close", [*three, 10**9], by=olga)
    assert result.done == three
    ((refused, sentence),) = result.refused
    assert refused == 10**9 and sentence
    assert set(Conversation.objects.values_list("state", flat=True)) == {"closed"}


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("close", {}),
        ("wait", {}),
        ("snooze", {"until": "later"}),
        ("assign", {"user_id": "olga"}),
        ("reopen", {}),
    ],
)
def test_every_action_can_be_taken_back_exactly(three, olga, action, params):
    if action == "reopen":
        bulk.run("close", three, by=olga)
    if "until" in params:
        params = {"until": clock.after(3600)}
    if "user_id" in params:
        params = {"user_id": olga.pk}
    before = snapshots(three)
    result = bulk.run(action, three, by=olga, **params)
    assert snapshots(three) != before
    assert set(bulk.undo(result.undo_token, by=olga).done) == set(three)
    assert snapshots(three) == before


def test_labels_are_put_on_and_only_those_are_taken_off_again(three, olga, boris):
    label = labels.create("Возврат", by=boris)
    labels.add(three[0], label.pk, by=olga)
    result = bulk.run("label", three, by=olga, label_id=label.pk)
    assert BulkStep.objects.count() == 2
    bulk.undo(result.undo_token, by=olga)
    assert list(label_of(three)) == [three[0]]


def label_of(ids):
    return Conversation.objects.filter(pk__in=ids, labelled__isnull=False).values_list("pk", flat=True)


def test_labels_taken_off_come_back(three, olga, boris):
    label = labels.create("Возврат", by=boris)
    bulk.run("label", three, by=olga, label_id=label.pk)
    result = bulk.run("unlabel", three, by=olga, label_id=label.pk)
    assert not label_of(three)
    bulk.undo(result.undo_token, by=olga)
    assert sorted(label_of(three)) == sorted(three)


def test_many_are_merged_into_the_first_and_come_apart_again(three, olga):
    before = snapshots(three)
    result = bulk.run("merge", three, by=olga)
    assert Conversation.objects.filter(merged_into=three[0]).count() == 2
    undone = bulk.undo(result.undo_token, by=olga)
    assert undone.refused == []
    assert snapshots(three) == before
    assert not Conversation.objects.filter(merged_into__isnull=False).exists()


def test_what_was_answered_since_is_not_undone(three, olga):
    result = bulk.run("close", three, by=olga)
    reply.reply(three[0], reply.Answer("Ответ"), by=olga)
    bulk.undo(result.undo_token, by=olga)
    assert Conversation.objects.get(pk=three[0]).state == "waiting"
    assert Conversation.objects.get(pk=three[1]).state == "open"


def test_an_action_is_undone_once_and_only_by_who_acted(three, olga, boris):
    result = bulk.run("close", three, by=olga)
    with pytest.raises(NotFound):
        bulk.undo(result.undo_token, by=boris)
    bulk.undo(result.undo_token, by=olga)
    with pytest.raises(NotFound):
        bulk.undo(result.undo_token, by=olga)


def test_nothing_done_has_nothing_to_undo(three, olga):
    bulk.run("close", three, by=olga)
    assert bulk.run("close", three, by=olga).undo_token == ""


def test_too_many_unknown_or_incomplete_actions_are_refused(three, olga):
    for call in (
        lambda: bulk.run("close", list(range(501)), by=olga),
        lambda: bulk.run("explode", three, by=olga),
        lambda: bulk.run("snooze", three, by=olga),
    ):
        with pytest.raises(Invalid):
            call()


def test_an_analyst_cannot_act_on_many(three, company):
    vera = services.create_user(company, email="vera@shop.test", name="Вера Рубина", roles=["analyst"])
    with pytest.raises(Forbidden):
        bulk.run("close", three, by=vera)


def test_old_actions_are_forgotten(three, olga):
    bulk.run("close", three, by=olga)
    with clock.at(clock.after(2 * bulk.UNDO_FOR)):
        assert bulk.forget() > 0
    assert not BulkStep.objects.exists()


# the states one by one


def test_closing_ends_the_waiting_and_reopening_finds_it_again(write_in, olga):
    conversation = write_in("Где заказ?")
    waiting = conversation.waiting_since
    assert state.close(conversation.pk, by=olga).waiting_since is None
    assert state.reopen(conversation.pk, by=olga).waiting_since == waiting


def test_a_snooze_ends_by_itself_and_tells_the_owner(write_in, olga, boris):
    conversation = write_in("Где заказ?")
    state.assign(conversation.pk, by=boris, user_id=olga.pk)
    state.snooze(conversation.pk, clock.after(60), by=olga)
    assert state.wake_snoozed() == 0
    with clock.at(clock.after(61)):
        assert state.wake_snoozed() == 1
        assert state.wake_snoozed() == 0
    conversation.refresh_from_db()
    assert (conversation.state, conversation.returned_from_snooze) == ("open", True)


def test_a_snooze_into_the_past_is_refused(write_in, olga):
    with pytest.raises(Invalid):
        state.snooze(write_in("а").pk, clock.ago(1), by=olga)


def test_giving_to_a_person_keeps_the_team(write_in, olga, company):
    team = Team.objects.create(organisation=company, name="Первая линия")
    conversation = write_in("Где заказ?")
    state.assign(conversation.pk, by=olga, team_id=team.pk)
    assert state.assign(conversation.pk, by=olga, user_id=olga.pk).team == team
    returned = state.assign(conversation.pk, by=olga)
    assert (returned.assignee, returned.team) == (None, team)
    assert state.assign(conversation.pk, by=olga, team_id=None).team is None


def test_people_of_other_companies_get_nothing(write_in, olga, db):
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    stranger = services.create_user(other, email="x@other.test", name="Чужой", roles=["operator"])
    with pytest.raises(NotFound):
        state.assign(write_in("а").pk, by=olga, user_id=stranger.pk)


def test_notes_do_not_touch_state_or_preview(write_in, olga):
    conversation = write_in("Где заказ?")
    before = summary.snapshot(conversation)
    notes.add(conversation.pk, "Позвонить", by=olga)
    conversation.refresh_from_db()
    assert summary.snapshot(conversation) == before
