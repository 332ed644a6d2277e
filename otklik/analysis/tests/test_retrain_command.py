"""`otklik analysis retrain` as it is called: what it refuses before it learns, and what it never replaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.tests.test_retrain import labelled
from otklik.analysis.training import retrain as learning
from otklik.web.cli import main

NAMES = {"late": "delivery_late", "broken": "product_defect"}


@pytest.fixture
def call(tmp_path: Path, capfdbinary: Any) -> Any:
    """Labels → exit code, record (None when there is none), what was said beside it."""

    def run(
        texts: list[str], labels: list[Any], field: str = "cause", out: Path | None = None
    ) -> tuple[int, Any, str]:
        path = tmp_path / "labels.jsonl"
        rows = [json.dumps({"text": t, "label": one}) for t, one in zip(texts, labels, strict=True)]
        path.write_text("\n".join(rows), encoding="utf-8")
        code = main(
            [
                "analysis",
                "retrain",
                "--field",
                field,
                "--labels",
                str(path),
                "--out",
                str(out or tmp_path / "out"),
            ]
        )
        said, beside = capfdbinary.readouterr()
        assert b"Traceback" not in beside
        return code, json.loads(said) if said else None, beside.decode()

    return run


def shipped(texts: list[str]) -> list[str]:
    return [
        one["intent"][0]["label"]
        for k in range(0, len(texts), 256)
        for one in Reader().read([Item(t) for t in texts[k : k + 256]])
    ]


def test_the_first_own_model_is_judged_beside_the_shipped_reader_and_gives_way_to_it(call, tmp_path):
    texts = [
        f"{one} {tail}" for one in labelled()[0] for tail in ("", "сегодня", "опять", "у меня", "совсем")
    ]
    right = shipped(texts)
    right[:2] = ["question", "question"]  # at least two labels, whatever the reader says
    code, record, said = call(texts, right, "intent")
    assert code == 0 and record["old"] is not None
    assert record["old"]["accuracy"] >= record["new"]["accuracy"]
    assert (record["replaced"], record["file"]) == (False, None)
    assert not list((tmp_path / "out").glob("*.npz"))
    assert "не записана" in said


def test_a_model_better_than_the_shipped_reader_is_written(call, tmp_path):
    texts, labels = labelled()
    other = {"late": "product_defect", "broken": "delivery_late"}
    code, record, _ = call(texts, [other[one] for one in labels])
    assert code == 0 and record["replaced"]
    assert record["new"]["accuracy"] > record["old"]["accuracy"]
    assert (tmp_path / "out" / "cause.npz").is_file()


def test_labels_that_the_shipped_reader_does_not_know_have_nothing_before_them(call):
    texts, labels = labelled()
    code, record, said = call(texts, labels)
    assert code == 0 and record["replaced"] and record["old"] is None and record["ece"] is None
    assert "не знает" in said


def test_a_field_of_ones_own_is_learnt(call):
    texts, labels = labelled()
    code, record, said = call(texts, labels, "shift")
    assert code == 0 and record["replaced"] and "own" in said


@pytest.mark.parametrize(
    "field", ["evidence", "objects", "entities", "personal_data", "general", "content", "Тон", "a b"]
)
def test_a_field_that_no_model_answers_is_refused(call, tmp_path, field):
    code, record, said = call(*labelled(), field)
    assert code == 2 and record is None and field in said
    assert not (tmp_path / "out").exists()


def test_a_closed_field_takes_its_own_labels_only_and_the_line_is_named(call):
    texts, labels = labelled()
    tones: list[Any] = ["negative"] * len(labels)
    tones[6] = "night"
    code, _, said = call(texts, tones, "tone")
    assert code == 2 and "Строка 7" in said and "night" in said and "negative" in said


def test_numbers_and_truths_are_labels_where_the_field_has_such(call):
    texts, labels = labelled()
    code, record, _ = call(texts, [4 if one == "late" else 1 for one in labels], "severity")
    assert code == 0 and record["labels"] == 2
    code, record, _ = call(texts, [one == "late" for one in labels], "safety")
    assert code == 0 and record["labels"] == 2


def test_sets_are_the_same_in_any_order(call):
    texts, labels = labelled()
    both = ["sadness|anger", "anger|sadness"]
    given = [both[k % 2] if one == "late" else "none" for k, one in enumerate(labels)]
    code, record, _ = call(texts, given, "emotions")
    assert code == 0 and record["labels"] == 2


def test_a_label_with_half_a_pair_is_refused_by_its_line(call):
    texts, labels = labelled()
    labels[3] = "a\ud800"
    code, _, said = call(texts, labels)
    assert code == 2 and "Строка 4" in said and "Прежняя" not in said


def test_too_many_labels_and_too_few_texts_are_refused(call):
    texts, _ = labelled()
    code, record, said = call(texts, [f"label{k}" for k in range(len(texts))])
    assert code == 2 and record is None and "60" in said
    assert call(texts[:10], ["a", "b"] * 5)[0] == 2
    assert call(["одно и то же"] * 30, ["a"] * 29 + ["b"])[0] in (0, 2)


@pytest.mark.parametrize("out", ["/proc/x", "/etc/passwd", "/dev/null/x", "a\0b"])
def test_a_folder_that_cannot_be_written_is_found_before_the_training(call, monkeypatch, out):
    monkeypatch.setattr(learning, "matrix", None)  # would fail, were anything learnt
    code, _, said = call(*labelled(), out=Path(out))
    assert code == 2 and out.split("\0", maxsplit=1)[0] in said


@pytest.mark.parametrize("name", ["cause.npz", "cause.judge.npz"])
@pytest.mark.parametrize("kind", ["folder", "text", "empty", "broken link"])
def test_whatever_stands_in_place_of_the_model_is_named(call, tmp_path, name, kind):
    out = tmp_path / "out"
    out.mkdir()
    if kind == "folder":
        (out / name).mkdir()
    elif kind == "broken link":
        (out / name).symlink_to(tmp_path / "nowhere")
    else:
        (out / name).write_bytes(b"hello" if kind == "text" else b"")
    code, record, said = call(*labelled())
    assert code == 2 and record is None and name in said


def test_a_labels_file_that_is_a_folder_is_a_wrong_call(tmp_path, capsys):
    command = [
        "analysis",
        "retrain",
        "--field",
        "tone",
        "--labels",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(command) == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"), [(["analysis", "--help"], 0), (["analysis", "-h"], 0), (["analysis"], 2)]
)
def test_the_group_of_commands_can_be_asked_for_help(words, code, capsys):
    assert main(words) == code
    said, beside = capsys.readouterr()
    assert "otklik analysis retrain" in said + beside and "Нет команды" not in beside
    assert ("Example:" in said) == (code == 0)
