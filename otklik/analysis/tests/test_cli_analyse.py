"""`otklik analyse` answers every line with the whole contract."""

import io
import json
import sys

import pytest

from otklik.web import cli

FIELDS = {
    "id", "lang", "code_switched", "tone", "object_tone", "objects", "emotions", "intent", "expects_reply", "cause",
    "severity", "complexity", "impact", "urgency", "priority", "safety", "abuse", "rumour", "signals", "entities",
    "personal_data", "evidence", "confidence", "abstained",
}  # fmt: skip


@pytest.fixture
def analyse(monkeypatch, capfdbinary):
    def run(lines, *options):
        raw = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        assert cli.main(["analyse", *options]) == 0
        return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    return run


def test_every_line_gets_an_answer_with_all_fields_in_its_order(analyse):
    texts = [f"Заказ {number} опаздывает, где курьер?" for number in range(300)]
    answers = analyse([{"id": n, "text": text} for n, text in enumerate(texts)], "--preset", "delivery")
    assert [one["id"] for one in answers] == list(range(300))
    assert all(set(one) >= FIELDS for one in answers)


def test_a_bad_line_is_answered_in_place_and_the_rest_goes_on(analyse):
    answers = analyse(
        [{"id": 1}, "нет", {"id": 2, "text": "Спасибо!", "object": 5}, {"id": 3, "text": "Спасибо!"}]
    )
    codes = [one.get("error", {}).get("code") for one in answers]
    assert codes == ["no_text", "not_json", "bad_object", None]


def test_all_label_names_can_be_asked_for(analyse):
    (labels,) = analyse([], "--labels")
    assert labels["expects_reply"] == ["yes", "no", "unclear"]
    assert {"refund_delay", "safety", "staff_rudeness"} <= set(labels["cause"])
    assert set(labels["signals"]) >= {"last_link", "legal_threat", "media_threat", "deadline_named"}


def test_a_folder_of_models_that_is_not_there_is_a_wrong_call(capsys):
    assert cli.main(["analyse", "--model", "/nowhere/at/all"]) == 2
    assert "/nowhere/at/all" in capsys.readouterr().err
