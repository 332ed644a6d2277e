"""The sentences of the text commands and of the error file follow the words of the interface."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from otklik.channels import feed
from otklik.channels.importer import engine

FOLDERS = [Path(part.__file__ or "").parent for part in (engine, feed)]
FILES = sorted(file for folder in FOLDERS for file in folder.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_no_russian_sentence_has_a_long_dash_or_pleads(file: Path) -> None:
    found = [
        node.value for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Constant)
    ]
    russian = [text for text in found if isinstance(text, str) and re.search("[а-яё]", text, re.I)]
    assert [text for text in russian if "—" in text or "пожалуйста" in text.lower()] == []
