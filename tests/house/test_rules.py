"""Rules of the house that linters do not know."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LIMIT = 400
FUNCTION_LIMIT = 60  # aim at 40; what is longer than this needs to be split


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def sources() -> list[Path]:
    return [
        path
        for path in tracked("otklik/*.py")
        if "migrations" not in path.parts and "tests" not in path.parts
    ]


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in sources()
        if (count := len(path.read_text().splitlines())) > FILE_LIMIT
    }
    assert long == {}


def test_no_function_is_long() -> None:
    long = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno
                if length > FUNCTION_LIMIT:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {length}")
    assert long == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("an inline style", re.compile(r"\sstyle\s*=")),
        ("an inline handler", re.compile(r"\son[a-z]+\s*=\s*[\"']")),
        ("an inline script", re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>")),
        ("unescaped text", re.compile(r"\|\s*safe\b|autoescape off")),
    ],
)
def test_templates_hold_no(what: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {what}"
        for path in tracked("otklik/*.html")
        if pattern.search(
            re.sub(r"{#.*?#}|{% comment.*?endcomment %}", "", path.read_text(), flags=re.DOTALL)
        )
    ]
    assert found == []


def test_no_text_for_people_is_made_with_an_f_string() -> None:
    pattern = re.compile(r"\b(_|gettext|gettext_lazy|ngettext|pgettext)\(\s*f[\"']")
    assert [str(path) for path in sources() if pattern.search(path.read_text())] == []


def test_nothing_marks_text_as_safe() -> None:
    assert [str(path) for path in sources() if "mark_safe" in path.read_text()] == []


def test_every_domain_says_what_it_is_for() -> None:
    domains = ["kernel", "audit", "accounts", "people", "channels", "inbox"]
    assert [name for name in domains if not (ROOT / "otklik" / name / "README.md").is_file()] == []


def test_every_decision_is_short_and_has_its_parts() -> None:
    for path in tracked("docs/adr/*.md"):
        text = path.read_text()
        assert len(text.split()) < 450, path
        assert all(part in text for part in ("**Context.**", "**Decision.**", "**Consequences.**")), path


def test_nothing_of_third_parties_and_no_built_file_is_in_the_repository() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    assert [
        name
        for name in listed
        if name.startswith(("node_modules/", ".venv/", "var/")) or name.endswith(".mo")
    ] == []


def test_the_lock_of_the_front_end_names_no_download_address() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
