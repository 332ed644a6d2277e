"""A field is learnt from labels, judged on held texts, and never replaced by something worse."""

from __future__ import annotations

import json

import numpy as np
import pytest

from otklik.analysis.engine.field import read_texts
from otklik.analysis.engine.linear import load
from otklik.analysis.training.retrain import TooFew, held_texts, previous, retrain
from otklik.web.cli import main

GOODS = ["чайник", "утюг", "ноутбук", "телефон", "диван", "шкаф", "плита", "лампа", "ковёр", "стол"]
SAID = {
    "late": ["{} опять опаздывает", "жду {} вторую неделю", "{} обещали вчера, где он"],
    "broken": ["{} сломался сразу", "{} пришёл разбитый", "у нас {} не включается"],
}


def labelled() -> tuple[list[str], list[str]]:
    pairs = [
        (said.format(goods), label)
        for label, all_said in SAID.items()
        for said in all_said
        for goods in GOODS
    ]
    return [text for text, _ in pairs], [label for _, label in pairs]


def test_a_field_learnt_from_labels_answers_new_texts(tmp_path):
    texts, labels = labelled()
    outcome = retrain("cause", texts, labels, tmp_path)
    assert outcome.replaced and outcome.old is None and outcome.held > 0
    answers = read_texts(
        load(tmp_path / "cause.npz"), "cause", ["жду кресло вторую неделю", "фен сломался сразу"]
    )
    assert [ranked[0][0] for ranked in answers] == ["late", "broken"]


def test_a_worse_model_does_not_replace_the_one_in_use(tmp_path):
    texts, labels = labelled()
    retrain("cause", texts, labels, tmp_path)
    before = (tmp_path / "cause.npz").read_bytes()
    held = held_texts(texts, np.array([label == "late" for label in labels], dtype=np.int64))
    other = {"late": "broken", "broken": "late"}
    wrong = [label if kept else other[label] for label, kept in zip(labels, held, strict=True)]
    outcome = retrain("cause", texts, wrong, tmp_path, previous(tmp_path, "cause", wrong))
    assert outcome.old is not None and not outcome.replaced
    assert outcome.new["macro_f1"] < outcome.old["macro_f1"]
    assert (tmp_path / "cause.npz").read_bytes() == before


def test_the_same_labels_give_the_same_file(tmp_path):
    texts, labels = labelled()
    for name in ("one", "two"):
        retrain("cause", texts, labels, tmp_path / name)
    assert (tmp_path / "one" / "cause.npz").read_bytes() == (tmp_path / "two" / "cause.npz").read_bytes()


def test_too_few_labels_are_refused(tmp_path):
    with pytest.raises(TooFew):
        retrain("cause", ["а", "б"], ["x", "y"], tmp_path)


def test_the_command_prints_one_line_and_a_wrong_file_is_a_wrong_call(tmp_path, capfdbinary):
    texts, labels = labelled()
    path = tmp_path / "labels.jsonl"
    lines = [json.dumps({"text": t, "label": label}) for t, label in zip(texts, labels, strict=True)]
    path.write_text("\n".join(lines), encoding="utf-8")
    call = ["analysis", "retrain", "--field", "cause", "--labels", str(path), "--out", str(tmp_path / "out")]
    assert main(call) == 0
    answer = json.loads(capfdbinary.readouterr().out)
    assert answer["field"] == "cause" and answer["seconds"] > 0 and answer["new"]["accuracy"] >= 0.5
    path.write_text('{"text": "без метки"}', encoding="utf-8")
    assert main(call) == 2
