"""`otklik analysis retrain` without a file learns from the corrections of an organisation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from otklik.accounts.models import Organisation
from otklik.analysis.models import ModelVersion
from otklik.analysis.tests.learning_cast import Letters, convention, rows
from otklik.kernel import clock
from otklik.web.cli import main

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch, olga: Any) -> int:
    letters, some = Letters(), rows()[:120]
    letters.connect(monkeypatch)
    ids = letters.arrive(olga.organisation_id, [one["text"] for one in some])
    letters.label(ids, [convention(one) for one in some], by=olga)
    return int(olga.organisation_id)


@pytest.mark.req("S1-51")
def test_the_corrections_are_learnt_and_the_record_is_the_same(labelled: int, capfdbinary: Any) -> None:
    assert main(["analysis", "retrain", "--field", "intent"]) == 0
    record = json.loads(capfdbinary.readouterr().out)
    assert list(record) == [
        "field", "texts", "labels", "held", "old", "new", "ece", "seconds", "replaced", "file",
    ]  # fmt: skip
    assert (record["texts"], record["replaced"], record["file"]) == (120, True, None)
    assert record["new"]["accuracy"] >= record["old"]["accuracy"]
    assert ModelVersion.objects.get().state == "active"


def test_what_is_missing_is_said(labelled: int, capfd: Any) -> None:
    assert main(["analysis", "retrain", "--field", "tone", "--lang", "en"]) == 2
    assert "Too few corrections" in capfd.readouterr().err
    assert main(["analysis", "retrain", "--field", "weather", "--lang", "en"]) == 2
    assert "Nobody corrects" in capfd.readouterr().err
    Organisation.objects.create(name="Юг-Мебель", created_at=clock.now())
    assert main(["analysis", "retrain", "--field", "intent", "--lang", "en"]) == 2
    assert "Юг-Мебель" in capfd.readouterr().err
    assert main(["analysis", "retrain", "--field", "intent", "--organisation", "Север-Техника"]) == 0
    assert main(["analysis", "retrain", "--field", "intent", "--out", "x", "--lang", "en"]) == 2
