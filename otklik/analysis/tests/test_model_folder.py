"""Whatever stands in the folder of `--model`, the command answers or names the file: never a traceback."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from otklik.analysis.engine.linear import load, loads
from otklik.analysis.engine.trained import MODELS
from otklik.web import cli


@pytest.fixture
def analyse(monkeypatch, capfdbinary):
    def run(folder: Path) -> tuple[int, str, str]:
        raw = json.dumps({"id": 1, "text": "Курьер не приехал", "object": "Техновал"}).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        code = cli.main(["analyse", "--model", str(folder)])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


SHIPPED = ("general", "kazakh", "content")


@pytest.mark.parametrize("target", [*SHIPPED, "tone", "severity", "intent", "evidence", "shift"])
@pytest.mark.parametrize("source", SHIPPED)
def test_a_shipped_model_in_the_place_of_another_is_named(tmp_path, analyse, source, target):
    shutil.copy(MODELS / f"{source}.npz", tmp_path / f"{target}.npz")
    code, out, err = analyse(tmp_path)
    if source == target:
        assert code == 0 and json.loads(out)["lang"] == "ru"
    else:
        assert code == 2 and f"{target}.npz" in err


@pytest.mark.parametrize("name", ["general.npz", "tone.npz", "content.npz"])
@pytest.mark.parametrize("kind", ["folder", "text", "empty", "broken link", "array"])
def test_what_is_no_model_is_named(tmp_path, analyse, name, kind):
    path = tmp_path / name
    if kind == "folder":
        path.mkdir()
    elif kind == "broken link":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "array":
        with path.open("wb") as file:
            np.savez(file, about=np.zeros(3))
    else:
        path.write_bytes(b"hello" if kind == "text" else b"")
    code, _, err = analyse(tmp_path)
    assert code == 2 and name in err and "Traceback" not in err


def test_a_file_in_place_of_the_folder_is_a_wrong_call(tmp_path, analyse):
    (tmp_path / "file").write_bytes(b"x")
    code, _, err = analyse(tmp_path / "file")
    assert code == 2 and str(tmp_path / "file") in err


@pytest.mark.parametrize("spoil", ["number", "labels", "columns", "card"])
def test_numbers_that_do_not_fit_are_no_model(spoil):
    model = load(MODELS / "kazakh.npz")
    head = model.heads["kazakh"]
    if spoil == "number":
        model.bias[0] = np.nan
    elif spoil == "labels":
        head.labels = [*head.labels, "mixed"]
    elif spoil == "columns":
        head.first = 7
    else:
        model.card = []  # type: ignore[assignment]
    with pytest.raises(ValueError, match="not a model file"):
        loads(model.dumps())


def test_a_model_is_saved_whole_or_not_at_all(tmp_path, monkeypatch):
    model = load(MODELS / "kazakh.npz")
    path = tmp_path / "kazakh.npz"
    model.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(type(model), "dumps", lambda _self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save(path)
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["kazakh.npz"]
