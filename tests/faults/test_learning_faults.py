"""Retraining killed -9 at random moments, and twice at once: a version is there whole and once, or not at all."""

from __future__ import annotations

import functools
import os
import random
from typing import Any

import pytest

from otklik.analysis.models import ModelVersion, Training
from otklik.analysis.services import learning, learnt, reader
from otklik.analysis.tests.learning_cast import Letters, convention, rows
from otklik.audit.models import Entry
from otklik.kernel import outbox
from tests.support import children

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

ROUNDS = 3
KILLS = 4
FIELDS = ("intent", "tone")


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch, olga: Any) -> int:
    letters, some = Letters(), rows()[:80]
    letters.connect(monkeypatch)
    ids = letters.arrive(olga.organisation_id, [one["text"] for one in some])
    letters.label(ids, [convention(one) for one in some], by=olga)
    letters.label(ids, [one["tone"] for one in some], by=olga, field="tone")
    return int(olga.organisation_id)


def work(job: Training) -> None:
    """All turns of a training, as the worker takes them."""
    for turn in range(len(FIELDS)):
        learning.run({"job": job.pk, "turn": turn})


def assert_whole(organisation_id: int, trainings: int) -> None:
    """Every training has one version of each field, told once; one at most is in use, and it can be read."""
    for field in FIELDS:
        mine = ModelVersion.objects.filter(organisation_id=organisation_id, field=field)
        assert sorted(mine.values_list("number", flat=True)) == list(range(1, trainings + 1))
        assert mine.filter(state="active").count() <= 1
    assert Entry.objects.filter(action="analysis.learnt").count() == trainings * len(FIELDS)
    assert not Training.objects.filter(done_at=None).exists()
    in_use = learnt.in_use(organisation_id, reader.shipped())
    assert set(learnt.models(in_use)) == set(in_use)


def test_killed_at_random_moments_a_training_leaves_whole_versions(labelled: int, alisa: Any) -> None:
    rng = random.Random(children.seed())
    for round_ in range(ROUNDS):
        job = learning.start(by=alisa)
        children.kill_at_random_moments(
            functools.partial(work, job), kills=KILLS, shortest=0.05, longest=3.0, rng=rng
        )
        for version in ModelVersion.objects.all():
            assert version.state in ("active", "retired", "rejected")
        work(job)
        outbox.drain()
        assert_whole(labelled, round_ + 1)


def test_two_workers_on_one_training_make_one_version_of_each_field(labelled: int, alisa: Any) -> None:
    job = learning.start(by=alisa)
    pids = [children.spawn(lambda: work(job)) for _worker in range(2)]
    for pid in pids:
        os.waitpid(pid, 0)
    work(job)
    outbox.drain()
    assert_whole(labelled, 1)
