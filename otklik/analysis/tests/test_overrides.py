"""Models of an organisation's own answer their fields: label, probability, confidence, evidence, abstained."""

from __future__ import annotations

import io
import json
import sys

import pytest

from otklik.analysis.engine import overrides
from otklik.analysis.engine.cause import OwnCause, Taxonomy
from otklik.analysis.engine.linear import Model, load, loads
from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.training.retrain import retrain
from otklik.web import cli

GOODS = ["чайник", "утюг", "ноутбук", "телефон", "диван", "шкаф", "плита", "лампа", "ковёр", "стол"]
LATE = ["{} опять опаздывает", "жду {} вторую неделю", "{} обещали вчера, где он"]
BROKEN = ["{} сломался сразу", "{} пришёл разбитый", "у нас {} не включается"]
WAITING = "жду кресло вторую неделю"


def taught(folder, field: str, late: str, broken: str) -> Model:
    """A model that learnt two labels for `field`, written to `folder`."""
    texts = [said.format(goods) for said in LATE + BROKEN for goods in GOODS]
    labels = [late] * len(LATE * 10) + [broken] * len(BROKEN * 10)
    retrain(field, texts, labels, folder)
    return load(folder / f"{field}.npz")


def read(text: str, **own: Model):
    return Reader(own=own).read([Item(text)])[0]


def test_an_own_model_replaces_label_probability_confidence_and_evidence(tmp_path):
    own = taught(tmp_path, "cause", "late_sofa", "broken")
    answer = read(WAITING, cause=own)
    (given,) = answer["cause"]
    assert given["label"] == "late_sofa"
    assert answer["confidence"]["cause"] == pytest.approx(given["p"], abs=0.001)
    assert "cause" not in answer["abstained"]
    shown = " ".join(WAITING[a:b] for a, b in answer["evidence"]["cause"])
    assert "неделю" in shown or "жду" in shown


def test_a_model_read_from_bytes_answers_like_its_file(tmp_path):
    own = taught(tmp_path, "cause", "delivery_late", "product_defect")
    again = loads((tmp_path / "cause.npz").read_bytes())
    assert read(WAITING, cause=again) == read(WAITING, cause=own)
    assert loads(own.dumps()).card == own.card


def test_an_unsure_answer_of_an_own_model_abstains(tmp_path):
    own = taught(tmp_path, "tone", "neutral", "negative")
    own.card["limits"] = {"tone": 1.01}
    assert "tone" in read(WAITING, tone=own)["abstained"]
    own.card["limits"] = {"tone": 0.0}
    assert "tone" not in read(WAITING, tone=own)["abstained"]


@pytest.mark.parametrize(
    ("field", "late", "broken", "expected"),
    [
        ("severity", "4", "1", 4),
        ("expects_reply", "no", "yes", "no"),
        ("abuse", "angry", "none", "angry"),
        ("rumour", "unclear", "none", "unclear"),
        ("signals", "child|promise_broken", "none", ["child", "promise_broken"]),
        ("emotions", "none", "anger", []),
        ("cause", "none", "product_defect", []),
        ("safety", "True", "False", True),
        ("lang", "uk", "ru", "uk"),
    ],
)
def test_every_field_keeps_the_form_it_has_in_the_contract(tmp_path, field, late, broken, expected):
    assert read(WAITING, **{field: taught(tmp_path, field, late, broken)})[field] == expected


def test_tone_keeps_the_probabilities_of_all_its_labels(tmp_path):
    answer = read(WAITING, tone=taught(tmp_path, "tone", "positive", "negative"))
    assert answer["tone"]["label"] == "positive"
    assert set(answer["tone"]["p"]) == {"negative", "neutral", "positive", "mixed"}


def test_what_follows_from_a_field_follows_the_own_answer(tmp_path):
    grave = read(WAITING, severity=taught(tmp_path, "severity", "3", "1"))
    assert (grave["severity"], grave["priority"]) == (3, "P2")
    thanks = read(
        "жду диван вторую неделю, верните деньги", intent=taught(tmp_path, "intent", "thanks", "question")
    )
    assert [one["label"] for one in thanks["intent"]] == ["thanks"]
    assert thanks["cause"] == []


def test_a_complaint_of_an_own_model_waits_for_an_answer_and_discontent_does_not(tmp_path):
    own = taught(tmp_path, "intent", "complaint", "negative_feedback")
    assert read("диван опять опаздывает", intent=own)["expects_reply"] == "yes"
    assert read("Диван сломался сразу, верните деньги!", intent=own)["expects_reply"] != "yes"


def test_a_cause_that_was_taken_out_is_not_given_by_an_own_model(tmp_path):
    own = taught(tmp_path, "cause", "late_sofa", "product_defect")
    reader = Reader(Taxonomy(off=["late_sofa"]), own={"cause": own})
    assert reader.read([Item(WAITING)])[0]["cause"][0]["label"] == "product_defect"


def test_a_cause_named_by_the_organisations_phrases_stands_before_the_models(tmp_path):
    own = taught(tmp_path, "cause", "late_sofa", "product_defect")
    taxonomy = Taxonomy(own=[OwnCause("armchairs", ("кресло",))])
    answer = Reader(taxonomy, own={"cause": own}).read([Item(WAITING)])[0]
    assert [one["label"] for one in answer["cause"]] == ["armchairs", "late_sofa"]


def test_a_field_the_contract_does_not_have_stands_under_own(tmp_path):
    answer = read(WAITING, shift=taught(tmp_path, "shift", "night", "day"))
    assert answer["own"]["shift"]["label"] == "night"
    assert answer["confidence"]["shift"] == pytest.approx(answer["own"]["shift"]["p"]["night"], abs=0.001)
    assert "shift" in answer["evidence"]


def test_a_text_without_words_keeps_what_is_said_of_silence(tmp_path):
    own = {name: taught(tmp_path, name, "neutral", "negative") for name in ("tone", "weather")}
    answer = read("", **own)
    assert answer["tone"]["label"] == "neutral" and answer["confidence"]["tone"] == 0
    assert answer["confidence"]["weather"] == 0 and {"tone", "weather"} <= set(answer["abstained"])


@pytest.mark.parametrize("field", ["evidence", "objects", "Intent", "a b"])
def test_fields_that_are_computed_are_not_answered_by_a_model(tmp_path, field):
    with pytest.raises(ValueError, match="no model can answer"):
        overrides.checked(field, taught(tmp_path, "cause", "a", "b"))


@pytest.fixture
def analyse(monkeypatch, capfdbinary):
    def run(*options):
        raw = json.dumps({"id": 1, "text": WAITING}).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        code = cli.main(["analyse", *map(str, options)])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def test_the_command_reads_with_the_models_of_a_folder_and_the_shipped_ones_for_the_rest(tmp_path, analyse):
    taught(tmp_path, "cause", "late_sofa", "broken")
    code, out, _ = analyse("--model", tmp_path)
    answer = json.loads(out)
    assert code == 0 and answer["cause"][0]["label"] == "late_sofa" and answer["lang"] == "ru"


@pytest.mark.parametrize("name", ["general.npz", "kazakh.npz", "content.npz", "cause.npz"])
@pytest.mark.parametrize("cut", [0, 9, 2000])
def test_a_file_that_cannot_be_read_is_a_wrong_call_that_names_it(tmp_path, analyse, name, cut):
    whole = taught(tmp_path / "good", "cause", "a", "b").dumps()
    (tmp_path / name).write_bytes(whole[:cut])
    code, _, err = analyse("--model", tmp_path)
    assert code == 2 and name in err


def test_a_model_of_another_field_or_with_a_strange_label_is_a_wrong_call(tmp_path, analyse):
    taught(tmp_path, "cause", "a", "b")
    (tmp_path / "cause.npz").rename(tmp_path / "intent.npz")
    code, _, err = analyse("--model", tmp_path)
    assert code == 2 and "intent.npz" in err
    (tmp_path / "intent.npz").unlink()
    taught(tmp_path, "severity", "huge", "small")
    code, _, err = analyse("--model", tmp_path)
    assert code == 2 and "severity.npz" in err and "huge" in err


def test_a_folder_without_models_is_a_wrong_call(tmp_path, analyse):
    code, _, err = analyse("--model", tmp_path)
    assert code == 2 and str(tmp_path) in err
