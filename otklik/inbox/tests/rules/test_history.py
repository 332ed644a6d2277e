"""A rule on history: counted without acting, then acted on once, and taken back as a whole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from otklik.accounts import services as accounts
from otklik.accounts.models import Organisation, Team
from otklik.inbox.models import Conversation, ConversationLabel, Message, RuleEffect, RuleRun
from otklik.inbox.services import labels, rule_runs, rules, state
from otklik.inbox.tests.rules.support import labels_of, read, rule, when
from otklik.kernel import clock, outbox
from otklik.kernel.errors import Forbidden, Invalid, NotFound

pytestmark = pytest.mark.django_db

BAD = ("tone", "negative")


@pytest.fixture
def complaint(boris):
    return labels.create("Жалоба", by=boris)


@pytest.fixture
def lawyers(company):
    return Team.objects.create(organisation=company, name="Юристы")


@pytest.fixture
def history(write_in):
    """Five conversations: three complaints, of which the first is read twice, and two thanks."""
    talks = [write_in(f"Текст {n}", author=f"a{n}", thread=f"t{n}") for n in range(5)]
    for n, talk in enumerate(talks):
        read(talk, tone="negative" if n < 3 else "positive")
    write_in("Ещё раз", author="a0", thread="t0")
    read(talks[0], tone="negative")
    return talks


def test_a_dry_run_counts_conversations_labels_teams_and_owners_and_acts_on_none(
    history, boris, olga, complaint, lawyers
) -> None:
    labels.add(history[0].pk, complaint.pk, by=boris)
    state.assign(history[1].pk, by=olga, user_id=olga.pk)
    run = rule_runs.dry_run(when(BAD, label=complaint, team=lawyers), 30, by=boris)
    assert (run.state, run.looked, run.met, run.percent) == ("done", 5, 3, 100)
    assert run.numbers == {
        "owned": 1,
        "in_team": 0,
        "other_team": 0,
        "to_team": 2,
        f"label:{complaint.pk}": 1,
    }
    newest = Message.objects.filter(direction="in", conversation=history[0]).order_by("-pk").first()
    assert newest is not None
    assert run.examples == [
        [history[2].pk, history[2].last_inbound_id],
        [history[1].pk, history[1].last_inbound_id],
        [history[0].pk, newest.pk],
    ]
    assert (labels_of(history[2]), RuleEffect.objects.count()) == ([], 0)


def test_only_texts_of_the_time_count(history, boris) -> None:
    Message.objects.filter(conversation=history[0]).update(occurred_at=clock.ago(40 * 86400))
    assert rule_runs.dry_run(when(BAD), 30, by=boris).met == 2
    assert rule_runs.dry_run(when(BAD), 90, by=boris).met == 3
    with pytest.raises(Invalid):
        rule_runs.dry_run(when(BAD), 7, by=boris)


def test_a_long_history_is_counted_on_in_the_background_from_where_it_stopped(
    history, boris, monkeypatch
) -> None:
    monkeypatch.setattr(rule_runs, "WINDOW", 1)
    monkeypatch.setattr(rule_runs, "AT_ONCE", 0.0)
    run = rule_runs.dry_run(when(BAD), 30, by=boris)
    assert (run.state, run.looked) == ("running", 0)
    outbox.drain()
    run.refresh_from_db()
    assert (run.state, run.looked, run.met) == ("done", 5, 3)


def test_other_organisations_are_neither_counted_nor_seen(history, boris, complaint) -> None:
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    stranger = accounts.create_user(other, email="s@other.test", name="Чужой", roles=["administrator"])
    run = rule_runs.dry_run(when(BAD), 30, by=stranger)
    assert (run.looked, run.met) == (0, 0)
    with pytest.raises(Invalid):  # the label of the first company is not there for the second
        rule_runs.dry_run(when(BAD, label=complaint), 30, by=stranger)
    own = rule(boris, when(BAD, label=complaint))
    for act in (
        lambda: rule_runs.apply(own.pk, 30, by=stranger),
        lambda: rules.switch(own.pk, False, by=stranger),
        lambda: rules.go_back(own.pk, 1, by=stranger),
        lambda: rule_runs.undo(rule_runs.dry_run(when(BAD), 30, by=boris).pk, by=stranger),
    ):
        with pytest.raises(NotFound):
            act()


def test_who_may_not_make_rules_may_not_try_them(history, olga, boris, complaint) -> None:
    own = rule(boris, when(BAD, label=complaint))
    for act in (
        lambda: rule_runs.dry_run(when(BAD), 30, by=olga),
        lambda: rule_runs.apply(own.pk, 30, by=olga),
        lambda: rules.create("Моё", when(BAD, label=complaint), by=olga),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_rule_applied_to_history_acts_once_and_is_taken_back_except_for_what_people_did(
    history, boris, olga, complaint, lawyers
) -> None:
    labels.add(history[0].pk, complaint.pk, by=boris)
    own = rule(boris, when(BAD, label=complaint, team=lawyers, note="Это не пишется"))
    run = rule_runs.apply(own.pk, 30, by=boris)
    assert rule_runs.apply(own.pk, 30, by=boris).pk == run.pk  # one at a time
    outbox.drain()
    run.refresh_from_db()
    assert (run.state, run.met, run.acted) == ("done", 3, 3)
    assert not Message.objects.filter(direction="note").exists()
    state.assign(history[1].pk, by=olga, user_id=olga.pk, team_id=lawyers.pk)
    again = rule_runs.apply(own.pk, 30, by=boris)
    outbox.drain()
    again.refresh_from_db()
    assert (again.met, again.acted, RuleEffect.objects.count()) == (3, 0, 3)

    rule_runs.undo(run.pk, by=boris)
    outbox.drain()
    run.refresh_from_db()
    assert run.state == "undone"
    assert [labels_of(talk) for talk in history[:3]] == [["Жалоба"], [], []]
    teams = [Conversation.objects.get(pk=talk.pk).team for talk in history[:3]]
    assert teams == [None, lawyers, None]


def test_a_run_that_was_stopped_does_no_more_and_can_be_taken_back(
    history, boris, complaint, monkeypatch
) -> None:
    own = rule(boris, when(BAD, label=complaint))
    run = rule_runs.apply(own.pk, 30, by=boris)
    real = rule_runs._act_on

    def stopped_after_one(*given):
        real(*given)
        rule_runs.stop(run.pk, by=boris)

    monkeypatch.setattr(rule_runs, "_act_on", stopped_after_one)
    outbox.drain()
    run.refresh_from_db()
    assert (run.state, run.acted, ConversationLabel.objects.count()) == ("stopped", 1, 1)
    rule_runs.undo(run.pk, by=boris)
    outbox.drain()
    assert ConversationLabel.objects.count() == 0


def test_dry_runs_of_yesterday_are_forgotten(history, boris) -> None:
    run = rule_runs.dry_run(when(BAD), 30, by=boris)
    assert rule_runs.forget() == 0
    with clock.at(clock.now() + timedelta(days=2)):
        assert rule_runs.forget() == 1
    assert not RuleRun.objects.filter(pk=run.pk).exists()
