"""What the documents promise about rights and settings is what the code does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from otklik.accounts import policy
from otklik.accounts.models.staff import Role
from otklik.web.environment import VARIABLES

ROOT = Path(__file__).resolve().parents[3]


def rows(page):
    """Rows of the page's tables: first cell → the others."""
    found = {}
    for line in (ROOT / "docs" / page).read_text().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found[cells[0].strip().strip("`")] = cells[1:]
    return found


def test_every_right_is_documented_with_its_roles():
    table = rows("permissions.md")
    for right, roles in policy.RIGHTS.items():
        assert right in table, f"describe {right} in docs/permissions.md"
        named = (
            set(Role.values)
            if table[right][1] == "everybody"
            else set(table[right][1].replace(" ", "").split(","))
        )
        assert named == roles, right


def test_every_scope_is_documented_and_allows_only_known_rights():
    table = rows("permissions.md")
    for scope, rights in policy.SCOPES.items():
        assert scope in table
        assert rights <= set(policy.RIGHTS)


def test_every_setting_is_documented():
    table = rows("settings.md")
    assert set(VARIABLES) <= set(table)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "postgresql://host"),
        ("QUEUE_URL", "amqp://x"),
        ("SECRET_KEY", "short"),
        ("SITE_URL", "care.example.ru"),
        ("SITE_URL", "https://care.example.ru/path"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("EMAIL_URL", "mail.example.ru"),
        ("LANGUAGE", "klingon"),
        ("TIME_ZONE", "Moscow"),
        ("TIME_ZONE", "../etc/passwd"),
        ("LOG_LEVEL", "LOUD"),
        ("UNDO_SECONDS", "-1"),
        ("UNDO_SECONDS", "5 s"),
    ],
)
def test_nonsense_stops_the_start_with_a_sentence(name, value, tmp_path):
    environment = {**os.environ, "VAR_DIR": str(tmp_path), name: value}
    answer = subprocess.run(
        [sys.executable, "-c", "import otklik.web.settings"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert answer.returncode == 2
    assert name in answer.stderr
    assert "Нужно:" in answer.stderr
    assert "Traceback" not in answer.stderr
    if name in ("SECRET_KEY", "EMAIL_URL", "DATABASE_URL"):
        assert value not in answer.stderr, "secrets are not repeated"
