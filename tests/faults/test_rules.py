"""Rules act exactly once: two workers on the same messages, on the same history, and kill -9 at random moments."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from otklik.audit.models import Entry
from otklik.inbox.models import Conversation, ConversationLabel, Message, RuleEffect, RuleRun
from otklik.inbox.services import labels, rule_effects, rule_runs
from otklik.inbox.tests.readings import said
from otklik.inbox.tests.rules.support import asked, keep, read, rule, when
from otklik.inbox.tests.test_races import together
from otklik.kernel import clock, outbox
from otklik.kernel.models import Outbox
from tests.support import children

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

TALKS = 40
KILLS = 12


def _talks(write_in: Callable[..., Any], number: int = TALKS) -> list[Any]:
    return [write_in(f"Безобразие {n}", author=f"a{n}", thread=f"t{n}") for n in range(number)]


def _assert_once(number: int) -> None:
    """Each conversation has its label, one effect, one line in the thread, one entry of the audit."""
    assert ConversationLabel.objects.count() == number
    assert RuleEffect.objects.count() == number
    assert Message.objects.filter(direction="system", event__code="conversation.ruled").count() == number
    assert Entry.objects.filter(action="conversation.ruled").count() == number


def test_two_workers_with_the_same_messages_act_once(write_in: Callable[..., Any], boris: Any) -> None:
    label = labels.create("Жалоба", by=boris)
    talks = _talks(write_in, 8)
    own = rule(boris, when(("tone", "negative"), label=label, note="Проверьте"))
    for talk in talks:
        keep(talk.organisation_id, talk.last_inbound_id, said(tone="negative"))
    ids = [talk.last_inbound_id for talk in talks]
    work = {"organisation": own.organisation_id, "messages": ids, "corrected": False}
    found = together(*[lambda: rule_effects.run(work)] * 3, outbox.drain)
    assert not [one for one in found if isinstance(one, Exception)]
    _assert_once(8)
    assert Message.objects.filter(direction="note").count() == 8


def test_two_workers_on_the_same_history_count_and_act_once(
    write_in: Callable[..., Any], boris: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_runs, "WINDOW", 2)
    label = labels.create("Жалоба", by=boris)
    for talk in _talks(write_in, 9):
        read(talk, tone="negative")
    own = rule(boris, when(("tone", "negative"), label=label))
    run = rule_runs.apply(own.pk, 30, by=boris)
    found = together(*[lambda: rule_runs.work({"run": run.pk})] * 3)
    assert not [one for one in found if isinstance(one, Exception)]
    run.refresh_from_db()
    assert (run.state, run.looked, run.met, run.acted) == ("done", 9, 9, 9)
    _assert_once(9)


def test_kill_minus_nine_in_the_middle_of_history_neither_loses_nor_doubles(
    write_in: Callable[..., Any], boris: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(children.seed())
    monkeypatch.setattr(rule_runs, "WINDOW", 3)
    monkeypatch.setattr(outbox, "LEASE", 0.2)
    label = labels.create("Жалоба", by=boris)
    for talk in _talks(write_in):
        read(talk, tone="negative")
    own = rule(boris, when(asked("tone", ("negative",)), label=label))
    run = rule_runs.apply(own.pk, 30, by=boris)

    def work() -> None:
        while RuleRun.objects.filter(pk=run.pk, state__in=("running", "undoing")).exists():
            _drain()

    hit = children.kill_at_random_moments(work, kills=KILLS, shortest=0.02, longest=0.12, rng=rng)
    children.finish(work)
    run.refresh_from_db()
    assert (run.state, run.looked, run.met, run.acted) == ("done", TALKS, TALKS, TALKS)
    _assert_once(TALKS)
    assert hit > 0

    rule_runs.undo(run.pk, by=boris)
    children.kill_at_random_moments(work, kills=KILLS, shortest=0.02, longest=0.12, rng=rng)
    children.finish(work)
    run.refresh_from_db()
    assert (run.state, ConversationLabel.objects.count()) == ("undone", 0)
    assert Entry.objects.filter(action="conversation.unruled").count() == TALKS


def test_kill_minus_nine_while_rules_are_asked_of_new_messages(
    write_in: Callable[..., Any], boris: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(children.seed())
    monkeypatch.setattr(outbox, "LEASE", 0.2)
    label = labels.create("Жалоба", by=boris)
    talks = _talks(write_in)
    rule(boris, when(("tone", "negative"), label=label))
    with transaction.atomic():
        for talk in talks:
            keep(talk.organisation_id, talk.last_inbound_id, said(tone="negative"))

    def work() -> None:
        while Outbox.objects.filter(topic=rule_effects.TOPIC, state="ready").exists():
            _drain()

    children.kill_at_random_moments(work, kills=KILLS, shortest=0.02, longest=0.12, rng=rng)
    children.finish(work)
    assert Conversation.objects.count() == TALKS
    _assert_once(TALKS)


def _drain() -> None:
    """What a dead worker had claimed is free again."""
    Outbox.objects.filter(state="ready").update(run_after=clock.ago(1))
    outbox.drain()
